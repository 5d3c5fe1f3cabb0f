package ottla.compat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Three nodes, brokers and controllers at once, each in a network namespace and on a file system of its own as far as this machine allows
 * it, and all that can be done to one of them. Owned by one test.
 */
final class FragileCluster implements AutoCloseable {
    static final int NODES = 3;

    /** What nodes need at first, and far more than a round writes; no more, since all of it is filled up. */
    private static final int DISK_MEGABYTES = 64;

    private static final int DISK_MEGABYTES_PER_ROUND = 1;

    static final int SESSION_TIMEOUT_MS = 3_000;

    /** What happens to a node, for a time, and then is over. */
    enum Failure {
        /** SIGKILL, and a start. */
        KILLED,
        /** SIGSTOP, and SIGCONT. */
        HALTED,
        /** From everybody. */
        CUT_OFF,
        /** From both other nodes, but not from the clients. */
        CUT_FROM_NODES,
        /** From one other node, and from nobody else. */
        CUT_FROM_ONE,
        /**
         * Nothing can be written. A node of Kafka's ends and is started again when there is room; one of Ottla's lives on, unless there is an
         * election.
         */
        DISK_FULL
    }

    private static final Set<Failure> OF_NETWORK =
            EnumSet.of(Failure.CUT_OFF, Failure.CUT_FROM_NODES, Failure.CUT_FROM_ONE);

    /** What can be done to a node on this machine. */
    static final Set<Failure> POSSIBLE = possible();

    private final BrokerKind kind;
    private final Cluster cluster;
    private final Optional<Namespaces> namespaces;
    private final Map<Integer, SmallDisk> disks = new LinkedHashMap<>();

    FragileCluster(String name, BrokerKind kind, int rounds) {
        this.kind = kind;
        cluster = new Cluster(name + "-" + kind, Cluster.Voters.DYNAMIC);
        namespaces = POSSIBLE.containsAll(OF_NETWORK) ? Optional.of(Namespaces.make(NODES)) : Optional.empty();
        namespaces.ifPresent(cluster::in);
        try {
            start((DISK_MEGABYTES + rounds * DISK_MEGABYTES_PER_ROUND) + "m");
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    private void start(String diskSize) {
        cluster.combined(kind, kind, kind)
                .ofShortLife()
                .with("min.insync.replicas", "2")
                .with("offsets.topic.replication.factor", "3")
                .with("broker.session.timeout.ms", String.valueOf(SESSION_TIMEOUT_MS))
                .with("broker.heartbeat.interval.ms", "500")
                .with("replica.lag.time.max.ms", "3000")
                .with("controller.quorum.fetch.timeout.ms", "1000")
                .with("controller.quorum.request.timeout.ms", "1000")
                .with("controller.socket.timeout.ms", "2000")
                .with("replica.socket.timeout.ms", "2000")
                .with("metadata.log.max.record.bytes.between.snapshots", "20000");
        if (POSSIBLE.contains(Failure.DISK_FULL)) {
            cluster.nodes()
                    .forEach(node ->
                            disks.put(node.id(), SmallDisk.mount(node.process().directory(), diskSize)));
        }
        cluster.start();
    }

    private static Set<Failure> possible() {
        Set<Failure> possible = EnumSet.of(Failure.KILLED, Failure.HALTED);
        if (Namespaces.isPossible()) {
            possible.addAll(OF_NETWORK);
        }
        if (SmallDisk.isPossible()) {
            possible.add(Failure.DISK_FULL);
        }
        return possible;
    }

    Cluster cluster() {
        return cluster;
    }

    /** Does it to a node, for so long. */
    void suffer(Failure failure, Cluster.Node node, long forMs) {
        switch (failure) {
            case KILLED -> {
                node.process().kill();
                pass(forMs);
                node.restart();
            }
            case HALTED -> {
                node.process().halt();
                pass(forMs);
                node.process().goOn();
            }
            case CUT_OFF -> {
                network().cutOff(node.id());
                pass(forMs);
                network().join(node.id());
            }
            case CUT_FROM_NODES -> {
                List<Integer> others = others(node);
                others.forEach(other -> network().cut(node.id(), other));
                pass(forMs);
                others.forEach(other -> network().mend(node.id(), other));
            }
            case CUT_FROM_ONE -> {
                int other = others(node).getFirst();
                network().cut(node.id(), other);
                pass(forMs);
                network().mend(node.id(), other);
            }
            case DISK_FULL -> fillUp(node, forMs);
        }
    }

    private Namespaces network() {
        return namespaces.orElseThrow();
    }

    private void fillUp(Cluster.Node node, long forMs) {
        SmallDisk disk = disks.get(node.id());
        disk.fill();
        if (kind == BrokerKind.KAFKA) {
            node.process().awaitEnd();
            disk.free();
            node.restart();
        } else {
            pass(forMs);
            disk.free();
            if (!node.process().isAlive()) {
                System.out.println("    it has ended: an election came just then");
                node.restart();
            }
        }
    }

    private List<Integer> others(Cluster.Node node) {
        return cluster.nodes().stream()
                .map(Cluster.Node::id)
                .filter(id -> id != node.id())
                .toList();
    }

    /** How long a failure lasts is what it is about; nothing is waited for. */
    private static void pass(long forMs) {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(forMs);
        for (long leftNs = endNs - System.nanoTime(); leftNs > 0; leftNs = endNs - System.nanoTime()) {
            LockSupport.parkNanos(leftNs);
        }
    }

    /** Every node runs, knows what all know, and shows every partition with a leader and all replicas in sync. */
    void awaitHealthy() {
        cluster.nodes().forEach(node -> {
            if (!node.process().isAlive()) {
                throw new AssertionError(node + " has ended");
            }
        });
        cluster.awaitCaughtUp();
        cluster.nodes()
                .forEach(node ->
                        Waiting.value(node + " shows all replicas in sync", () -> notInSync(node), List::isEmpty));
    }

    private static List<String> notInSync(Cluster.Node node) throws IOException {
        try (RawConnection connection = new RawConnection(node.host(), node.port())) {
            MetadataResponseData answer = (MetadataResponseData)
                    connection.ask(ApiKeys.METADATA, 9, new MetadataRequestData().setTopics(null));
            List<String> wrong = new ArrayList<>();
            for (MetadataResponseData.MetadataResponseTopic topic : answer.topics()) {
                topic.partitions().stream()
                        .filter(one -> one.errorCode() != Errors.NONE.code()
                                || one.isrNodes().size() < NODES)
                        .forEach(one -> wrong.add(topic.name() + " " + one));
            }
            return wrong;
        }
    }

    /** Ends all nodes, with what their threads do in their logs, and keeps a copy of all that they have. */
    Path keep(String name) {
        Path kept = BrokerProcess.WORK.resolve(name).toAbsolutePath();
        List<Cluster.Node> alive = cluster.nodes().stream()
                .filter(node -> node.process().isAlive())
                .toList();
        alive.forEach(node -> node.process().goOn());
        alive.forEach(node -> node.process().dumpThreads());
        Commands.run(List.of("mkdir", "-p", kept.toString()));
        cluster.nodes().forEach(node -> {
            Commands.run(List.of("cp", "-r", node.process().directory().toString(), kept.toString()));
            Commands.run(List.of("cp", node.process().log().toString(), kept.toString()));
        });
        return kept;
    }

    @Override
    public void close() {
        disks.values().forEach(SmallDisk::close);
        cluster.close();
        namespaces.ifPresent(Namespaces::close);
    }
}
