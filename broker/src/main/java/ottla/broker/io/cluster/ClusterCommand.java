package ottla.broker.io.cluster;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ottla cluster}: several nodes on this machine, in the background, to see what happens when one of them fails. */
@Command(
        name = "cluster",
        description = "Try a cluster of several nodes on this machine, and what happens when one of them fails.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class ClusterCommand {
    private static final int NODES = 3;
    private static final int FIRST_PORT = 9092;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by the command line before it runs
    private CommandSpec spec;

    /** Which cluster is meant. */
    static final class Place {
        @Option(
                names = "--dir",
                paramLabel = "FOLDER",
                defaultValue = "cluster",
                description = "Where the cluster is, a folder for each node. Default: ${DEFAULT-VALUE}")
        @SuppressWarnings("NullAway.Init") // set by the command line before it runs
        private Path folder;
    }

    @Command(
            name = "start",
            mixinStandardHelpOptions = true,
            description = "Start a cluster, a new one if there is none yet, or those of its nodes that do not run.")
    int start(
            @Mixin Place place,
            @Parameters(
                            arity = "0..1",
                            paramLabel = "NODE",
                            description = "Only this node, of a cluster that is there.")
                    @Nullable
                    Integer id,
            @Option(names = "--nodes", paramLabel = "N", description = "How many nodes a new cluster has. Default: 3")
                    @Nullable
                    Integer count,
            @Option(
                            names = "--port",
                            paramLabel = "PORT",
                            description = "Where a new cluster's first node serves clients; its controller has the next"
                                    + " port, and so on. Default: 9092")
                    @Nullable
                    Integer port,
            @Option(
                            names = "--override",
                            paramLabel = "key=value",
                            description = "Sets a configuration key of all nodes of a new cluster. May be repeated.")
                    @Nullable
                    List<String> overrides) {
        return carryOut(() -> {
            Optional<LocalCluster> found = LocalCluster.find(place.folder);
            LocalCluster cluster;
            if (found.isPresent()) {
                cluster = found.get();
                expectAsItIs(cluster, count, port, overrides);
            } else if (id != null) {
                cluster = LocalCluster.existing(place.folder);
            } else {
                cluster = LocalCluster.plan(
                        place.folder, count == null ? NODES : count, port == null ? FIRST_PORT : port);
            }
            List<LocalNode> wanted = id == null ? cluster.nodes() : List.of(cluster.node(id));
            List<LocalNode> idle =
                    wanted.stream().filter(node -> !node.isRunning()).toList();
            if (idle.isEmpty()) {
                throw new Mistake(
                        id == null
                                ? "All nodes of " + cluster.folder() + " run already."
                                : "Node " + id + " runs already.");
            }
            LocalCluster.expectPortsFree(idle);
            Path launcher = launcher();
            if (found.isEmpty()) {
                NodeFiles.make(cluster, settings(overrides), new SecureRandom(), System.currentTimeMillis());
            }
            LocalCluster.start(idle, launcher);
            idle.forEach(node ->
                    say("Node " + node.id() + " serves clients on " + node.address() + "; its log is " + node.log()));
            if (id == null) {
                say("Clients find the cluster with --bootstrap-server " + cluster.bootstrap());
            }
        });
    }

    /** What was asked of a cluster that is not made any more. */
    private static void expectAsItIs(
            LocalCluster cluster, @Nullable Integer count, @Nullable Integer port, @Nullable List<String> overrides) {
        String there = "There is a cluster in " + cluster.folder() + " already, ";
        String instead = ": remove that folder when its nodes are stopped, or name another one with --dir.";
        if (count != null && count != cluster.nodes().size()) {
            throw new Mistake(there + "of " + cluster.nodes().size() + " nodes, not " + count + instead);
        }
        if (port != null && port != cluster.nodes().getFirst().port()) {
            throw new Mistake(
                    there + "its first port is " + cluster.nodes().getFirst().port() + ", not " + port + instead);
        }
        if (overrides != null) {
            throw new Mistake(there + "and --override is for a new one; change the server.properties of its nodes, or"
                    + " remove the folder when they are stopped.");
        }
    }

    private static Map<String, String> settings(@Nullable List<String> overrides) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String override : overrides == null ? List.<String>of() : overrides) {
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

    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            description = "Stop the cluster in good order, or one of its nodes; what they stored stays.")
    int stop(
            @Mixin Place place,
            @Parameters(arity = "0..1", paramLabel = "NODE", description = "Only this node.") @Nullable Integer id) {
        return carryOut(() -> {
            LocalCluster cluster = LocalCluster.existing(place.folder);
            List<LocalNode> stopped = LocalCluster.stop(id == null ? cluster.nodes() : List.of(cluster.node(id)));
            if (stopped.isEmpty()) {
                throw new Mistake(
                        id == null ? "No node of " + cluster.folder() + " runs." : "Node " + id + " does not run.");
            }
            stopped.forEach(node -> say("Node " + node.id() + " is stopped"));
        });
    }

    @Command(
            name = "kill",
            mixinStandardHelpOptions = true,
            description =
                    "End a node as a failure would, without warning (SIGKILL); ottla cluster start brings it back.")
    int kill(@Mixin Place place, @Parameters(paramLabel = "NODE", description = "Its id.") int id) {
        return carryOut(() -> {
            LocalCluster.kill(LocalCluster.existing(place.folder).node(id));
            say("Node " + id + " is killed");
        });
    }

    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "Tell which nodes run, who leads the quorum, and which partitions lack replicas.")
    int status(@Mixin Place place) {
        return carryOut(() -> {
            LocalCluster cluster = LocalCluster.existing(place.folder);
            List<LocalNode> running =
                    cluster.nodes().stream().filter(LocalNode::isRunning).toList();
            Optional<ClusterHealth> health = ClusterHealth.of(running);
            OptionalInt leader = health.map(ClusterHealth::leader).orElse(OptionalInt.empty());
            say("node  state    pid       clients          controller");
            cluster.nodes().forEach(node -> say(line(node, leader)));
            say(health.isEmpty() ? (running.isEmpty() ? "No node runs." : "No node answers.") : sentence(health.get()));
        });
    }

    private static String line(LocalNode node, OptionalInt leader) {
        Optional<ProcessHandle> process = node.process();
        boolean leads = leader.isPresent() && leader.getAsInt() == node.id();
        return String.format(
                        "%-4d  %-7s  %-8s  %-15s  %-15s%s",
                        node.id(),
                        process.isPresent() ? "running" : "stopped",
                        process.map(handle -> String.valueOf(handle.pid())).orElse("-"),
                        node.address(),
                        node.controllerAddress(),
                        leads ? "  leads the quorum" : "")
                .stripTrailing();
    }

    private static String sentence(ClusterHealth health) {
        String leader = health.leader().isEmpty() ? "Nobody leads the quorum. " : "";
        if (health.partitions() == 0) {
            return leader + "There are no partitions yet.";
        }
        if (health.underReplicated() == 0 && health.leaderless() == 0) {
            return leader + "Partitions: " + health.partitions() + ", all replicas are in sync.";
        }
        return leader + "Partitions: " + health.partitions() + ", " + health.underReplicated() + " under-replicated, "
                + health.leaderless() + " without a leader.";
    }

    /** The script that this process came from: nodes are started with it, too. */
    private static Path launcher() {
        String launcher = System.getenv("OTTLA_LAUNCHER");
        if (launcher == null) {
            throw new Mistake("OTTLA_LAUNCHER does not say how nodes are started: use bin/ottla cluster start.");
        }
        return Path.of(launcher);
    }

    private int carryOut(Runnable command) {
        try {
            command.run();
            return 0;
        } catch (Mistake mistake) {
            PrintWriter errors = spec.commandLine().getErr();
            errors.println("ottla: " + mistake.sentence());
            errors.flush();
            return 1;
        }
    }

    private void say(String line) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
