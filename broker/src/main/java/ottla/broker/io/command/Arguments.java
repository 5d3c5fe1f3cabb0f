package ottla.broker.io.command;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.commons.cli.CommandLine;

/** What was said behind a command's name. */
public final class Arguments {
    private final CommandLine line;
    private final Optional<Command.Operand> operand;

    Arguments(CommandLine line, Optional<Command.Operand> operand) {
        this.line = line;
        this.operand = operand;
    }

    /** What stands besides options. */
    public Optional<String> operand() {
        return line.getArgList().stream().findFirst();
    }

    public OptionalInt operandAsNumber() {
        return operand()
                .map(said -> number(operand.map(Command.Operand::label).orElse("?"), said))
                .orElse(OptionalInt.empty());
    }

    /** @param option without its dashes */
    public Optional<String> value(String option) {
        return Optional.ofNullable(line.getOptionValue(option));
    }

    public OptionalInt number(String option) {
        return value(option).map(said -> number("--" + option, said)).orElse(OptionalInt.empty());
    }

    /** Of an option that may be repeated. */
    public List<String> values(String option) {
        String[] values = line.getOptionValues(option);
        return values == null ? List.of() : List.of(values);
    }

    private static OptionalInt number(String what, String said) {
        try {
            return OptionalInt.of(Integer.parseInt(said));
        } catch (NumberFormatException e) {
            throw new Misuse(what + " wants a number, not " + said);
        }
    }
}
