package ottla.broker.io;

import ottla.broker.io.cluster.ClusterCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line of {@code bin/ottla}. */
@Command(
        name = "ottla",
        description = "An Apache Kafka broker: the same clients, tools, configuration and data directories.",
        subcommands = {StartCommand.class, ClusterCommand.class, VersionCommand.class, TrainCommand.class},
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "To start one node on port 9092 with its data under ./data: ottla start"})
public final class Main {
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
