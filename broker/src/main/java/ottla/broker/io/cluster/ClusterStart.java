package ottla.broker.io.cluster;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Terminal;

/** {@code ottla cluster start}. */
final class ClusterStart extends ClusterCommand {
    private static final int NODES = 3;
    private static final int FIRST_PORT = 9092;

    private static final String COUNT = "nodes";
    private static final String PORT = "port";
    private static final String OVERRIDE = "override";

    ClusterStart() {
        super("start", "Start a cluster, a new one if there is none yet, or those of its nodes that do not run.");
    }

    @Override
    public Options options() {
        return super.options()
                .addOption(option(COUNT, "N", "How many nodes a new cluster has. Default: " + NODES))
                .addOption(option(
                        PORT,
                        "PORT",
                        "Where a new cluster's first node serves clients; its controller has the next port, and so on."
                                + " Default: " + FIRST_PORT))
                .addOption(option(
                        OVERRIDE,
                        "key=value",
                        "Sets a configuration key of all nodes of a new cluster. May be repeated."));
    }

    private static Option option(String name, String value, String description) {
        return Option.builder()
                .longOpt(name)
                .hasArg()
                .argName(value)
                .desc(description)
                .get();
    }

    @Override
    public Optional<Operand> operand() {
        return onlyOneNode("Only this node, of a cluster that is there.");
    }

    @Override
    void carryOut(Path folder, Arguments arguments, Terminal terminal) {
        OptionalInt id = arguments.operandAsNumber();
        OptionalInt count = arguments.number(COUNT);
        OptionalInt port = arguments.number(PORT);
        List<String> overrides = arguments.values(OVERRIDE);
        Optional<LocalCluster> found = LocalCluster.find(folder);
        LocalCluster cluster;
        if (found.isPresent()) {
            cluster = found.get();
            expectAsItIs(cluster, count, port, overrides);
        } else if (id.isPresent()) {
            cluster = LocalCluster.existing(folder);
        } else {
            cluster = LocalCluster.plan(folder, count.orElse(NODES), port.orElse(FIRST_PORT));
        }
        List<LocalNode> wanted = id.isEmpty() ? cluster.nodes() : List.of(cluster.node(id.getAsInt()));
        List<LocalNode> idle = wanted.stream().filter(node -> !node.isRunning()).toList();
        if (idle.isEmpty()) {
            throw new Mistake(
                    id.isEmpty()
                            ? "All nodes of " + cluster.folder() + " run already."
                            : "Node " + id.getAsInt() + " runs already.");
        }
        LocalCluster.expectPortsFree(idle);
        Path launcher = launcher();
        if (found.isEmpty()) {
            NodeFiles.make(cluster, settings(overrides), new SecureRandom(), System.currentTimeMillis());
        }
        LocalCluster.start(idle, launcher);
        idle.forEach(node -> terminal.say(
                "Node " + node.id() + " serves clients on " + node.address() + "; its log is " + node.log()));
        if (id.isEmpty()) {
            terminal.say("Clients find the cluster with --bootstrap-server " + cluster.bootstrap());
        }
    }

    /** What was asked of a cluster that is not made any more. */
    private static void expectAsItIs(
            LocalCluster cluster, OptionalInt count, OptionalInt port, List<String> overrides) {
        String there = "There is a cluster in " + cluster.folder() + " already, ";
        String instead = ": remove that folder when its nodes are stopped, or name another one with --dir.";
        int nodes = cluster.nodes().size();
        if (count.orElse(nodes) != nodes) {
            throw new Mistake(there + "of " + nodes + " nodes, not " + count.getAsInt() + instead);
        }
        int firstPort = cluster.nodes().getFirst().port();
        if (port.orElse(firstPort) != firstPort) {
            throw new Mistake(there + "its first port is " + firstPort + ", not " + port.getAsInt() + instead);
        }
        if (!overrides.isEmpty()) {
            throw new Mistake(there + "and --override is for a new one; change the server.properties of its nodes, or"
                    + " remove the folder when they are stopped.");
        }
    }

    private static Map<String, String> settings(List<String> overrides) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String override : overrides) {
            int equals = override.indexOf('=');
            if (equals <= 0) {
                throw new Mistake("--override wants key=value, not " + override);
            }
            settings.put(
                    override.substring(0, equals).trim(),
                    override.substring(equals + 1).trim());
        }
        return settings;
    }

    /** The script that this process came from: nodes are started with it, too. */
    private static Path launcher() {
        String launcher = System.getenv("OTTLA_LAUNCHER");
        if (launcher == null) {
            throw new Mistake("OTTLA_LAUNCHER does not say how nodes are started: use bin/ottla cluster start.");
        }
        return Path.of(launcher);
    }
}
