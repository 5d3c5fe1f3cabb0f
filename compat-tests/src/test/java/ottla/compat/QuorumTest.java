package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.compat.BrokerKind.OTTLA;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clusters of Ottla's nodes alone: their controllers elect each other, and their brokers find whoever is active. */
class QuorumTest {
    /** How often the leader is killed; more than a few times is for a machine that has nothing else to do, where time counts, too. */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 1);

    /** The default of {@code controller.quorum.election.timeout.ms}. */
    private static final long ELECTION_TIMEOUT_MS = 1_000;

    @ParameterizedTest
    @EnumSource
    void aLeaderThatIsKilledIsReplacedAndNothingAcknowledgedIsLost(Cluster.Voters voters) throws Exception {
        try (Cluster cluster = new Cluster("Quorum-" + voters, voters)
                        .controllers(OTTLA, OTTLA, OTTLA)
                        .brokers(OTTLA, OTTLA)
                        .with("metadata.log.max.record.bytes.between.snapshots", "20000")
                        .start();
                TopicStream topics = TopicStream.throughEach(cluster, "kept", 1)) {
            List<Long> replacedAfterMs = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                topics.awaitMore(20);
                Cluster.Node killed = cluster.leader(any -> true);

                replacedAfterMs.add(replaced(cluster, killed));

                topics.awaitMore(20);
                killed.restart();
                cluster.awaitCaughtUp();
            }
            assertSoon(replacedAfterMs);
            topics.assertNothingLost();
            assertDescribed(cluster);
            ShownMetadata.assertEqual(cluster);
            cluster.awaitCaughtUp();
            cluster.stop();
            MetadataLogs.assertEqual(cluster);
        }
    }

    /** Kills a leader with SIGKILL, and returns the milliseconds from then until another one leads. */
    private static long replaced(Cluster cluster, Cluster.Node killed) {
        long killedNs = System.nanoTime();
        killed.process().kill();
        cluster.leader(successor -> successor.id() != killed.id());
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killedNs);
    }

    private static void assertSoon(List<Long> replacedAfterMs) {
        System.out.println("another leader after so many milliseconds: " + replacedAfterMs);
        if (ROUNDS > 1) {
            assertThat(replacedAfterMs).allMatch(afterMs -> afterMs < 2 * ELECTION_TIMEOUT_MS);
        }
    }

    /** What {@code kafka-metadata-quorum} prints, asked of a controller and of a broker. */
    private static void assertDescribed(Cluster cluster) throws Exception {
        int leader = cluster.leader(any -> true).id();
        String tool = "org.apache.kafka.tools.MetadataQuorumCommand";
        List<String> status = ToolRun.tool(
                        tool, "--bootstrap-controller", cluster.bootstrapControllers(), "describe", "--status")
                .lines();
        assertThat(status).anyMatch(line -> line.matches("LeaderId: +" + leader));
        // The leader writes a no-op record every half second, which may be on its way to a follower just now.
        assertThat(status).anyMatch(line -> line.matches("MaxFollowerLag: +[01]"));
        cluster.controllers()
                .forEach(controller -> assertThat(status)
                        .anyMatch(line -> line.startsWith("CurrentVoters:")
                                && line.contains("CONTROLLER://" + controller.controllerAddress())));
        cluster.brokers()
                .forEach(broker -> assertThat(status)
                        .anyMatch(line ->
                                line.startsWith("CurrentObservers:") && line.contains("\"id\": " + broker.id())));

        List<String> replication = ToolRun.tool(
                        tool, "--bootstrap-server", cluster.bootstrap(), "describe", "--replication")
                .lines();
        assertThat(replication).hasSize(1 + cluster.nodes().size());
        assertThat(replication).anyMatch(line -> line.startsWith(leader + " ") && line.contains("Leader"));
        assertThat(replication.stream().filter(line -> line.contains("Follower")))
                .hasSize(2);
        assertThat(replication.stream().filter(line -> line.contains("Observer")))
                .hasSize(2);
    }

    /** Each node is controller and broker: whoever is killed takes partitions with it, which come back with it. */
    @Test
    void combinedNodesSurviveTheActiveController() throws Exception {
        try (Cluster cluster = new Cluster("Combined", Cluster.Voters.STATIC)
                        .combined(OTTLA, OTTLA, OTTLA)
                        .with("broker.session.timeout.ms", "3000")
                        .with("broker.heartbeat.interval.ms", "500")
                        .start();
                TopicStream topics = TopicStream.throughAny(cluster, "kept", 1)) {
            int partitions = 6;
            try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
                admin.createTopics(List.of(new NewTopic("spread", partitions, (short) 1)))
                        .all()
                        .get();
                Waiting.value(
                        "each node leads",
                        () -> leaders(admin, "spread"),
                        leaders -> leaders.stream().distinct().count() == 3 && !leaders.contains(-1));
            }
            write(cluster, partitions);
            List<Long> replacedAfterMs = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                Cluster.Node killed = cluster.leader(any -> true);

                replacedAfterMs.add(replaced(cluster, killed));

                topics.awaitMore(10);
                killed.restart();
                cluster.awaitCaughtUp();
                topics.assertNothingLostAndBeginAnew();
            }
            assertSoon(replacedAfterMs);
            write(cluster, partitions);
            topics.assertNothingLost();
            TopicPartition[] all = IntStream.range(0, partitions)
                    .mapToObj(index -> new TopicPartition("spread", index))
                    .toArray(TopicPartition[]::new);
            assertThat(new Clients(cluster.bootstrap()).readAll(2 * partitions, all))
                    .hasSize(2 * partitions);
            ShownMetadata.assertEqual(cluster);
            cluster.awaitCaughtUp();
            killLeaderLast(cluster);
            MetadataLogs.assertEqual(cluster);
        }
    }

    /** So that no other one begins a log of its own; combined nodes would wait for each other if they were asked to stop. */
    private static void killLeaderLast(Cluster cluster) {
        Cluster.Node leader = cluster.leader(any -> true);
        cluster.nodes().stream()
                .filter(node -> node.id() != leader.id())
                .forEach(node -> node.process().kill());
        leader.process().kill();
    }

    private static List<Integer> leaders(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                .map(partition -> {
                    Node leader = partition.leader();
                    return leader == null ? -1 : leader.id();
                })
                .toList();
    }

    /** One record in each partition. */
    private static void write(Cluster cluster, int partitions) throws Exception {
        try (KafkaProducer<String, String> producer = new Clients(cluster.bootstrap()).producer()) {
            Clients.deliver(
                    producer,
                    IntStream.range(0, partitions)
                            .mapToObj(index -> new ProducerRecord<>("spread", index, "key", "value")));
        }
    }
}
