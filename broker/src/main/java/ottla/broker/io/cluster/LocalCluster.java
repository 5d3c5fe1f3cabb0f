package ottla.broker.io.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The nodes of a cluster on this machine, under one folder, {@code node-1} and so on. Used by one command, on one thread; what there is
 * stands in the folder, and the nodes go on when the command has ended.
 */
record LocalCluster(Path folder, List<LocalNode> nodes) {
    private static final String PREFIX = "node-";

    /** Clients' ports of nodes are so far apart: the controller's port is between them. */
    private static final int PORTS_OF_NODE = 2;

    private static final int PORT_LAST = 65_535;
    private static final long START_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long STOP_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long BETWEEN_LOOKS_NS = TimeUnit.MILLISECONDS.toNanos(20);

    /** What is in the folder; empty if nobody made a cluster there. */
    static Optional<LocalCluster> find(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<LocalNode> nodes = entries.filter(
                            entry -> entry.getFileName().toString().matches(PREFIX + "\\d+"))
                    .filter(entry -> Files.exists(entry.resolve(NodeFiles.MADE)))
                    .map(NodeFiles::read)
                    .sorted(Comparator.comparingInt(LocalNode::id))
                    .toList();
            return nodes.isEmpty() ? Optional.empty() : Optional.of(new LocalCluster(folder, nodes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is in the folder, which must be a cluster. */
    static LocalCluster existing(Path folder) {
        return find(folder)
                .orElseThrow(() -> new Mistake("There is no cluster in " + folder
                        + ": ottla cluster start makes one, --dir names another folder."));
    }

    /** Nodes that are not there yet, with ports from the first one on. */
    static LocalCluster plan(Path folder, int count, int firstPort) {
        if (count < 1) {
            throw new Mistake("A cluster has at least one node, not " + count + ".");
        }
        if (firstPort < 1 || firstPort + PORTS_OF_NODE * (long) count - 1 > PORT_LAST) {
            throw new Mistake("The ports of " + count + " nodes, from " + firstPort + " on, are not between 1 and "
                    + PORT_LAST + ".");
        }
        return new LocalCluster(
                folder,
                IntStream.range(0, count)
                        .mapToObj(index -> new LocalNode(
                                index + 1, folder.resolve(PREFIX + (index + 1)), firstPort + PORTS_OF_NODE * index))
                        .toList());
    }

    LocalNode node(int id) {
        return nodes.stream()
                .filter(node -> node.id() == id)
                .findFirst()
                .orElseThrow(() -> new Mistake("There is no node " + id + " in " + folder + ", only "
                        + nodes.stream().map(node -> String.valueOf(node.id())).collect(Collectors.joining(", "))
                        + "."));
    }

    String bootstrap() {
        return nodes.stream().map(LocalNode::address).collect(Collectors.joining(","));
    }

    /** Nothing is started if one of the ports is somebody else's. */
    static void expectPortsFree(List<LocalNode> nodes) {
        for (LocalNode node : nodes) {
            List<Integer> taken = node.portsTaken();
            if (!taken.isEmpty()) {
                throw new Mistake(
                        "Port " + taken.getFirst() + ", which node " + node.id()
                                + " needs, is in use: end the program that has it, or make a cluster elsewhere with --dir and --port.");
            }
        }
    }

    /** Starts nodes that do not run, and returns when they serve. */
    static void start(List<LocalNode> nodes, Path launcher) {
        nodes.forEach(node -> node.launch(launcher));
        long deadlineNs = System.nanoTime() + START_LIMIT_NS;
        for (LocalNode node : nodes) {
            boolean settled = await(() -> node.isServing() || !node.isRunning(), deadlineNs);
            if (!node.isRunning()) {
                throw new Mistake("Node " + node.id() + " ended at its start. The end of " + node.log() + ":\n"
                        + node.lastWords());
            }
            if (!settled) {
                throw new Mistake("Node " + node.id() + " is not ready after "
                        + TimeUnit.NANOSECONDS.toSeconds(START_LIMIT_NS) + " s; it still tries. The end of "
                        + node.log()
                        + ":\n" + node.lastWords());
            }
        }
    }

    /** Ends nodes in good order, all at the same time, and returns those that had to be stopped. */
    static List<LocalNode> stop(List<LocalNode> nodes) {
        List<LocalNode> stopped = new ArrayList<>();
        for (LocalNode node : nodes) {
            node.process().ifPresent(process -> {
                process.destroy();
                stopped.add(node);
            });
        }
        awaitEnd(stopped);
        return stopped;
    }

    /** Ends a node as a failure would, without a chance to say or write anything. */
    static void kill(LocalNode node) {
        ProcessHandle process = node.process().orElseThrow(() -> new Mistake("Node " + node.id() + " does not run."));
        process.destroyForcibly();
        awaitEnd(List.of(node));
    }

    private static void awaitEnd(List<LocalNode> nodes) {
        long deadlineNs = System.nanoTime() + STOP_LIMIT_NS;
        for (LocalNode node : nodes) {
            if (!await(() -> !node.isRunning(), deadlineNs)) {
                throw new Mistake("Node " + node.id() + " still runs after "
                        + TimeUnit.NANOSECONDS.toSeconds(STOP_LIMIT_NS) + " s. The end of " + node.log() + ":\n"
                        + node.lastWords());
            }
        }
    }

    /** Processes that are no children of this one can only be looked at. */
    private static boolean await(BooleanSupplier condition, long deadlineNs) {
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadlineNs) {
                return false;
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NS);
        }
        return true;
    }
}
