package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kafka's own reader of log files, {@code kafka-dump-log}, is run over every file that a broker left in its data directory after
 * all that can happen to a log: each codec on either side, rolls by size, time and index, transactions, compaction, retention,
 * deletion of records and topics, a SIGKILL and a stop in good order.
 */
class DumpLogTest {
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");

    /** Files of a data directory that are not for this tool. */
    private static final Set<String> OTHERS = Set.of(
            ".lock",
            ".kafka_cleanshutdown",
            "meta.properties",
            "partition.metadata",
            "quorum-state",
            "quorum-state.tmp",
            "leader-epoch-checkpoint",
            "cleaner-offset-checkpoint",
            "log-start-offset-checkpoint",
            "recovery-point-offset-checkpoint",
            "replication-offset-checkpoint");

    private static final Map<String, String> LIVELY = Map.of(
            "log.cleaner.backoff.ms", "50",
            "log.initial.task.delay.ms", "100",
            "log.retention.check.interval.ms", "200",
            "metadata.log.max.record.bytes.between.snapshots", "2000");

    /** Ten batches of one record for each segment: as many as its time index has room for. */
    private static final String[] SMALL_INDEX = {"segment.index.bytes", "144", "index.interval.bytes", "0"};

    private static final int RECORDS = 60;

    /** As many as a number below that has bits, and none. */
    private static final int KEYS = 6;

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theStockToolAcceptsEveryFile(BrokerKind kind, @TempDir Path copies) throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(kind, "DumpLog", LIVELY)) {
            Clients clients = Clients.of(broker);
            Path data = broker.dataDirectory();
            Map<String, Integer> produced = compressed(clients);
            produced.putAll(rolled(clients));
            compacted(clients);
            retained(clients, data);
            clients.createTopic("paid", 1);
            clients.createTopic("ledger", 1, "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01");
            commit(clients);

            broker.kill();
            Transactions.putPaid(data.resolve("paid-0"));
            Transactions.putLedger(data.resolve("ledger-0"));
            broker.restart();
            Transactions.goOn(broker);
            awaitCleaned(data, "ledger");
            awaitCleaned(data, "compacted");
            commit(clients);
            deleted(clients, data);
            broker.terminate();

            List<Path> files = readable(data);
            DumpLog dump = DumpLog.of(files, "--deep-iteration", "--print-data-log");
            assertAccepted(dump, files);
            produced.forEach((topic, count) -> assertThat(dump.offsets(data.resolve(topic + "-0")))
                    .as(topic)
                    .containsExactlyElementsOf(
                            LongStream.range(0, count).boxed().toList()));
            assertCodecs(dump, data);
            assertTransactions(dump, data);
            assertCleaned(dump, data);
            assertShortened(dump, data);
            assertIndexesSane(files);
            assertDecoded(files);
            assertTheToolCanComplain(data, copies);
        }
    }

    // ---- what is written

    /** A topic for each codec that a broker can be asked for, and one that keeps the producer's: all producers write to each. */
    private static Map<String, Integer> compressed(Clients clients) throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        Map<String, String> levels = Map.of("gzip", "9", "lz4", "12", "zstd", "7");
        List<String> topics = new ArrayList<>(List.of("producer", "uncompressed"));
        topics.addAll(CODECS.subList(1, CODECS.size()));
        for (String topic : topics) {
            List<String> settings = new ArrayList<>(List.of("compression.type", topic, "segment.bytes", "1048576"));
            if (levels.containsKey(topic)) {
                settings.addAll(List.of("compression." + topic + ".level", levels.get(topic)));
            }
            clients.createTopic(topic, 1, settings.toArray(String[]::new));
        }
        for (String codec : CODECS) {
            try (KafkaProducer<String, String> producer =
                    clients.producer("compression.type", codec, "linger.ms", "5", "batch.size", "100000")) {
                Clients.deliver(
                        producer,
                        IntStream.range(0, RECORDS)
                                .boxed()
                                .flatMap(i -> topics.stream()
                                        .map(topic -> new ProducerRecord<>(
                                                topic,
                                                "key " + i,
                                                letters(random, topic.equals("producer") ? 9_000 : 900)))));
            }
        }
        return topics.stream().collect(Collectors.toMap(topic -> topic, topic -> CODECS.size() * RECORDS));
    }

    /** Rolls by index and by time; by size those of the codecs are. */
    private static Map<String, Integer> rolled(Clients clients) throws Exception {
        clients.createTopic("rolled-by-index", 1, SMALL_INDEX);
        clients.createTopic("rolled-by-time", 1, "segment.ms", "60000", "index.interval.bytes", "0");
        long nowMs = System.currentTimeMillis();
        for (String topic : List.of("rolled-by-index", "rolled-by-time")) {
            deliverOneByOne(
                    clients,
                    IntStream.range(0, RECORDS)
                            .mapToObj(i -> new ProducerRecord<>(
                                    topic, 0, nowMs - (RECORDS - i) * 7_000L, "key " + i, "value " + i)));
        }
        return new HashMap<>(Map.of("rolled-by-index", RECORDS, "rolled-by-time", RECORDS));
    }

    private static void compacted(Clients clients) throws Exception {
        clients.createTopic("compacted", 1, with("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01"));
        deliverOneByOne(clients, IntStream.range(0, RECORDS).mapToObj(i -> {
            int key = Integer.bitCount(i);
            return new ProducerRecord<>("compacted", "key " + key, key == 3 ? null : "value " + i);
        }));
    }

    /** The first third goes because it is old, and some of the rest because somebody asks for it. */
    private static void retained(Clients clients, Path data) throws Exception {
        clients.createTopic("retained", 1, with("retention.ms", "3600000"));
        long nowMs = System.currentTimeMillis();
        deliverOneByOne(
                clients,
                IntStream.range(0, RECORDS)
                        .mapToObj(i -> new ProducerRecord<>(
                                "retained", 0, i < RECORDS / 3 ? nowMs - 7_200_000 : nowMs, "key", "value " + i)));
        try (Admin admin = clients.admin()) {
            admin.deleteRecords(Map.of(new TopicPartition("retained", 0), RecordsToDelete.beforeOffset(35)))
                    .all()
                    .get();
        }
        Waiting.until(
                "segments below the log's start go",
                () -> segments(data.resolve("retained-0")).getFirst().compareTo("00000000000000000021.log") > 0);
    }

    private static void deleted(Clients clients, Path data) throws Exception {
        clients.createTopic("gone", 1, SMALL_INDEX);
        deliverOneByOne(
                clients, IntStream.range(0, RECORDS).mapToObj(i -> new ProducerRecord<>("gone", "key", "value " + i)));
        try (Admin admin = clients.admin()) {
            admin.deleteTopics(Set.of("gone")).all().get();
        }
        Waiting.until("the topic's directory is renamed", () -> {
            try (Stream<Path> directories = Files.list(data)) {
                return directories.anyMatch(DumpLogTest::isOfDeletedTopic);
            }
        });
    }

    private static boolean isOfDeletedTopic(Path directory) {
        String name = directory.getFileName().toString();
        return name.startsWith("gone-0.") && name.endsWith("-delete");
    }

    private static void commit(Clients clients) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "readers")) {
            TopicPartition partition = new TopicPartition("producer", 0);
            consumer.assign(Set.of(partition));
            for (int i = 0; i < 5; i++) {
                consumer.commitSync(Map.of(partition, new OffsetAndMetadata(i)));
            }
        }
    }

    private static void deliverOneByOne(Clients clients, Stream<ProducerRecord<String, String>> records)
            throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer("batch.size", "0", "linger.ms", "0")) {
            Clients.deliver(producer, records);
        }
    }

    private static String[] with(String... settings) {
        return Stream.concat(Stream.of(SMALL_INDEX), Stream.of(settings)).toArray(String[]::new);
    }

    /** Letters that shrink to about half of their size. */
    private static String letters(SplittableRandom random, int length) {
        StringBuilder text = new StringBuilder(length);
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(16)));
        }
        return text.toString();
    }

    private static void awaitCleaned(Path data, String topic) {
        Waiting.until(topic + " is cleaned up to its active segment", () -> {
            String active = segments(data.resolve(topic + "-0")).getLast();
            return Files.readString(data.resolve("cleaner-offset-checkpoint"))
                    .contains(topic + " 0 " + Long.parseLong(active.replace(".log", "")));
        });
    }

    // ---- what the tool says of it

    private static void assertAccepted(DumpLog dump, List<Path> files) {
        dump.run().succeeded();
        assertThat(dump.complaints()).as(dump.toString()).isEmpty();
        assertThat(dump.sections().keySet()).containsExactlyInAnyOrderElementsOf(files);
    }

    private static void assertCodecs(DumpLog dump, Path data) {
        CODECS.forEach(codec -> {
            String topic = codec.equals("none") ? "uncompressed" : codec;
            assertThat(codecs(dump, data.resolve(topic + "-0"))).containsExactly(codec);
        });
        assertThat(codecs(dump, data.resolve("producer-0"))).containsExactlyInAnyOrderElementsOf(CODECS);
        for (String topic : List.of("producer", "rolled-by-index", "rolled-by-time")) {
            assertThat(segments(data.resolve(topic + "-0"))).as(topic).hasSizeGreaterThan(1);
        }
    }

    private static Set<String> codecs(DumpLog dump, Path directory) {
        return dump.lines(directory, ".log")
                .filter(line -> line.startsWith("baseOffset: "))
                .map(line -> line.replaceAll(".* compresscodec: (\\w+) .*", "$1"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void assertTransactions(DumpLog dump, Path data) {
        Path paid = data.resolve("paid-0");
        assertThat(dump.offsets(paid))
                .containsExactlyElementsOf(
                        LongStream.range(0, Transactions.PAID_END).boxed().toList());
        assertThat(dump.lines(paid, ".log").filter(line -> line.contains("endTxnMarker: COMMIT")))
                .hasSize(1);
        assertThat(dump.lines(paid, ".txnindex")).containsExactlyElementsOf(Transactions.PAID_ABORTED);
        assertThat(lastSnapshot(dump, paid))
                .filteredOn(line -> line.contains("currentTxnFirstOffset: Optional[") || line.contains("OptionalLong["))
                .extracting(line -> line.replaceAll("producerId: (\\d+) .*TxnFirstOffset: \\w+\\[(\\d+)].*", "$1 $2"))
                .containsExactly(Transactions.PAID_OPEN);
    }

    private static List<String> lastSnapshot(DumpLog dump, Path directory) {
        return dump.sections().keySet().stream()
                .filter(file ->
                        file.getParent().equals(directory) && file.toString().endsWith(".snapshot"))
                .max(Path::compareTo)
                .map(dump::lines)
                .orElseThrow();
    }

    private static void assertCleaned(DumpLog dump, Path data) {
        Path compacted = data.resolve("compacted-0");
        long active = Long.parseLong(segments(compacted).getLast().replace(".log", ""));
        List<Long> offsets = dump.offsets(compacted);
        assertThat(offsets).filteredOn(offset -> offset < active).hasSizeLessThanOrEqualTo(KEYS);
        assertThat(offsets)
                .filteredOn(offset -> offset >= active)
                .containsExactlyElementsOf(
                        LongStream.range(active, RECORDS).boxed().toList());
        assertThat(dump.offsets(data.resolve("ledger-0"))).containsExactlyElementsOf(Transactions.LEDGER_LEFT);
        assertThat(dump.withHoles())
                .extracting(log -> log.getParent().getFileName().toString())
                .containsOnly("compacted-0", "ledger-0");
    }

    private static void assertShortened(DumpLog dump, Path data) {
        List<Long> offsets = dump.offsets(data.resolve("retained-0"));
        assertThat(offsets.getFirst()).isBetween(22L, 35L);
        assertThat(offsets)
                .containsExactlyElementsOf(
                        LongStream.range(offsets.getFirst(), RECORDS).boxed().toList());
        Path gone = dump.sections().keySet().stream()
                .map(Path::getParent)
                .filter(DumpLogTest::isOfDeletedTopic)
                .findFirst()
                .orElseThrow();
        assertThat(dump.offsets(gone)).hasSize(RECORDS);
    }

    private static void assertIndexesSane(List<Path> files) {
        // What is left of a deleted topic will not be opened again, so Kafka leaves its indexes at the size that it
        // allocates.
        List<Path> indexes = files.stream()
                .filter(file ->
                        file.toString().endsWith(".index") || file.toString().endsWith(".timeindex"))
                .filter(file -> !isOfDeletedTopic(file.getParent()))
                .toList();
        DumpLog sane = DumpLog.of(indexes, "--index-sanity-check");
        assertAccepted(sane, indexes);
        // Nothing of it is said of an index without entries.
        assertThat(indexes)
                .allSatisfy(index ->
                        assertThat(String.join("", sane.lines(index))).matches(".*(passed sanity check|is empty)\\."));
        assertAccepted(DumpLog.of(indexes, "--verify-index-only"), indexes);
    }

    private static void assertDecoded(List<Path> files) {
        List<Path> metadata = logs(files, "__cluster_metadata-0", ".log", ".checkpoint");
        assertThat(metadata).anyMatch(file -> file.toString().endsWith(".checkpoint"));
        DumpLog decoded = DumpLog.of(metadata, "--cluster-metadata-decoder");
        assertAccepted(decoded, metadata);
        assertThat(decoded.run().output())
                .contains("\"type\":\"TOPIC_RECORD\"", "\"name\":\"rolled-by-time\"", "SnapshotHeader", "LeaderChange");

        List<Path> groups = logs(files, "__consumer_offsets-", ".log");
        DumpLog offsets = DumpLog.of(groups, "--offsets-decoder");
        assertAccepted(offsets, groups);
        assertThat(offsets.run().output()).contains("\"group\":\"readers\"", "\"offset\":4");
    }

    private static List<Path> logs(List<Path> files, String directory, String... suffixes) {
        return files.stream()
                .filter(file -> file.getParent().getFileName().toString().startsWith(directory))
                .filter(file -> Stream.of(suffixes).anyMatch(file.toString()::endsWith))
                .toList();
    }

    /** The same checks fail when a file is damaged, or all of the above would show nothing. */
    private static void assertTheToolCanComplain(Path data, Path copies) throws IOException {
        Path source = data.resolve("rolled-by-index-0");
        String base = "00000000000000000000";
        Path flipped = Files.createDirectory(copies.resolve("flipped")).resolve(base + ".log");
        byte[] log = Files.readAllBytes(source.resolve(base + ".log"));
        log[ByteBuffer.wrap(log).getInt(8) + 12 - 3] ^= 1;
        Files.write(flipped, log);
        Path cut = Files.createDirectory(copies.resolve("cut")).resolve(base + ".log");
        log = Files.readAllBytes(source.resolve(base + ".log"));
        Files.write(cut, Arrays.copyOf(log, log.length - 5));
        Path offsets = copyWithChange(source, copies, base, ".index", 8 + 3);
        Path times = copyWithChange(source, copies, base, ".timeindex", 12 + 7);
        Path snapshot = copies.resolve("00000000000000000013.snapshot");
        Files.write(snapshot, List.of("not a snapshot"));

        DumpLog dump =
                DumpLog.of(List.of(flipped, cut, offsets, times, snapshot), "--deep-iteration", "--print-data-log");

        assertThat(dump.lines(flipped).getFirst() + dump.lines(flipped).get(1)).contains("isvalid: false");
        assertThat(String.join("\n", dump.complaints()))
                .contains("invalid bytes at the end of " + cut.getFileName())
                .contains("Mismatches in :" + offsets)
                .contains("Found timestamp mismatch in :" + times);
        assertThat(DumpLog.of(List.of(snapshot)).complaints()).isNotEmpty();

        Files.write(offsets, new byte[3], StandardOpenOption.APPEND);
        assertThat(DumpLog.of(List.of(offsets), "--index-sanity-check").run().status())
                .isNotZero();
    }

    private static Path copyWithChange(Path source, Path copies, String base, String suffix, int position)
            throws IOException {
        Path directory = Files.createDirectory(copies.resolve("changed" + suffix));
        for (String each : List.of(".log", ".index", ".timeindex")) {
            Files.copy(source.resolve(base + each), directory.resolve(base + each));
        }
        Path changed = directory.resolve(base + suffix);
        byte[] bytes = Files.readAllBytes(source.resolve(base + suffix));
        bytes[position] ^= 1;
        Files.write(changed, bytes);
        return changed;
    }

    // ---- the files

    /** All files that the tool is for. Those that it is not for are known by their names, so that none escapes. */
    private static List<Path> readable(Path data) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(data)) {
            all = files.filter(Files::isRegularFile).sorted().toList();
        }
        Map<Boolean, List<Path>> parts = all.stream()
                .collect(Collectors.partitioningBy(
                        file -> file.toString().matches(".*\\.(log|index|timeindex|txnindex|snapshot|checkpoint)")));
        assertThat(parts.get(false))
                .filteredOn(file -> !file.toString().endsWith(".deleted"))
                .allMatch(file -> OTHERS.contains(file.getFileName().toString()));
        return parts.get(true);
    }

    private static List<String> segments(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".log"))
                    .sorted()
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
