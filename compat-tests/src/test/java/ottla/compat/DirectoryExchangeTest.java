package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One data directory, handed from one broker to the other and back after clean stops. */
class DirectoryExchangeTest {
    private static final TopicPartition PARTITION = new TopicPartition("handed", 0);

    @ParameterizedTest
    @CsvSource({"KAFKA, OTTLA", "OTTLA, KAFKA"})
    void whatOneWroteTheOtherReads(BrokerKind first, BrokerKind second) throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(first, "DirectoryExchange", Map.of())) {
            Clients clients = Clients.of(broker);
            clients.createTopic("handed", 1, "retention.ms", "-1");
            Uuid id = topicId(clients);
            write(clients, 0);
            commit(clients, 5);

            broker.terminate();
            broker.restartAs(second);

            assertThat(topicId(clients)).isEqualTo(id);
            assertHolds(clients, 100);
            assertThat(committed(clients)).isEqualTo(5);
            write(clients, 100);
            commit(clients, 6);

            broker.terminate();
            broker.restartAs(first);

            assertThat(topicId(clients)).isEqualTo(id);
            assertHolds(clients, 200);
            assertThat(committed(clients)).isEqualTo(6);
        }
    }

    private static void write(Clients clients, int from) throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer("compression.type", "zstd", "linger.ms", "5")) {
            Clients.deliver(
                    producer,
                    IntStream.range(from, from + 100).mapToObj(i -> new ProducerRecord<>("handed", String.valueOf(i))));
        }
    }

    private static void assertHolds(Clients clients, int count) {
        assertThat(clients.readAll(count, PARTITION))
                .extracting(ConsumerRecord::value)
                .containsExactlyElementsOf(
                        IntStream.range(0, count).mapToObj(String::valueOf).toList());
    }

    private static void commit(Clients clients, long offset) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "handed-group")) {
            consumer.assign(Set.of(PARTITION));
            consumer.commitSync(Map.of(PARTITION, new OffsetAndMetadata(offset)));
        }
    }

    private static long committed(Clients clients) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "handed-group")) {
            return consumer.committed(Set.of(PARTITION)).get(PARTITION).offset();
        }
    }

    private static Uuid topicId(Clients clients) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.describeTopics(Set.of("handed"))
                    .allTopicNames()
                    .get()
                    .get("handed")
                    .topicId();
        }
    }
}
