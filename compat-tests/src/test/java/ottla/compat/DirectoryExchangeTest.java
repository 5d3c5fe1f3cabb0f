package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
import org.junit.jupiter.params.provider.EnumSource;

/** One data directory, handed from one broker to the other and back, after clean stops and after SIGKILL. */
class DirectoryExchangeTest {
    private static final TopicPartition PARTITION = new TopicPartition("handed", 0);

    @ParameterizedTest
    @CsvSource("OTTLA, KAFKA")
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

    enum End {
        TERMINATED,
        KILLED
    }

    /** Kafka's own settings, for a broker that has something to show within seconds. */
    private static final Map<String, String> LIVELY = Map.of(
            "log.segment.bytes", "1048576",
            "log.cleaner.backoff.ms", "100",
            "log.cleaner.min.cleanable.ratio", "0.01",
            "transaction.state.log.num.partitions", "3");

    private static final List<TopicPartition> HISTORY = Stream.of("codecs", "paid", "latest")
            .map(topic -> new TopicPartition(topic, 0))
            .toList();
    private static final String GROUP = "readers";
    private static final int KEYS = 20;

    @ParameterizedTest
    @EnumSource(End.class)
    void aHistoryOfKafkasIsTheSameOnOttlaAndThenOnKafkaAgain(End end) throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(BrokerKind.KAFKA, "DirectoryHistory-" + end, LIVELY)) {
            Clients clients = Clients.of(broker);
            clients.createTopic("codecs", 1);
            clients.createTopic("paid", 1);
            clients.createTopic("latest", 1, "cleanup.policy", "compact");
            codecs(clients, 1);
            latest(clients, 150, 2);
            awaitCleaned(broker);
            transactions(clients);
            long middleMs = System.currentTimeMillis();
            codecs(clients, 3);
            commit(clients, HISTORY.getFirst(), 77);
            Contents kafkas = contents(clients, middleMs);
            assertThat(kafkas.records().get("read_committed paid-0").size())
                    .isLessThan(kafkas.records().get("read_uncommitted paid-0").size());

            end(broker, end);
            Map<String, String> sealed = sealedFiles(broker);
            broker.restartAs(BrokerKind.OTTLA);

            assertThat(contents(clients, middleMs)).isEqualTo(kafkas);
            if (end == End.TERMINATED) {
                assertThat(sealedFiles(broker)).isEqualTo(sealed);
            }
            codecs(clients, 4);
            latest(clients, 30, 5);
            awaitCleaned(broker);
            commit(clients, HISTORY.getFirst(), 99);
            Contents ottlas = contents(clients, middleMs);
            assertThat(ottlas).isNotEqualTo(kafkas);

            end(broker, end);
            Map<String, String> sealedByOttla = sealedFiles(broker);
            broker.restartAs(BrokerKind.KAFKA);

            assertThat(contents(clients, middleMs)).isEqualTo(ottlas);
            if (end == End.TERMINATED) {
                assertThat(sealedFiles(broker)).isEqualTo(sealedByOttla);
                assertThat(Files.readString(broker.log())).doesNotContain("rebuilding index");
            }
            assertTransactionsGoOn(clients);
        }
    }

    private static void end(BrokerProcess broker, End end) {
        if (end == End.TERMINATED) {
            broker.terminate();
        } else {
            broker.kill();
        }
    }

    private static Contents contents(Clients clients, long middleMs) throws Exception {
        return Contents.of(
                clients, HISTORY, HISTORY.subList(0, 2), GROUP, List.of(0L, middleMs, middleMs + 10_000_000));
    }

    /** Some megabytes in each codec, from producers with and without a sequence. */
    private static void codecs(Clients clients, int seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            String idempotent = String.valueOf(random.nextBoolean());
            try (KafkaProducer<String, String> producer = clients.producer(
                    "compression.type",
                    codec,
                    "linger.ms",
                    "5",
                    "batch.size",
                    "100000",
                    "enable.idempotence",
                    idempotent)) {
                Clients.deliver(
                        producer,
                        IntStream.range(0, 70)
                                .mapToObj(i -> new ProducerRecord<>("codecs", "key " + i, text(random, 7_000))));
            }
        }
    }

    /** Many values of few keys, and no value for one of them. */
    private static void latest(Clients clients, int count, int seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (KafkaProducer<String, String> producer = clients.producer("compression.type", "lz4", "linger.ms", "5")) {
            Clients.deliver(
                    producer,
                    IntStream.range(0, count)
                            .mapToObj(i -> new ProducerRecord<>(
                                    "latest", "key " + i % KEYS, i % KEYS == 7 ? null : text(random, 20_000))));
        }
    }

    /** Committed and aborted ones, with offsets of a group, and one that is left open. */
    private static void transactions(Clients clients) throws Exception {
        try (KafkaProducer<String, String> producer = teller(clients);
                KafkaConsumer<String, String> consumer = clients.consumer("group.id", GROUP)) {
            producer.initTransactions();
            for (int i = 0; i < 9; i++) {
                producer.beginTransaction();
                String sum = "sum " + i;
                Clients.deliver(
                        producer, IntStream.range(0, 4).mapToObj(j -> new ProducerRecord<>("paid", "key " + j, sum)));
                if (i % 3 == 1) {
                    producer.abortTransaction();
                    continue;
                }
                if (i % 3 == 2) {
                    producer.sendOffsetsToTransaction(
                            Map.of(new TopicPartition("latest", 0), new OffsetAndMetadata(i)),
                            consumer.groupMetadata());
                }
                producer.commitTransaction();
            }
            producer.beginTransaction();
            Clients.deliver(producer, Stream.of(new ProducerRecord<>("paid", "open", "not yet")));
            producer.close(Duration.ZERO);
        }
    }

    private static KafkaProducer<String, String> teller(Clients clients) {
        return clients.producer("transactional.id", "teller", "transaction.timeout.ms", "600000");
    }

    /** The state of transactions came back unharmed: Kafka ends the one that was left open, and begins another. */
    private static void assertTransactionsGoOn(Clients clients) throws Exception {
        TopicPartition paid = new TopicPartition("paid", 0);
        try (KafkaProducer<String, String> producer = teller(clients);
                KafkaConsumer<String, String> reader = clients.consumer("isolation.level", "read_committed")) {
            producer.initTransactions();
            producer.beginTransaction();
            Clients.deliver(producer, Stream.of(new ProducerRecord<>("paid", "last", "paid at last")));
            producer.commitTransaction();
            reader.assign(List.of(paid));
            List<ConsumerRecord<String, String>> records = Clients.poll(reader, 6 * 4 + 1);
            assertThat(records).extracting(ConsumerRecord::key).doesNotContain("open");
            assertThat(records.getLast().key()).isEqualTo("last");
        }
    }

    /** Letters that shrink to about half of their size. */
    private static String text(SplittableRandom random, int length) {
        StringBuilder text = new StringBuilder(length);
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(16)));
        }
        return text.toString();
    }

    /** Waits until the cleaner has been through everything but the active segment, so that it has nothing left to do. */
    private static void awaitCleaned(BrokerProcess broker) {
        Path checkpoint = broker.dataDirectory().resolve("cleaner-offset-checkpoint");
        Waiting.until("the cleaner is done", () -> {
            String active =
                    names(broker.dataDirectory().resolve("latest-0"), ".log").getLast();
            return Files.readString(checkpoint).contains("latest 0 " + Long.parseLong(active.replace(".log", "")));
        });
    }

    /** Segments that nobody writes to any more, with their indexes: when each was changed, and what is in it. */
    private static Map<String, String> sealedFiles(BrokerProcess broker) throws IOException {
        Map<String, String> files = new TreeMap<>();
        for (TopicPartition partition : HISTORY) {
            Path directory = broker.dataDirectory().resolve(partition.toString());
            List<String> logs = names(directory, ".log");
            String active = logs.getLast().replace(".log", "");
            for (String suffix : List.of(".log", ".index", ".timeindex", ".txnindex")) {
                for (String name : names(directory, suffix)) {
                    Path file = directory.resolve(name);
                    if (!name.startsWith(active)) {
                        files.put(
                                file.toString(),
                                Files.getLastModifiedTime(file) + " " + Arrays.hashCode(Files.readAllBytes(file)));
                    }
                }
            }
        }
        return files;
    }

    private static List<String> names(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private static void commit(Clients clients, TopicPartition partition, long offset) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", GROUP)) {
            consumer.assign(Set.of(partition));
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset)));
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
