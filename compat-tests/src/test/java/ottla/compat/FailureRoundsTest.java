package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One failure after the other of one node of three, drawn from a seed, while idempotent producers and a group that commits work all the
 * time. Nothing acknowledged is lost, twice or out of order, the group skips and repeats nothing that was committed, and the cluster heals
 * every time. For how long no write of a partition was acknowledged is printed.
 */
class FailureRoundsTest {
    /** 200 and more are for a machine that has nothing else to do. */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 3);

    private static final long SEED = Long.getLong("ottla.seed", 1);

    private static final String READ = "orders";
    private static final List<String> TOPICS = List.of(READ, "bills");
    private static final int PARTITIONS = 6;
    private static final String GROUP = "order-readers";
    private static final int MEMBERS = 2;
    private static final int OFFSETS_PARTITIONS = 4;
    private static final int RECORDS_PER_SECOND = 250;

    /** So many records of each partition go through before and after each failure. */
    private static final int MORE = 20;

    private static final int SHORTEST_MS = 200;
    private static final int LONGEST_MS = 2 * FragileCluster.SESSION_TIMEOUT_MS;

    /** A request that nobody answers is given up early, since nobody tells that a node is cut off. */
    private static final Map<String, String> IMPATIENT = Map.of(
            "request.timeout.ms", "2000",
            "socket.connection.setup.timeout.ms", "1000",
            "socket.connection.setup.timeout.max.ms", "2000",
            "reconnect.backoff.max.ms", "200");

    private final Map<FragileCluster.Failure, List<Long>> pausesMs = new EnumMap<>(FragileCluster.Failure.class);

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @Test
    void nodesCanBeCutOff() {
        assumeTrue(
                FragileCluster.POSSIBLE.contains(FragileCluster.Failure.CUT_OFF),
                "no network namespaces can be made here: rounds in which nodes are cut off were NOT RUN");
        assertThat(FragileCluster.POSSIBLE)
                .contains(FragileCluster.Failure.CUT_FROM_NODES, FragileCluster.Failure.CUT_FROM_ONE);
    }

    @Test
    void disksCanBeFilled() {
        assumeTrue(
                FragileCluster.POSSIBLE.contains(FragileCluster.Failure.DISK_FULL),
                "no file system can be mounted here: rounds in which a disk is full were NOT RUN");
        assertThat(FragileCluster.POSSIBLE).hasSizeGreaterThan(1);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void clientsNoticePausesAtMost(BrokerKind kind) throws Exception {
        try (FragileCluster fragile = new FragileCluster("FailureRounds", kind, ROUNDS)) {
            try {
                rounds(fragile, new Clients(fragile.cluster().bootstrap(), IMPATIENT));
                assertReplicasEqual(fragile.cluster());
            } catch (Exception | AssertionError failure) {
                System.out.println("seed " + SEED + ": what the nodes had is in "
                        + fragile.keep("FailureRounds-" + kind + "-seed-" + SEED));
                throw failure;
            }
        }
        System.out.println(distribution(kind));
    }

    private void rounds(FragileCluster fragile, Clients clients) throws Exception {
        List<RecordStream> streams = new ArrayList<>();
        try (Admin admin = clients.admin()) {
            admin.createTopics(TOPICS.stream()
                            .map(topic -> new NewTopic(topic, PARTITIONS, (short) FragileCluster.NODES))
                            .toList())
                    .all()
                    .get();
            fragile.awaitHealthy();
            for (String topic : TOPICS) {
                streams.add(RecordStream.paced(clients, topic, PARTITIONS, RECORDS_PER_SECOND));
            }
            try (CommittingGroup readers = new CommittingGroup(clients, GROUP, READ, PARTITIONS, MEMBERS)) {
                Random random = new Random(SEED);
                Deque<FragileCluster.Failure> next = new ArrayDeque<>();
                for (int round = 0; round < ROUNDS; round++) {
                    if (next.isEmpty()) {
                        next.addAll(shuffled(random));
                    }
                    round(round, fragile, random, next.remove(), streams, admin);
                    readers.awaitMore(MORE);
                }
                for (RecordStream stream : streams) {
                    stream.assertNothingLost();
                }
                readers.assertRead(admin, GROUP, streams.getFirst().acknowledged());
            }
        } finally {
            streams.forEach(RecordStream::close);
        }
    }

    /** Each that is possible once, so that a run of many rounds has as many of each. */
    private static List<FragileCluster.Failure> shuffled(Random random) {
        List<FragileCluster.Failure> all = new ArrayList<>(FragileCluster.POSSIBLE);
        Collections.shuffle(all, random);
        return all;
    }

    private void round(
            int round,
            FragileCluster fragile,
            Random random,
            FragileCluster.Failure failure,
            List<RecordStream> streams,
            Admin admin)
            throws Exception {
        Cluster.Node node = fragile.cluster().nodes().get(random.nextInt(FragileCluster.NODES));
        long forMs = random.nextLong(SHORTEST_MS, LONGEST_MS);
        awaitEachLeads(admin);
        streams.forEach(stream -> stream.awaitMoreOfEach(MORE));
        boolean active = fragile.cluster().leader(any -> true).id() == node.id();
        streams.forEach(RecordStream::takeLongestPauseMs);
        System.out.printf(
                Locale.ROOT,
                "%tT round %d: node %d%s %s for %d ms%n",
                System.currentTimeMillis(),
                round,
                node.id(),
                active ? ", the active controller," : "",
                failure,
                forMs);

        long beganNs = System.nanoTime();
        fragile.suffer(failure, node, forMs);
        long overNs = System.nanoTime();
        fragile.awaitHealthy();
        long healthyNs = System.nanoTime();
        streams.forEach(stream -> stream.awaitMoreOfEach(MORE));

        long pauseMs = streams.stream()
                .mapToLong(RecordStream::takeLongestPauseMs)
                .max()
                .orElseThrow();
        pausesMs.computeIfAbsent(failure, _ -> new ArrayList<>()).add(pauseMs);
        System.out.printf(
                Locale.ROOT,
                "    no write for at most %d ms; over after %d ms, healthy %d ms later%n",
                pauseMs,
                (overNs - beganNs) / 1_000_000,
                (healthyNs - overNs) / 1_000_000);
    }

    /** The preferred replicas lead, so that each node has something to lose. */
    private static void awaitEachLeads(Admin admin) {
        Waiting.until("each node leads its partitions", () -> {
            var unused = admin.electLeaders(ElectionType.PREFERRED, null)
                    .partitions()
                    .get();
            return admin.describeTopics(TOPICS).allTopicNames().get().values().stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(partition -> Optional.ofNullable(partition.leader())
                            .map(Node::id)
                            .equals(Optional.of(partition.replicas().getFirst().id())));
        });
    }

    private static void assertReplicasEqual(Cluster cluster) {
        List<Cluster.Node> nodes = cluster.nodes();
        nodes.subList(0, nodes.size() - 1).forEach(node -> node.process().terminate());
        // the last one has no quorum any more that would let it go
        nodes.getLast().process().kill();
        for (String topic : TOPICS) {
            IntStream.range(0, PARTITIONS)
                    .forEach(index -> ReplicaLogs.assertEqual(nodes, new TopicPartition(topic, index)));
        }
        int ofGroup = Utils.abs(GROUP.hashCode()) % OFFSETS_PARTITIONS;
        ReplicaLogs.assertEqual(nodes, new TopicPartition("__consumer_offsets", ofGroup));
    }

    private String distribution(BrokerKind kind) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s, seed %d: ms without an acknowledged write of some partition%n%-15s %6s %6s %6s %6s %6s%n",
                kind,
                SEED,
                "failure",
                "rounds",
                "least",
                "median",
                "99th",
                "most"));
        pausesMs.forEach((failure, pauses) -> {
            List<Long> sorted = pauses.stream().sorted().toList();
            int count = sorted.size();
            text.append(String.format(
                    Locale.ROOT,
                    "%-15s %6d %6d %6d %6d %6d%n",
                    failure,
                    count,
                    sorted.getFirst(),
                    sorted.get((count - 1) / 2),
                    sorted.get((int) Math.ceil(0.99 * count) - 1),
                    sorted.getLast()));
        });
        return text.toString();
    }
}
