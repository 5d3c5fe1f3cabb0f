package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.RetriableException;
import org.junit.jupiter.api.Test;

/**
 * A node on a small file system of its own that somebody fills: writes are refused, all else goes on, and writes resume by
 * themselves. Kafka takes its directory offline there and ends, so there is nothing to compare.
 */
class FullDiskTest {
    private static final TopicPartition PARTITION = new TopicPartition("kept", 0);

    /** Too large for what is left of the page that a file ends in. */
    private static final String LARGE = "x".repeat(8_000);

    private static final String METADATA = "x".repeat(4_000);
    private static final int TOPICS = 80;

    @Test
    void itIsSurvived() throws Exception {
        assumeTrue(SmallDisk.isPossible(), "no file system can be mounted here: what a full disk does was NOT RUN");
        Path mount = Files.createTempDirectory(BrokerProcess.WORK.toAbsolutePath(), "small-disk-");
        try (SmallDisk disk = SmallDisk.mount(mount, "32m")) {
            itIsSurvived(disk, mount.resolve("data"));
        } finally {
            Files.delete(mount);
        }
    }

    private static void itIsSurvived(SmallDisk disk, Path directory) throws Exception {
        Map<String, String> settings = Map.of("log.dirs", directory.toString());
        try (BrokerProcess broker = BrokerProcess.start(BrokerKind.OTTLA, "FullDisk", settings)) {
            Clients clients = Clients.of(broker);
            clients.createTopic("kept", 1);
            write(clients, "before");
            write(clients, "also before");
            commit(clients, 1, Duration.ofSeconds(30));
            disk.fill();

            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> write(clients, LARGE))
                        .isInstanceOf(ExecutionException.class)
                        .hasCauseInstanceOf(KafkaStorageException.class);
            }
            assertThatThrownBy(() -> commit(clients, 2, Duration.ofSeconds(2))).isInstanceOf(RetriableException.class);
            assertThatThrownBy(() -> createMany(clients, 2_000))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(RetriableException.class);
            assertThat(clients.readAll(2, PARTITION))
                    .extracting(ConsumerRecord::value)
                    .containsExactly("before", "also before");
            deleteFirst(clients);

            disk.free();
            Waiting.until(
                    "what was decided meanwhile is carried out",
                    () -> topics(clients).contains("late-" + (TOPICS - 1)));
            write(clients, "after");
            commit(clients, 2, Duration.ofSeconds(30));
            assertThat(Files.readAllLines(broker.log()))
                    .filteredOn(line -> line.contains("is full"))
                    .hasSize(1);

            assertThat(broker.terminate()).isIn(0, 143);
            broker.restart();
            assertThat(clients.readAll(2, PARTITION))
                    .extracting(ConsumerRecord::value)
                    .containsExactly("also before", "after");
        }
    }

    private static void write(Clients clients, String value) throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer("retries", "0", "enable.idempotence", "false")) {
            producer.send(new ProducerRecord<>("kept", value)).get();
        }
    }

    private static void commit(Clients clients, long offset, Duration limit) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "group")) {
            consumer.assign(Set.of(PARTITION));
            consumer.commitSync(Map.of(PARTITION, new OffsetAndMetadata(offset, METADATA)), limit);
        }
    }

    private static void createMany(Clients clients, int limitMs) throws Exception {
        List<NewTopic> topics = IntStream.range(0, TOPICS)
                .mapToObj(i -> new NewTopic("late-" + i, Optional.of(1), Optional.empty()))
                .toList();
        try (Admin admin = clients.admin()) {
            admin.createTopics(topics, new CreateTopicsOptions().timeoutMs(limitMs))
                    .all()
                    .get();
        }
    }

    private static void deleteFirst(Clients clients) throws Exception {
        try (Admin admin = clients.admin()) {
            admin.deleteRecords(Map.of(PARTITION, RecordsToDelete.beforeOffset(1)))
                    .all()
                    .get();
        }
    }

    private static Set<String> topics(Clients clients) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.listTopics().names().get();
        }
    }
}
