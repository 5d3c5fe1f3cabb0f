package ottla.broker.io.command;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Options;

/** A command of {@code bin/ottla}. */
public interface Command {
    /** It did what was asked. */
    int DONE = 0;

    /** It could not, and has said why. */
    int FAILED = 1;

    /** The words that call it, such as {@code cluster start}. */
    String name();

    /** Other words that call it. */
    default List<String> synonyms() {
        return List.of();
    }

    /** What it does, in a sentence. */
    String description();

    default Options options() {
        return new Options();
    }

    /** What may stand behind its name besides options. */
    default Optional<Operand> operand() {
        return Optional.empty();
    }

    /** One that is not for people is left out where commands are listed. */
    default boolean isListed() {
        return true;
    }

    /** Returns the exit status. */
    int run(Arguments arguments, Terminal terminal) throws IOException, InterruptedException;

    /** @param label what it is called where the command is described */
    record Operand(String label, String description, boolean required) {
        String usage() {
            return required ? label : "[" + label + "]";
        }
    }
}
