package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logs move from one directory of a node to another while they are written to. */
class MoveLogTest {
    private static final String TOPIC = "moved";
    private static final TopicPartition MOVED = new TopicPartition(TOPIC, 0);
    /** Bytes per second at which a move does not end within a test. */
    private static final long SLOW = 100_000;

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

    private Path third() {
        return root.resolve("third").toAbsolutePath();
    }

    private List<Path> directories() {
        return List.of(first(), second(), third());
    }

    /** The directories without one, in their order. */
    private List<Path> besides(Path directory) {
        return directories().stream().filter(other -> !other.equals(directory)).toList();
    }

    private BrokerProcess start(BrokerKind kind, String name) {
        return BrokerProcess.start(
                kind,
                name,
                Map.of(
                        "log.dirs", first() + "," + second() + "," + third(),
                        "log.segment.delete.delay.ms", "100",
                        "log.initial.task.delay.ms", "500",
                        "log.retention.check.interval.ms", "500",
                        "log.cleaner.backoff.ms", "100"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void logsMoveWhileTheyAreUsed(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLog")) {
            Clients clients = Clients.of(broker);
            refusesWrongLimits(clients);
            saysWhyALogCannotMove(clients);
            movesWhileItIsWrittenTo(clients);
            movesAfterALastRedirection(clients);
            if (kind == BrokerKind.OTTLA) {
                // Kafka deletes nothing from a log that is moved, and has whoever asks for it wait until he gives up
                movesWhatIsDeletedFrom(clients);
            }
            movesWhatIsCompacted(clients);
            losesTheCopyOfATopicThatIsDeleted(clients);

            // A broken disk: what is there is no directory any more, and what is nowhere may have been there.
            clients.createTopic(TOPIC, 1);
            Path place = begun(clients, MOVED);
            Path lost = besides(place).getLast();
            broker.terminate();
            delete(lost);
            Files.writeString(lost, "not a directory");
            broker.restart();
            begun(clients, MOVED);
            assertThat(alter(clients, MOVED, lost)).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            assertThat(alter(clients, MOVED, besides(place).getFirst())).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            assertThat(alter(clients, MOVED, place)).isEqualTo(Errors.NONE);
            assertThat(place(clients, MOVED)).isEqualTo(place);
        }
    }

    private static void refusesWrongLimits(Clients clients) throws Exception {
        for (String wrong : List.of("-1", "fast", "1.5", "")) {
            for (String broker : List.of("1", "")) {
                assertThat(Clients.failure(limit(clients, broker, wrong)))
                        .as("'%s' for broker '%s'", wrong, broker)
                        .isInstanceOf(InvalidRequestException.class);
            }
        }
    }

    private void saysWhyALogCannotMove(Clients clients) throws Exception {
        clients.createTopic("told", 1);
        TopicPartition told = new TopicPartition("told", 0);
        Path from = begun(clients, told);
        Path target = besides(from).getFirst();
        assertThat(alter(clients, told, Path.of("/nowhere"))).isEqualTo(Errors.LOG_DIR_NOT_FOUND);
        assertThat(alter(clients, told, Path.of("second"))).isEqualTo(Errors.LOG_DIR_NOT_FOUND);
        assertThat(alter(clients, told, from)).isEqualTo(Errors.NONE);
        assertThat(alter(clients, new TopicPartition("__cluster_metadata", 0), target))
                .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        TopicPartition tooLong = new TopicPartition("l".repeat(240), 0);
        assertThat(alter(clients, tooLong, target)).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);

        // What does not exist yet is remembered.
        List<TopicPartition> later = IntStream.range(1, 6)
                .mapToObj(partition -> new TopicPartition("told", partition))
                .toList();
        for (TopicPartition partition : later) {
            assertThat(alter(clients, partition, target)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
        try (Admin admin = clients.admin()) {
            admin.createPartitions(Map.of("told", NewPartitions.increaseTo(6)))
                    .all()
                    .get();
        }
        for (TopicPartition partition : later) {
            Waiting.until("it is there", () -> place(clients, partition).equals(target));
        }
    }

    private void movesWhileItIsWrittenTo(Clients clients) throws Exception {
        clients.createTopic(TOPIC, 1, "segment.bytes", "2097152");
        Path from = begun(clients, MOVED);
        Path target = besides(from).getFirst();
        try (KafkaProducer<String, String> producer = clients.producer("linger.ms", "1")) {
            int sent = send(producer, 0, RECORDS);
            limit(clients, SLOW);
            assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
            ReplicaInfo copy = copy(clients, target);
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
            limit(clients, SLOW);
            assertThat(alter(clients, MOVED, from)).isEqualTo(Errors.NONE);
            assertThat(alter(clients, MOVED, target)).as("called back").isEqualTo(Errors.NONE);
            Waiting.until("the copy is gone", () -> logs(from).isEmpty());
        }
    }

    private void movesAfterALastRedirection(Clients clients) throws Exception {
        Path from = place(clients, MOVED);
        Path given = besides(from).getFirst();
        Path target = besides(from).getLast();
        limit(clients, SLOW);
        assertThat(alter(clients, MOVED, given)).isEqualTo(Errors.NONE);
        copy(clients, given);
        assertThat(alter(clients, MOVED, target)).as("elsewhere").isEqualTo(Errors.NONE);
        Waiting.until("the first copy is gone", () -> logs(given).isEmpty());
        limit(clients, Long.MAX_VALUE);
        Waiting.until("it has moved", () -> place(clients, MOVED).equals(target));
        Waiting.until(
                "only one is left", () -> logs(from).isEmpty() && logs(given).isEmpty());
    }

    /** What retention and DeleteRecords take away in mid-move is not there afterwards, and the rest is, in order. */
    private void movesWhatIsDeletedFrom(Clients clients) throws Exception {
        Path from = place(clients, MOVED);
        Path target = besides(from).getFirst();
        limit(clients, SLOW);
        assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
        copy(clients, target);
        assertThat(deleteBefore(clients, 1_000)).isEqualTo(1_000);
        assertThat(offset(clients, OffsetSpec.earliest())).isEqualTo(1_000);
        alterTopic(clients, "retention.bytes", "2097152");
        Waiting.until("whole segments are gone", () -> offset(clients, OffsetSpec.earliest()) > 2_000);
        assertThat(place(clients, MOVED)).as("still in mid-move").isEqualTo(from);
        alterTopic(clients, "retention.bytes", "-1");
        limit(clients, Long.MAX_VALUE);
        Waiting.until("it has moved", () -> place(clients, MOVED).equals(target));
        Waiting.until("only one is left", () -> logs(from).isEmpty());

        int first = (int) offset(clients, OffsetSpec.earliest());
        int end = (int) offset(clients, OffsetSpec.latest());
        assertThat(first).isGreaterThan(2_000).isLessThan(end);
        assertThat(clients.readAll(end - first, MOVED).stream().map(ConsumerRecord::key))
                .containsExactlyElementsOf(
                        IntStream.range(first, end).mapToObj(String::valueOf).toList());
    }

    private static long deleteBefore(Clients clients, long offset) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.deleteRecords(Map.of(MOVED, RecordsToDelete.beforeOffset(offset)))
                    .lowWatermarks()
                    .get(MOVED)
                    .get()
                    .lowWatermark();
        }
    }

    private static long offset(Clients clients, OffsetSpec which) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.listOffsets(Map.of(MOVED, which))
                    .partitionResult(MOVED)
                    .get()
                    .offset();
        }
    }

    private static void alterTopic(Clients clients, String key, String value) throws Exception {
        try (Admin admin = clients.admin()) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.TOPIC, TOPIC),
                            List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
    }

    private void movesWhatIsCompacted(Clients clients) throws Exception {
        TopicPartition compacted = new TopicPartition("compacted", 0);
        clients.createTopic(
                "compacted",
                1,
                "cleanup.policy",
                "compact",
                "segment.bytes",
                "1048576",
                "min.cleanable.dirty.ratio",
                "0.01");
        Path from = begun(clients, compacted);
        Path target = besides(from).getFirst();
        try (KafkaProducer<String, String> producer = clients.producer()) {
            Clients.deliver(
                    producer,
                    IntStream.range(0, 3_000)
                            .mapToObj(i -> new ProducerRecord<>("compacted", "key " + i % 10, i + VALUE)));
        }
        Waiting.until("compaction", () -> info(clients, compacted, from).size() < 2_000_000);
        assertThat(alter(clients, compacted, target)).isEqualTo(Errors.NONE);
        Waiting.until("it has moved", () -> place(clients, compacted).equals(target));
        assertThat(clients.newest(compacted, 3_000))
                .isEqualTo(IntStream.range(2_990, 3_000)
                        .boxed()
                        .collect(Collectors.toMap(i -> "key " + i % 10, i -> i + VALUE)));
    }

    private void losesTheCopyOfATopicThatIsDeleted(Clients clients) throws Exception {
        Path target = besides(place(clients, MOVED)).getFirst();
        try (KafkaProducer<String, String> producer = clients.producer()) {
            send(producer, 0, RECORDS);
        }
        limit(clients, SLOW);
        assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
        try (Admin admin = clients.admin()) {
            admin.deleteTopics(List.of(TOPIC)).all().get();
        }
        for (Path directory : directories()) {
            Waiting.until("nothing is left", () -> logs(directory).isEmpty());
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void movesGoOnAfterAKillAndInTheOthersHands(BrokerKind kind) throws Exception {
        try (BrokerProcess broker = start(kind, "MoveLogKill")) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 1, "segment.bytes", "2097152");
            Path from = begun(clients, MOVED);
            Path target = besides(from).getFirst();
            int sent;
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, 0, RECORDS);
                limit(clients, SLOW);
                assertThat(alter(clients, MOVED, target)).isEqualTo(Errors.NONE);
                copy(clients, target);
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

            // the other kind finds everything, and goes on with what was begun
            limit(clients, SLOW);
            assertThat(alter(clients, MOVED, from)).isEqualTo(Errors.NONE);
            copy(clients, from);
            broker.terminate();
            assertThat(logs(from)).hasSize(1).allMatch(name -> name.endsWith("-future"));
            broker.restartAs(kind == BrokerKind.KAFKA ? BrokerKind.OTTLA : BrokerKind.KAFKA);
            limit(clients, Long.MAX_VALUE);
            Waiting.until("the log is back", () -> place(clients, MOVED).equals(from));
            try (KafkaProducer<String, String> producer = clients.producer()) {
                sent = send(producer, sent, BATCH_RECORDS);
            }
            assertInOrder(clients, sent);
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

    private static void assertInOrder(Clients clients, int end) {
        List<String> keys =
                clients.readAll(end, MOVED).stream().map(ConsumerRecord::key).toList();
        assertThat(keys)
                .isEqualTo(IntStream.range(0, end).mapToObj(String::valueOf).toList());
    }

    /** Returns when the broker knows of it, which it may not yet when the controller has answered. */
    private static void limit(Clients clients, long bytesPerSecond) throws Exception {
        String value = Long.toString(bytesPerSecond);
        limit(clients, "1", value).get();
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        try (Admin admin = clients.admin()) {
            Waiting.until("the limit is known", () -> {
                ConfigEntry known = admin.describeConfigs(List.of(broker))
                        .all()
                        .get()
                        .get(broker)
                        .get(LIMIT);
                return known != null && value.equals(known.value());
            });
        }
    }

    private static KafkaFuture<Void> limit(Clients clients, String broker, String value) {
        // closing waits for the answer
        try (Admin admin = clients.admin()) {
            return admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.BROKER, broker),
                            List.of(new AlterConfigOp(new ConfigEntry(LIMIT, value), AlterConfigOp.OpType.SET))))
                    .all();
        }
    }

    /** The copy of the log that is in a directory, once there is something in it. */
    private static ReplicaInfo copy(Clients clients, Path target) {
        return Waiting.value(
                "the copy is shown",
                () -> info(clients, MOVED, target),
                info -> info != null && info.isFuture() && info.size() > 0);
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
        Map<String, LogDirDescription> described = describe(clients);
        for (Path directory : directories()) {
            ReplicaInfo info =
                    described.get(directory.toString()).replicaInfos().get(partition);
            if (info != null && !info.isFuture()) {
                return directory;
            }
        }
        throw new IllegalStateException(partition + " is nowhere");
    }

    /** Where the log was begun: a topic is there before its log is shown. */
    private Path begun(Clients clients, TopicPartition partition) {
        return Waiting.value("the log is begun", () -> place(clients, partition), place -> true);
    }

    private static ReplicaInfo info(Clients clients, TopicPartition partition, Path directory) throws Exception {
        return describe(clients).get(directory.toString()).replicaInfos().get(partition);
    }

    private static Map<String, LogDirDescription> describe(Clients clients) throws Exception {
        try (Admin admin = clients.admin()) {
            return admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
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

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
