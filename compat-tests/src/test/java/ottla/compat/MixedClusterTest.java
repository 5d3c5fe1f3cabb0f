package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.compat.BrokerKind.KAFKA;
import static ottla.compat.BrokerKind.OTTLA;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nodes of both kinds in one cluster. */
class MixedClusterTest {
    private static final TopicPartition SHARED = new TopicPartition("shared", 0);

    /** Turns at the lead for each kind; more than a few are for a machine that has nothing else to do. */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 1);

    /** They register, replicate among themselves, fail over, and go on whichever controller is lost. */
    @Test
    void kafkasBrokersLiveUnderOttlasControllers() throws Exception {
        try (Cluster cluster = new Cluster("KafkaBrokers", Cluster.Voters.STATIC)
                        .controllers(OTTLA, OTTLA, OTTLA)
                        .brokers(KAFKA, KAFKA)
                        .ofShortLife()
                        .with("broker.session.timeout.ms", "3000")
                        .with("broker.heartbeat.interval.ms", "500")
                        .with("replica.lag.time.max.ms", "3000")
                        .start();
                TopicStream topics = TopicStream.throughEach(cluster, "kept", 1);
                Admin admin = new Clients(cluster.bootstrap()).admin()) {
            admin.createTopics(List.of(new NewTopic(SHARED.topic(), 1, (short) 2)))
                    .all()
                    .get();
            Waiting.value(
                    "both are in sync",
                    () -> described(admin),
                    shared -> shared.isr().size() == 2);
            write(cluster, 0, 10);
            for (Cluster.Node controller : cluster.controllers()) {
                topics.awaitMore(5);
                controller.process().kill();
                cluster.leader(other -> other.id() != controller.id());
                topics.awaitMore(5);
                controller.restart();
                cluster.awaitCaughtUp();
            }
            topics.assertNothingLost();

            Cluster.Node lost = cluster.node(described(admin).leader().id());
            lost.process().kill();
            Waiting.value(
                    "the other one leads alone",
                    () -> described(admin),
                    shared -> shared.leader() != null
                            && shared.leader().id() != lost.id()
                            && shared.isr().size() == 1);
            write(cluster, 10, 20);
            lost.restart();
            Waiting.value(
                    "both are in sync again",
                    () -> described(admin),
                    shared -> shared.isr().size() == 2);
            write(cluster, 20, 30);

            assertThat(new Clients(cluster.bootstrap()).readAll(30, SHARED))
                    .extracting(record -> record.value())
                    .containsExactlyElementsOf(
                            IntStream.range(0, 30).mapToObj(String::valueOf).toList());
            ShownMetadata.assertEqual(cluster);
            cluster.awaitCaughtUp();
            cluster.stop();
            MetadataLogs.assertEqual(cluster);
        }
    }

    private static TopicPartitionInfo described(Admin admin) throws Exception {
        return admin.describeTopics(List.of(SHARED.topic()))
                .allTopicNames()
                .get()
                .get(SHARED.topic())
                .partitions()
                .getFirst();
    }

    private static void write(Cluster cluster, int from, int end) throws Exception {
        try (KafkaProducer<String, String> producer = new Clients(cluster.bootstrap()).producer()) {
            Clients.deliver(
                    producer,
                    IntStream.range(from, end)
                            .mapToObj(
                                    number -> new ProducerRecord<>(SHARED.topic(), 0, "key", String.valueOf(number))));
        }
    }

    /** Each kind leads in its turn while topics are created, through a broker of the kind that is fewer among the controllers. */
    @ParameterizedTest
    @CsvSource({"KAFKA, OTTLA", "OTTLA, KAFKA"})
    void bothKindsMakeAQuorum(BrokerKind many, BrokerKind few) throws Exception {
        try (Cluster cluster = new Cluster("Mixed-" + many, Cluster.Voters.STATIC)
                        .controllers(many, many, few)
                        .brokers(few)
                        .ofShortLife()
                        .with("metadata.log.max.record.bytes.between.snapshots", "50000")
                        .start();
                TopicStream topics = TopicStream.throughEach(cluster, "kept", 1)) {
            for (int round = 0; round < ROUNDS; round++) {
                lead(cluster, topics, few);
                lead(cluster, topics, many);
                assertStandbysAgree(cluster);
                assertQuotasPassThroughTheBroker(cluster, "client-" + round);
            }
            lead(cluster, topics, few);
            topics.assertNothingLost();
            ShownMetadata.assertEqual(cluster);
            cluster.awaitCaughtUp();
            cluster.stop();
            MetadataLogs.assertEqual(cluster);
        }
    }

    /** While one of the two of a kind leads, its standbys are of different kinds. */
    private static void assertStandbysAgree(Cluster cluster) {
        Cluster.Node leader = cluster.leader(any -> true);
        List<Map<ApiKeys, String>> answers = cluster.controllers().stream()
                .filter(node -> node.id() != leader.id())
                .map(StandbyAnswers::of)
                .toList();
        assertThat(answers.getLast()).isEqualTo(answers.getFirst());
    }

    /** The controller counts for a client of the broker, which is of the other kind, and the broker holds the client back (KIP-599). */
    private static void assertQuotasPassThroughTheBroker(Cluster cluster, String clientId) throws Exception {
        try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
            admin.alterClientQuotas(List.of(MutationQuotaTest.onePartitionASecond(clientId)))
                    .all()
                    .get();
        }
        Cluster.Node broker = cluster.brokers().getFirst();
        MutationQuotaTest.assertHeldBack(broker.port(), clientId);
    }

    /**
     * Kills a leader of the other kind, and has one of this kind lead for a while. If there is a second one of the other kind, it is
     * killed before, and lacks then what whoever is to lead must have.
     */
    private static void lead(Cluster cluster, TopicStream topics, BrokerKind kind) {
        Cluster.Node leader = cluster.leader(any -> true);
        if (leader.kind() != kind) {
            Optional<Cluster.Node> second = cluster.controllers().stream()
                    .filter(node -> node.kind() == leader.kind() && node.id() != leader.id())
                    .findFirst();
            second.ifPresent(other -> {
                other.process().kill();
                topics.awaitMore(1);
            });
            leader.process().kill();
            second.ifPresent(other -> other.process().launch());
            cluster.leader(next -> next.kind() == kind);
            topics.awaitMore(1);
            leader.restart();
            second.ifPresent(other -> other.process().awaitReady());
            cluster.awaitCaughtUp();
        }
        topics.awaitMore(20);
    }
}
