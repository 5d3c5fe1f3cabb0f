package ottla.broker.io;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import ottla.broker.io.cluster.ClusterCommand;
import ottla.broker.io.command.Command;
import ottla.broker.io.command.Commands;
import ottla.broker.io.command.Terminal;

/** The command line of {@code bin/ottla}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        List<Command> commands = Stream.concat(
                        Stream.of(new StartCommand(), new VersionCommand(), new TrainCommand()),
                        ClusterCommand.all().stream())
                .toList();
        Commands ottla = new Commands(
                "ottla",
                "An Apache Kafka broker: the same clients, tools, configuration and data directories."
                        + " To start one node on port 9092 with its data under ./data: ottla start",
                commands,
                Terminal.ofProcess());
        System.exit(ottla.execute(args));
    }
}
