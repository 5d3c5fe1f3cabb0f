package ottla.broker.io;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.NodeConfig.Parsed;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Command;
import ottla.broker.io.command.Terminal;

/** {@code ottla start}: runs a node until it is told to stop. */
final class StartCommand implements Command {
    private static final Logger LOG = LoggerFactory.getLogger(StartCommand.class);

    private static final Option OVERRIDE = Option.builder()
            .longOpt("override")
            .hasArg()
            .argName("key=value")
            .desc("Sets a configuration key, whatever the file says. May be repeated.")
            .get();

    @Override
    public String name() {
        return "start";
    }

    @Override
    public String description() {
        return "Run a node. Without a file: broker and controller in one, on localhost:9092, with its data under ./data.";
    }

    @Override
    public Options options() {
        return new Options().addOption(OVERRIDE);
    }

    @Override
    public Optional<Operand> operand() {
        return Optional.of(new Operand("server.properties", "Kafka's own configuration file.", false));
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws InterruptedException {
        long startedNs = System.nanoTime();
        Optional<Path> file = arguments.operand().map(Path::of);
        Parsed parsed;
        try {
            Map<String, String> properties = PropertiesFile.read(file, arguments.values(OVERRIDE.getLongOpt()));
            parsed = NodeConfig.parse(properties);
        } catch (RefusedStart e) {
            return refuse(List.of(e.getMessage()), terminal);
        }
        return switch (parsed) {
            case Parsed.Refused(List<String> problems) -> refuse(problems, terminal);
            case Parsed.Accepted(NodeConfig config, List<String> warnings) -> {
                warnings.forEach(LOG::warn);
                Node.Format format = file.isEmpty() ? Node.Format.IF_NEEDED : Node.Format.NEVER;
                yield run(config, format, startedNs, terminal);
            }
        };
    }

    private static int run(NodeConfig config, Node.Format format, long startedNs, Terminal terminal)
            throws InterruptedException {
        Node node;
        try {
            node = Node.start(config, format);
        } catch (RefusedStart e) {
            return refuse(List.of(e.getMessage()), terminal);
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
        return node.awaitEnd() == Node.End.ORDERLY ? DONE : FAILED;
    }

    private static int refuse(List<String> problems, Terminal terminal) {
        problems.forEach(terminal::complain);
        return FAILED;
    }
}
