package ottla.compat;

import static ottla.compat.BrokerKind.KAFKA;
import static ottla.compat.BrokerKind.OTTLA;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Partitions with replicas on three brokers, of one kind or of both. */
class ReplicationTest {
    private static final String TOPIC = "replicated";
    private static final int PARTITIONS = 3;

    /** How often each broker is killed; more than a few times is for a machine that has nothing else to do. */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 1);

    static Stream<Arguments> clusters() {
        return Stream.of(
                Arguments.of(OTTLA, List.of(OTTLA, OTTLA, OTTLA)),
                Arguments.of(OTTLA, List.of(KAFKA, OTTLA, OTTLA)),
                Arguments.of(KAFKA, List.of(KAFKA, OTTLA, KAFKA)));
    }

    @ParameterizedTest
    @MethodSource("clusters")
    void brokersAreKilledInTurnAndNothingAcknowledgedIsLost(BrokerKind controller, List<BrokerKind> brokers)
            throws Exception {
        String name = "Replication-" + controller
                + brokers.stream().filter(OTTLA::equals).count();
        try (Cluster cluster = new Cluster(name, Cluster.Voters.STATIC)
                .controllers(controller)
                .brokers(brokers.toArray(BrokerKind[]::new))
                .ofShortLife()
                .with("offsets.topic.replication.factor", "3")
                .with("min.insync.replicas", "2")
                .with("broker.session.timeout.ms", "3000")
                .with("broker.heartbeat.interval.ms", "500")
                .start()) {
            try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
                admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3)))
                        .all()
                        .get();
                Clients.awaitInSync(admin, TOPIC, 3);
                try (RecordStream records = new RecordStream(new Clients(cluster.bootstrap()), TOPIC, PARTITIONS)) {
                    for (int round = 0; round < ROUNDS; round++) {
                        for (Cluster.Node broker : cluster.brokers()) {
                            records.awaitMore(500);
                            broker.process().kill();
                            records.awaitMore(500);
                            broker.restart();
                            Clients.awaitInSync(admin, TOPIC, 3);
                        }
                    }
                    records.assertNothingLost();
                }
            }
            cluster.stop();
            for (TopicPartition partition : partitions()) {
                ReplicaLogs.assertEqual(cluster.brokers(), partition);
            }
        }
    }

    private static List<TopicPartition> partitions() {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(index -> new TopicPartition(TOPIC, index))
                .toList();
    }
}
