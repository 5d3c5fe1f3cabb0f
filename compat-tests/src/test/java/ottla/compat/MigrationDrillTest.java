package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.compat.BrokerKind.KAFKA;
import static ottla.compat.BrokerKind.OTTLA;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

/**
 * A cluster of three Kafka nodes, brokers and controllers at once, becomes one of Ottla's and then Kafka's again, as an operator would
 * do it: one node after the other is stopped, and one of the other kind is started with the same file on the same directory. Producer
 * and consumers have never heard of it: they are made once and work all the time.
 */
class MigrationDrillTest {
    private static final String TOPIC = "orders";
    private static final int PARTITIONS = 6;
    private static final String GROUP = "order-readers";
    private static final int MEMBERS = 2;
    private static final int OFFSETS_PARTITIONS = 4;

    /** What must have gone through, both written and read, between any two things that happen to the cluster. */
    private static final int MORE = 200;

    private static final int RECORDS_PER_SECOND = 500;

    /**
     * How often the whole way is gone there and back; more than once is for a machine that has nothing else to do. Every second time the
     * nodes are killed.
     */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 1);

    private enum End {
        STOPPED,
        KILLED
    }

    private final List<String> pauses = new ArrayList<>();

    @Test
    void kafkasNodesBecomeOttlasAndKafkasAgain() throws Exception {
        try (Cluster cluster = new Cluster("Drill", Cluster.Voters.DYNAMIC)
                        .combined(KAFKA, KAFKA, KAFKA)
                        .ofShortLife()
                        .with("min.insync.replicas", "2")
                        .with("offsets.topic.replication.factor", "3")
                        .with("offsets.topic.num.partitions", String.valueOf(OFFSETS_PARTITIONS))
                        // a node that starts again waits until the session of its former self is over
                        .with("broker.session.timeout.ms", "3000")
                        .with("broker.heartbeat.interval.ms", "500")
                        .with("metadata.log.max.record.bytes.between.snapshots", "5000")
                        .start();
                Admin admin = new Clients(cluster.bootstrap()).admin()) {
            // new segments all the time, so that each kind finds closed ones of the other, with their indexes and
            // producers
            admin.createTopics(
                            List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3).configs(Map.of("segment.ms", "3000"))))
                    .all()
                    .get();
            Clients clients = new Clients(cluster.bootstrap());
            try (RecordStream records = RecordStream.paced(clients, TOPIC, PARTITIONS, RECORDS_PER_SECOND);
                    CommittingGroup readers = new CommittingGroup(clients, GROUP, TOPIC, PARTITIONS, MEMBERS)) {
                for (int round = 0; round < ROUNDS; round++) {
                    for (BrokerKind next : List.of(OTTLA, KAFKA)) {
                        for (Cluster.Node node : cluster.nodes()) {
                            records.awaitMore(MORE);
                            readers.awaitMore(MORE);
                            replace(cluster, node, next, round % 2 == 0 ? End.STOPPED : End.KILLED, records);
                            readers.awaitMore(MORE);
                            readers.rebalance(node.id() % MEMBERS);
                            if (isMixed(cluster)) {
                                ShownMetadata.assertEqual(cluster);
                            }
                        }
                    }
                }
                records.assertNothingLost();
                readers.assertRead(admin, GROUP, records.acknowledged());
            }
            stop(cluster);
        }
        pauses.forEach(System.out::println);
    }

    private static boolean isMixed(Cluster cluster) {
        return cluster.nodes().stream().map(Cluster.Node::kind).distinct().count() > 1;
    }

    private void replace(Cluster cluster, Cluster.Node node, BrokerKind next, End end, RecordStream records) {
        BrokerKind former = node.kind();
        boolean active = cluster.leader(any -> true).id() == node.id();
        records.takeLongestPauseMs();

        if (end == End.STOPPED) {
            assertThat(node.process().terminate()).isIn(0, 143);
        } else {
            node.process().kill();
        }
        records.awaitMore(MORE);
        long endMs = records.takeLongestPauseMs();
        node.process().become(next);
        node.restart();
        records.awaitMore(MORE);
        assertHealthy(cluster);
        long startMs = records.takeLongestPauseMs();

        pauses.add(String.format(
                Locale.ROOT,
                "node %d%s: no write for at most %d ms while %s was %s, %d ms while %s started",
                node.id(),
                active ? ", the active controller" : "",
                endMs,
                former,
                end.name().toLowerCase(Locale.ROOT),
                startMs,
                next));
    }

    /** As the stock tools see it. */
    private static void assertHealthy(Cluster cluster) {
        Waiting.value(
                "no partition lacks a replica",
                () -> topics(cluster, "--under-replicated-partitions"),
                String::isEmpty);
        assertThat(topics(cluster, "--unavailable-partitions")).isEmpty();
        cluster.awaitCaughtUp();
        String status = NearTool.run(
                        "org.apache.kafka.tools.MetadataQuorumCommand",
                        "--bootstrap-server",
                        cluster.bootstrap(),
                        "describe",
                        "--status")
                .succeeded();
        for (Cluster.Node node : cluster.nodes()) {
            assertThat(status.lines())
                    .anyMatch(line -> line.startsWith("CurrentVoters:")
                            && line.contains("\"id\": " + node.id())
                            && line.contains("CONTROLLER://" + node.controllerAddress()));
        }
    }

    private static String topics(Cluster cluster, String filter) {
        return NearTool.run(
                        "org.apache.kafka.tools.TopicCommand",
                        "--bootstrap-server",
                        cluster.bootstrap(),
                        "--describe",
                        filter)
                .succeeded()
                .strip();
    }

    /** The last one has no quorum any more that would let it go. */
    private static void stop(Cluster cluster) {
        List<Cluster.Node> nodes = cluster.nodes();
        nodes.subList(0, nodes.size() - 1).forEach(node -> node.process().terminate());
        nodes.getLast().process().kill();
        IntStream.range(0, PARTITIONS)
                .forEach(index -> ReplicaLogs.assertEqual(nodes, new TopicPartition(TOPIC, index)));
        int ofGroup = Utils.abs(GROUP.hashCode()) % OFFSETS_PARTITIONS;
        ReplicaLogs.assertEqual(nodes, new TopicPartition("__consumer_offsets", ofGroup));
    }
}
