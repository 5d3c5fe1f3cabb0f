package ottla.broker.io;

import java.util.List;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Command;
import ottla.broker.io.command.Terminal;

/** {@code ottla version}. */
final class VersionCommand implements Command {
    @Override
    public String name() {
        return "version";
    }

    @Override
    public List<String> synonyms() {
        return List.of("--version", "-V");
    }

    @Override
    public String description() {
        return "Print the version of Ottla and of the Kafka that it is compatible with.";
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) {
        Version version = new Version();
        terminal.say("Ottla " + version.ottla() + ", compatible with Apache Kafka " + version.kafka());
        return DONE;
    }
}
