package ottla.broker.io;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.NodeConfig.Parsed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ottla start}: runs a node until it is told to stop. */
@Command(
        name = "start",
        description =
                "Run a node. Without a file: broker and controller in one, on localhost:9092, with its data under ./data.",
        mixinStandardHelpOptions = true)
final class StartCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(StartCommand.class);

    @Parameters(arity = "0..1", paramLabel = "server.properties", description = "Kafka's own configuration file.")
    private @Nullable Path file;

    @Option(
            names = "--override",
            paramLabel = "key=value",
            description = "Sets a configuration key, whatever the file says. May be repeated.")
    private List<String> overrides = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by the command line before it runs
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        long startedNs = System.nanoTime();
        Parsed parsed;
        try {
            Map<String, String> properties = PropertiesFile.read(Optional.ofNullable(file), overrides);
            parsed = NodeConfig.parse(properties);
        } catch (RefusedStart e) {
            return refuse(List.of(e.getMessage()));
        }
        return switch (parsed) {
            case Parsed.Refused(List<String> problems) -> refuse(problems);
            case Parsed.Accepted(NodeConfig config, List<String> warnings) -> {
                warnings.forEach(LOG::warn);
                yield run(config, startedNs);
            }
        };
    }

    private int run(NodeConfig config, long startedNs) throws InterruptedException {
        Node.Format format = file == null ? Node.Format.IF_NEEDED : Node.Format.NEVER;
        Node node;
        try {
            node = Node.start(config, format);
        } catch (RefusedStart e) {
            return refuse(List.of(e.getMessage()));
        }
        Thread hook = new Thread(node::close, "shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        LOG.info(
                "Ottla {} (Kafka {}) is ready: node {}, listeners {}, data in {}, {} ms",
                new Version().ottla(),
                new Version().kafka(),
                config.nodeId(),
                node.listeners(),
                config.logDirs(),
                (System.nanoTime() - startedNs) / 1_000_000);
        return node.awaitEnd() == Node.End.ORDERLY ? 0 : 1;
    }

    private int refuse(List<String> problems) {
        problems.forEach(problem -> spec.commandLine().getErr().println("ottla: " + problem));
        return 1;
    }
}
