package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.tools.DumpLogSegments;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/** The same records in Kafka's log and in ours give the same bytes in every file, and each opens what the other left. */
class KafkaExchangeTest {
    private static final String DIRECTORY = TestLogs.PARTITION.toString();
    private static final LogConfig CONFIG = TestLogs.config(Map.of(
            "internal.segment.bytes", "6000",
            "index.interval.bytes", "500",
            "message.timestamp.after.max.ms", "" + Long.MAX_VALUE));

    /** Kafka forgets producers whose last record is a day old by its own clock. */
    private static final long NOW_MS = System.currentTimeMillis();

    @TempDir
    private Path root;

    /** A history of a partition: batches of all kinds, each with the epoch it was appended in. */
    private record Append(ByteBuffer records, int epoch, AppendOrigin origin) {}

    private static List<Append> history(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Append> history = new ArrayList<>();
        Map<Long, Integer> sequences = new HashMap<>();
        long timestampMs = NOW_MS;
        int epoch = 0;
        for (int i = 0; i < count; i++) {
            epoch += random.nextInt(40) == 0 ? 1 : 0;
            timestampMs += random.nextInt(100) - 20;
            long producerId = random.nextLong(-1, 4);
            if (producerId == 3 && random.nextInt(4) == 0) {
                ControlType type = random.nextBoolean() ? ControlType.ABORT : ControlType.COMMIT;
                ByteBuffer marker = new EndTransactionMarker(type, 5).batch(0, timestampMs, -1, producerId, (short) 0);
                history.add(new Append(marker, epoch, AppendOrigin.COORDINATOR));
                continue;
            }
            Codec codec = Codec.ALL.get(random.nextInt(Codec.ALL.size()));
            BatchWriter writer = BatchWriter.at(0).compressedWith(codec);
            int records = 1 + random.nextInt(5);
            if (producerId >= 0) {
                int next = sequences.getOrDefault(producerId, 0);
                writer.producer(producerId, (short) 0, next);
                sequences.put(producerId, next + records);
            }
            if (producerId == 3) {
                writer.transactional();
            }
            for (int record = 0; record < records; record++) {
                writer.append(
                        timestampMs + record,
                        TestLogs.bytes("key " + i),
                        TestLogs.bytes("v".repeat(random.nextInt(200))));
            }
            history.add(new Append(writer.build(), epoch, AppendOrigin.CLIENT));
        }
        return history;
    }

    @Test
    void every_file_is_the_same() throws IOException {
        Path ours = root.resolve("ours");
        Path theirs = root.resolve("theirs").resolve(DIRECTORY);
        Files.createDirectories(theirs);
        TestLogs logs = new TestLogs(new FileDisk(ours), NOW_MS);
        Log log = logs.open(CONFIG);
        log.assignTopicId(new Uuid(1, 2));
        UnifiedLog kafka = KafkaLogs.open(theirs, CONFIG, Stop.CLEAN, 0);
        for (Append append : history(1, 400)) {
            append(kafka, append);
            append(log, append);
            assertThat(log.endOffset()).isEqualTo(kafka.logEndOffset());
            assertThat(log.recoveryPoint()).isLessThanOrEqualTo(log.endOffset());
        }
        log.close();
        kafka.close();

        Map<String, byte[]> expected = files(theirs);
        Map<String, byte[]> actual = files(ours.resolve(DIRECTORY));
        expected.entrySet().removeIf(file -> file.getKey().endsWith(".txnindex") && file.getValue().length == 0);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        assertThat(expected.keySet())
                .filteredOn(name -> name.endsWith(".txnindex"))
                .isNotEmpty();
        expected.forEach((name, bytes) -> {
            byte[] own = actual.getOrDefault(name, new byte[0]);
            if (name.endsWith(".snapshot")) {
                assertThat(producers(own)).as(name).isEqualTo(producers(bytes));
            } else {
                assertThat(own).as(name).isEqualTo(bytes);
            }
        });
    }

    @Test
    void kafka_opens_what_we_closed_and_we_open_what_kafka_closed() throws IOException {
        TestLogs logs = new TestLogs(new FileDisk(root), NOW_MS);
        List<Append> history = history(2, 500);
        Log log = logs.open(CONFIG);
        log.assignTopicId(new Uuid(1, 2));
        history.subList(0, 150).forEach(append -> append(log, append));
        log.close();
        Map<String, byte[]> before = files(root.resolve(DIRECTORY));

        UnifiedLog kafka = KafkaLogs.open(root.resolve(DIRECTORY), CONFIG, Stop.CLEAN, log.recoveryPoint());
        assertThat(kafka.logEndOffset()).isEqualTo(log.endOffset());
        assertThat(kafka.producerIdCount()).isEqualTo(log.producers().size());
        assertThat(kafka.latestEpoch().orElseThrow())
                .isEqualTo(log.latestEpoch().orElseThrow());
        // Opened without making anything anew.
        before.forEach((name, bytes) -> {
            if (name.endsWith(".log") || name.endsWith(".snapshot")) {
                assertThat(files(root.resolve(DIRECTORY)).get(name)).as(name).isEqualTo(bytes);
            }
        });
        for (Append append : history.subList(150, 300)) {
            append(kafka, append);
        }
        kafka.close();

        Log again = logs.open(CONFIG, Stop.CLEAN, 0, kafka.recoveryPoint());
        assertThat(again.endOffset()).isEqualTo(kafka.logEndOffset());
        assertThat(again.topicId()).contains(new Uuid(1, 2));
        history.subList(300, 500).forEach(append -> append(again, append));
        assertThat(offsets(again)).isEqualTo(again.endOffset());
        again.close();

        UnifiedLog last = KafkaLogs.open(root.resolve(DIRECTORY), CONFIG, Stop.CLEAN, again.recoveryPoint());
        assertThat(offsets(last)).isEqualTo(again.endOffset());
        last.close();
    }

    @Test
    void each_recovers_what_the_other_left_when_it_was_killed() throws IOException {
        List<Append> history = history(3, 300);
        TestLogs logs = new TestLogs(new FileDisk(root), NOW_MS);
        UnifiedLog killed = KafkaLogs.open(Files.createDirectories(root.resolve(DIRECTORY)), CONFIG, Stop.CLEAN, 0);
        for (Append append : history.subList(0, 150)) {
            append(killed, append);
        }
        // Kafka's preallocated indexes are still at their full size.
        Log log = logs.open(CONFIG, Stop.UNCLEAN, 0, 0);
        assertThat(log.endOffset()).isEqualTo(killed.logEndOffset());
        assertThat(log.producers()).hasSize(killed.producerIdCount());
        history.subList(150, 300).forEach(append -> append(log, append));
        assertThat(offsets(log)).isEqualTo(log.endOffset());
        log.abandon();
        logs.crash();

        UnifiedLog kafka = KafkaLogs.open(root.resolve(DIRECTORY), CONFIG, Stop.UNCLEAN, 0);
        assertThat(kafka.logEndOffset()).isEqualTo(log.endOffset());
        assertThat(offsets(kafka)).isEqualTo(log.endOffset());
        kafka.close();
    }

    @Test
    void the_stock_dump_tool_finds_nothing_wrong() throws IOException {
        TestLogs logs = new TestLogs(new FileDisk(root), NOW_MS);
        Log log = logs.open(CONFIG);
        List<Append> history = history(4, 500);
        history.subList(0, 300).forEach(append -> append(log, append));
        log.advanceLogStart(log.endOffset() / 3);
        assertThat(log.retain(log.endOffset(), NOW_MS)).isPositive();
        log.roll();
        history.subList(300, 400).forEach(append -> append(log, append));
        log.truncateTo(log.endOffset() - 40);
        log.beginEpoch(100);
        history.subList(400, 500).stream()
                .filter(append ->
                        append.origin == AppendOrigin.COORDINATOR || !new BatchView(append.records, 0).hasProducerId())
                .forEach(append -> append(log, new Append(append.records, 100, append.origin)));
        log.close();
        logs.pass(CONFIG.fileDeleteDelayMs());
        Set<String> names = files(root.resolve(DIRECTORY)).keySet();
        for (String suffix : List.of(".log", ".index", ".timeindex", ".txnindex", ".snapshot")) {
            assertThat(names).filteredOn(name -> name.endsWith(suffix)).hasSizeGreaterThan(1);
        }
        for (String name : names) {
            String file = root.resolve(DIRECTORY).resolve(name).toString();
            if (name.endsWith(".log")) {
                assertThat(dump("--deep-iteration", "--print-data-log", "--files", file))
                        .contains("baseOffset")
                        .contains("isvalid: true")
                        .doesNotContain("isvalid: false", "Found", "at the end of");
            } else if (name.endsWith(".index") || name.endsWith(".timeindex")) {
                assertThat(dump("--index-sanity-check", "--verify-index-only", "--files", file))
                        .contains("passed sanity check")
                        .doesNotContain("Mismatches");
                assertThat(dump("--files", file)).doesNotContain("Mismatches", "not in", "out of order");
            } else if (name.endsWith(".txnindex")) {
                boolean empty = Files.size(Path.of(file)) == 0;
                assertThat(dump("--files", file).contains("producerId:"))
                        .as(name)
                        .isNotEqualTo(empty);
            } else if (name.endsWith(".snapshot")) {
                assertThat(dump("--files", file)).contains("producerId:");
            }
        }
    }

    private static String dump(String... arguments) throws IOException {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
            System.setErr(System.out);
            DumpLogSegments.main(arguments);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static void append(UnifiedLog kafka, Append append) throws IOException {
        KafkaLogs.append(
                kafka,
                append.records,
                append.epoch,
                append.origin == AppendOrigin.CLIENT
                        ? org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT
                        : org.apache.kafka.storage.internals.log.AppendOrigin.COORDINATOR);
    }

    private static void append(Log log, Append append) {
        ByteBuffer copy = ByteBuffer.allocate(append.records.remaining())
                .put(append.records.duplicate())
                .flip();
        AppendResult result = log.appendAsLeader(copy, append.epoch, append.origin, NOW_MS);
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
    }

    /** Reads all of it and returns where it ends. */
    private static long offsets(Log log) {
        long offset = 0;
        while (offset < log.endOffset()) {
            var payload = LogTest.payload(log.read(offset, log.endOffset(), 3_000, ReadLeast.ONE_BATCH));
            for (BatchView batch : ottla.wire.record.Batches.each(payload.contiguous())) {
                assertThat(batch.baseOffset()).isEqualTo(offset);
                assertThat(batch.isChecksumValid()).isTrue();
                offset = batch.endOffset();
            }
            payload.release();
        }
        return offset;
    }

    private static long offsets(UnifiedLog kafka) throws IOException {
        long offset = 0;
        while (offset < kafka.logEndOffset()) {
            var read = kafka.read(offset, 3_000, FetchIsolation.LOG_END, true);
            for (RecordBatch batch : read.records.batches()) {
                batch.ensureValid();
                assertThat(batch.baseOffset()).isEqualTo(offset);
                offset = batch.nextOffset();
            }
        }
        return offset;
    }

    /** The entries of a snapshot, whose order is that of a hash map. */
    private static List<ByteBuffer> producers(byte[] snapshot) {
        int entryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;
        int head = 2 + 4 + 4;
        List<ByteBuffer> entries = new ArrayList<>();
        for (int at = head; at < snapshot.length; at += entryBytes) {
            entries.add(ByteBuffer.wrap(Arrays.copyOfRange(snapshot, at, at + entryBytes)));
        }
        entries.sort(ByteBuffer::compareTo);
        return entries;
    }

    private static Map<String, byte[]> files(Path directory) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> list = Files.list(directory)) {
            for (Path file : list.toList()) {
                files.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return files;
    }
}
