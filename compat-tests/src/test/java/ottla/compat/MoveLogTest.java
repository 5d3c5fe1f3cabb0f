package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logs move from one directory of a node to another while they are written to. */
class MoveLogTest {
    private static final String TOPIC = "moved";
    private static final TopicPartition MOVED = new TopicPartition(TOPIC, 0);
    private static final String LIMIT = "replica.alter.log.dirs.io.max.bytes.per.second";
    private static final String VALUE = "v".repeat(1_000);

    /** Enough for a limit of a megabyte a second to hold the copy up for a while. */
    private static final int RECORDS = 6_000;

    private static final int BATCH_RECORDS = 100;

    @TempDir
    private Path root;

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    private Path first() {
        return root.resolve("first").toAbsolutePath();
    }

    private Path second() {
        return root.resolve("second").toAbsolutePath();
    }

    private BrokerProcess start(BrokerKind kind, String name) {
        return BrokerProcess.start(
                kind,
                name,
                Map.of(
                        "log.dirs", first() + "," + second(),
                        "log.segment.delete.delay.ms", "100",
                        "log.initial.task.delay.ms", "500"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aLogMovesWhileItIsWrittenTo(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLog")) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 1, "segment.bytes", "2097152");
            Path from = begun(clients);
            Path target = from.equals(first()) ? second() : first();
            try (KafkaProducer<String, String> producer = clients.producer("linger.ms", "1")) {
                int sent = send(producer, 0, RECORDS);
                limit(clients, 1_000_000);
                assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
                ReplicaInfo copy = Waiting.value(
                        "the copy is shown",
                        () -> info(clients, MOVED, target),
                        info -> info != null && info.isFuture() && info.size() > 0);
                assertThat(copy.offsetLag()).isPositive();
                assertThat(place(clients, MOVED)).isEqualTo(from);
                assertThat(names(target)).anyMatch(name -> name.matches("moved-0\\.[0-9a-f]{32}-future"));
                assertThat(alter(clients, MOVED, target)).as("asked for again").isEqualTo(Errors.NONE);
                sent = send(producer, sent, BATCH_RECORDS);
                limit(clients, Long.MAX_VALUE);
                int loops = 0;
                while (place(clients, MOVED).equals(from) && loops++ < RECORDS) {
                    sent = send(producer, sent, BATCH_RECORDS);
                }
                assertThat(place(clients, MOVED)).isEqualTo(target);
                sent = send(producer, sent, BATCH_RECORDS);
                assertInOrder(clients, sent);
                Waiting.until("only one is left", () -> logs(from).isEmpty());
                assertThat(logs(target)).containsExactly("moved-0");

                // There and back again, and what is wanted counts until it is done.
                limit(clients, 100_000);
                assertThat(alter(clients, MOVED, from)).isEqualTo(Errors.NONE);
                assertThat(alter(clients, MOVED, target)).as("called back").isEqualTo(Errors.NONE);
                Waiting.until("the copy is gone", () -> logs(from).isEmpty());
                limit(clients, Long.MAX_VALUE);
                assertThat(alter(clients, MOVED, from)).isEqualTo(Errors.NONE);
                Waiting.until("it is back", () -> place(clients, MOVED).equals(from));
                sent = send(producer, sent, BATCH_RECORDS);
                assertInOrder(clients, sent);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aMoveGoesOnAfterAKill(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLogKill")) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 1, "segment.bytes", "2097152");
            Path from = begun(clients);
            Path target = from.equals(first()) ? second() : first();
            int sent;
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, 0, RECORDS);
                limit(clients, 1_000_000);
                assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
                Waiting.value(
                        "the copy is shown",
                        () -> info(clients, MOVED, target),
                        info -> info != null && info.isFuture() && info.size() > 0);
                sent = send(producer, sent, BATCH_RECORDS);
            }
            broker.kill();
            assertThat(logs(target)).hasSize(1).allMatch(name -> name.endsWith("-future"));
            broker.restart();
            limit(clients, Long.MAX_VALUE);
            Waiting.until("the log has moved", () -> place(clients, MOVED).equals(target));
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, sent, BATCH_RECORDS);
            }
            assertInOrder(clients, sent);
            Waiting.until("only one is left", () -> logs(from).isEmpty());

            // the other kind finds everything, and where it is to be
            broker.terminate();
            broker.restartAs(kind == BrokerKind.KAFKA ? BrokerKind.OTTLA : BrokerKind.KAFKA);
            assertThat(place(clients, MOVED)).isEqualTo(target);
            assertInOrder(clients, sent);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theOtherKindGoesOnWithAMove(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLogOther")) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 1, "segment.bytes", "2097152");
            Path from = begun(clients);
            Path target = from.equals(first()) ? second() : first();
            int sent;
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, 0, RECORDS);
                limit(clients, 1_000_000);
                assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
                Waiting.value(
                        "the copy is shown",
                        () -> info(clients, MOVED, target),
                        info -> info != null && info.isFuture() && info.size() > 0);
            }
            broker.terminate();
            assertThat(logs(target)).hasSize(1).allMatch(name -> name.endsWith("-future"));
            broker.restartAs(kind == BrokerKind.KAFKA ? BrokerKind.OTTLA : BrokerKind.KAFKA);
            limit(clients, Long.MAX_VALUE);
            Waiting.until("the log has moved", () -> place(clients, MOVED).equals(target));
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, sent, BATCH_RECORDS);
            }
            assertInOrder(clients, sent);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void saysWhyALogCannotMove(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLogErrors")) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 1);
            Path from = begun(clients);
            Path target = from.equals(first()) ? second() : first();
            assertThat(alter(clients, MOVED, Path.of("/nowhere"))).isEqualTo(Errors.LOG_DIR_NOT_FOUND);
            assertThat(alter(clients, MOVED, Path.of("second"))).isEqualTo(Errors.LOG_DIR_NOT_FOUND);
            assertThat(alter(clients, MOVED, from)).isEqualTo(Errors.NONE);
            assertThat(alter(clients, new TopicPartition("__cluster_metadata", 0), target))
                    .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            TopicPartition tooLong = new TopicPartition("l".repeat(240), 0);
            assertThat(alter(clients, tooLong, target)).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);

            // What does not exist yet is remembered.
            List<TopicPartition> later = IntStream.range(1, 6)
                    .mapToObj(partition -> new TopicPartition(TOPIC, partition))
                    .toList();
            for (TopicPartition partition : later) {
                assertThat(alter(clients, partition, target)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            }
            try (Admin admin = clients.admin()) {
                admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(6)))
                        .all()
                        .get();
            }
            for (TopicPartition partition : later) {
                Waiting.until("it is there", () -> place(clients, partition).equals(target));
            }

            // A topic that is deleted takes its copy with it.
            try (KafkaProducer<String, String> producer = clients.producer()) {
                send(producer, 0, RECORDS);
            }
            limit(clients, 100_000);
            assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
            try (Admin admin = clients.admin()) {
                admin.deleteTopics(List.of(TOPIC)).all().get();
            }
            Waiting.until(
                    "nothing is left",
                    () -> logs(first()).isEmpty() && logs(second()).isEmpty());
        }
    }

    private static int send(KafkaProducer<String, String> producer, int from, int count) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            sent.add(producer.send(new ProducerRecord<>(TOPIC, 0, String.valueOf(i), VALUE)));
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
        return from + count;
    }

    private static void assertInOrder(Clients clients, int count) {
        List<String> keys =
                clients.readAll(count, MOVED).stream().map(ConsumerRecord::key).toList();
        assertThat(keys)
                .isEqualTo(IntStream.range(0, count).mapToObj(String::valueOf).toList());
    }

    private static void limit(Clients clients, long bytesPerSecond) throws Exception {
        try (Admin admin = clients.admin()) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.BROKER, "1"),
                            List.of(new AlterConfigOp(
                                    new ConfigEntry(LIMIT, Long.toString(bytesPerSecond)), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
    }

    private static Errors alter(Clients clients, TopicPartition partition, Path directory) throws Exception {
        TopicPartitionReplica replica = new TopicPartitionReplica(partition.topic(), partition.partition(), 1);
        try (Admin admin = clients.admin()) {
            admin.alterReplicaLogDirs(Map.of(replica, directory.toString()))
                    .all()
                    .get();
            return Errors.NONE;
        } catch (ExecutionException refused) {
            return Errors.forException(refused.getCause());
        }
    }

    /** The directory that holds a partition's log; its copies do not count. */
    private Path place(Clients clients, TopicPartition partition) throws Exception {
        for (Path directory : List.of(first(), second())) {
            ReplicaInfo info = info(clients, partition, directory);
            if (info != null && !info.isFuture()) {
                return directory;
            }
        }
        throw new IllegalStateException(partition + " is nowhere");
    }

    /** Where the log was begun: a topic is there before its log is shown. */
    private Path begun(Clients clients) {
        return Waiting.value("the log is begun", () -> place(clients, MOVED), place -> true);
    }

    private static ReplicaInfo info(Clients clients, TopicPartition partition, Path directory) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.describeLogDirs(List.of(1))
                    .allDescriptions()
                    .get()
                    .get(1)
                    .get(directory.toString())
                    .replicaInfos()
                    .get(partition);
        }
    }

    private static List<String> names(Path directory) throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    /** The directories of the topic's logs, those that are about to be deleted included. */
    private static List<String> logs(Path directory) throws Exception {
        return names(directory).stream().filter(name -> name.startsWith(TOPIC)).toList();
    }
}
