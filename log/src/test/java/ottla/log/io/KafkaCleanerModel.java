package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.LogCleanerManager;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.PreCleanStats;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.format.Checkpoint;
import ottla.log.format.SegmentFiles;
import ottla.log.retain.CompactionPlan;
import ottla.log.retain.KeyOffsets;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;
import ottla.wire.record.RecordView;

/**
 * The same log cleaned by Kafka's cleaner and by ours, over and over as it grows and time moves on: the same segments, batches,
 * records, delete horizons, transaction indexes, and the same idea of what to clean next.
 */
class KafkaCleanerModel {
    /** A thousand take a minute and a half: {@code -Dottla.seeds=1000}. */
    private static final int SEEDS = Integer.getInteger("ottla.seeds", 150);

    private static final int ROUNDS = 4;
    private static final int BUFFER_BYTES = 2_000;
    private static final int RECORDS_BYTES_MAX = 1 << 20;

    /** What these make of the same records has the same size here and there. With the others, no decision may hang on sizes. */
    private static final List<Codec> EQUAL_CODECS = List.of(Codec.NONE, Codec.SNAPPY, Codec.LZ4);

    @TempDir
    private Path root;

    @Test
    void what_is_left_is_what_kafka_leaves() throws Exception {
        Long only = Long.getLong("ottla.seed");
        long passes = 0;
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try (Run run = new Run(seed, root.resolve("" + seed))) {
                passes += run.rounds();
            } catch (Exception | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        assertThat(passes).as("passes in which something was cleaned").isPositive();
    }

    private static final class Run implements AutoCloseable {
        private final SplittableRandom random;
        private final MemoryDisk disk = new MemoryDisk();
        private final TestLogs logs = new TestLogs(disk, System.currentTimeMillis());
        private final KafkaTime time = new KafkaTime();
        private final LogConfig config;
        private final Log log;
        private final UnifiedLog kafka;
        private final Path logDirectory;
        private final Path directory;
        private final LogCleanerManager manager;
        private final Cleaner cleaner;
        private final CleaningPass.Means means;
        private final boolean sizesMatter;
        private final List<Codec> codecs;
        private final Producer[] producers = new Producer[6];
        private OptionalLong checkpoint = OptionalLong.empty();

        private static final class Producer {
            private short epoch;
            private int nextSequence;
            private boolean inTransaction;
        }

        /** Time as this test sets it. */
        private final class KafkaTime implements Time {
            @Override
            public long milliseconds() {
                return logs.nowMs();
            }

            @Override
            public long nanoseconds() {
                return logs.nowMs() * 1_000_000;
            }

            @Override
            public void sleep(long delayMs) {
                throw new AssertionError("nobody is throttled");
            }

            @Override
            public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
                throw new AssertionError("nobody waits");
            }
        }

        Run(long seed, Path root) throws Exception {
            random = new SplittableRandom(seed);
            Map<String, String> texts = new TreeMap<>();
            texts.put("cleanup.policy", "compact");
            sizesMatter = random.nextBoolean();
            codecs = sizesMatter ? EQUAL_CODECS : Codec.ALL;
            texts.put("internal.segment.bytes", "" + (sizesMatter ? 600 + random.nextInt(3_000) : 1_000_000));
            texts.put("segment.index.bytes", "" + (sizesMatter ? 120 + random.nextInt(2_000) : 10_000));
            texts.put("index.interval.bytes", "" + random.nextInt(600));
            texts.put("delete.retention.ms", "" + random.nextInt(10_000));
            texts.put("min.cleanable.dirty.ratio", sizesMatter && random.nextInt(3) == 0 ? "0.5" : "0.01");
            texts.put("min.compaction.lag.ms", random.nextInt(3) == 0 ? "4000" : "0");
            texts.put("max.compaction.lag.ms", random.nextInt(4) == 0 ? "5000" : "" + Long.MAX_VALUE);
            config = TestLogs.config(texts);
            log = logs.open(config);
            logDirectory = root;
            directory = Files.createDirectories(root.resolve(TestLogs.PARTITION.toString()));
            kafka = KafkaLogs.open(directory, config, Stop.CLEAN, 0);
            ConcurrentMap<TopicPartition, UnifiedLog> all = new ConcurrentHashMap<>();
            all.put(kafka.topicPartition(), kafka);
            manager = new LogCleanerManager(List.of(root.toFile()), all, new LogDirFailureChannel(1));
            int keys = random.nextInt(3) == 0 ? 4 + random.nextInt(8) : 1_000;
            double loadFactor = 0.9;
            cleaner = new Cleaner(
                    0,
                    new SkimpyOffsetMap(keys * KeyOffsets.ENTRY_BYTES),
                    BUFFER_BYTES,
                    BUFFER_BYTES,
                    loadFactor,
                    new Throttler(Double.MAX_VALUE, 300, "cleaner-io", "bytes", time),
                    time,
                    partition -> {});
            means = new CleaningPass.Means(
                    new KeyOffsets((long) keys * KeyOffsets.ENTRY_BYTES, loadFactor),
                    new Throttle(Double.MAX_VALUE),
                    BUFFER_BYTES);
            for (int i = 0; i < producers.length; i++) {
                producers[i] = new Producer();
            }
        }

        int rounds() throws Exception {
            int cleaned = 0;
            for (int round = 0; round < ROUNDS; round++) {
                int count = 5 + random.nextInt(30);
                for (int i = 0; i < count; i++) {
                    append();
                    if (!sizesMatter && random.nextInt(6) == 0) {
                        log.roll();
                        kafka.roll();
                    }
                    logs.pass(random.nextInt(200));
                }
                log.onHighWatermark(log.endOffset());
                kafka.updateHighWatermark(log.endOffset());
                assertThat(log.lastStableOffset(log.endOffset())).isEqualTo(kafka.lastStableOffset());
                assertThat(ours()).isEqualTo(theirs());
                int passes = 1 + random.nextInt(3);
                for (int pass = 0; pass < passes; pass++) {
                    cleaned += clean() ? 1 : 0;
                    assertThat(ours()).as("after a pass in round " + round).isEqualTo(theirs());
                    logs.pass(random.nextInt(4_000));
                }
            }
            stateSurvives();
            return cleaned;
        }

        // ---- appending

        private void append() {
            int id = random.nextInt(-3, producers.length);
            if (id >= 3 && producers[id].inTransaction && random.nextInt(3) == 0) {
                producers[id].inTransaction = false;
                ControlType type = random.nextBoolean() ? ControlType.ABORT : ControlType.COMMIT;
                put(new EndTransactionMarker(type, 5)
                        .batch(log.endOffset(), logs.nowMs(), -1, id, producers[id].epoch));
                return;
            }
            Codec codec = random.nextBoolean() ? Codec.NONE : codecs.get(random.nextInt(codecs.size()));
            BatchWriter writer = BatchWriter.at(log.endOffset()).compressedWith(codec);
            int count = 1 + random.nextInt(6);
            if (id >= 0) {
                Producer producer = producers[id];
                if (!producer.inTransaction && random.nextInt(20) == 0) {
                    producer.epoch++;
                    producer.nextSequence = 0;
                }
                writer.producer(id, producer.epoch, producer.nextSequence);
                producer.nextSequence += count;
                if (id >= 3) {
                    producer.inTransaction = true;
                    writer.transactional();
                }
            }
            if (random.nextInt(4) == 0) {
                writer.appendTime(logs.nowMs());
            }
            for (int i = 0; i < count; i++) {
                ByteBuffer key = random.nextInt(30) == 0 ? null : TestLogs.bytes("key " + random.nextInt(14));
                byte[] value = new byte[random.nextInt(60)];
                random.nextBytes(value);
                writer.append(
                        logs.nowMs() - random.nextInt(500),
                        key,
                        random.nextInt(5) == 0 ? null : ByteBuffer.wrap(value));
            }
            put(writer.build());
        }

        private void put(ByteBuffer batch) {
            new BatchView(batch, 0).stampLeaderEpoch(0);
            kafka.appendAsFollower(MemoryRecords.readableRecords(batch.duplicate()), 0);
            assertThat(log.appendAsFollower(batch, 0)).isInstanceOf(AppendResult.Appended.class);
        }

        // ---- cleaning

        private boolean clean() throws Exception {
            CompactionPlan plan =
                    log.compacting().plan(checkpoint, log.lastStableOffset(log.endOffset()), logs.nowMs());
            Optional<LogToClean> wanted = manager.grabFilthiestCompactedLog(time, new PreCleanStats());
            assertThat(plan.due(config)).isEqualTo(wanted.isPresent());
            if (wanted.isEmpty()) {
                return false;
            }
            LogToClean theirs = wanted.get();
            assertThat(List.of(plan.firstDirtyOffset(), plan.endOffset()))
                    .isEqualTo(List.of(theirs.firstDirtyOffset(), theirs.firstUncleanableOffset()));
            if (sizesMatter) {
                assertThat(List.of(plan.cleanBytes(), plan.dirtyBytes()))
                        .isEqualTo(List.of(theirs.cleanBytes(), theirs.cleanableBytes()));
            }
            long theirEnd = cleaner.doClean(theirs, logs.nowMs()).getKey();
            manager.doneCleaning(kafka.topicPartition(), logDirectory.toFile(), theirEnd);
            Compacting.Work work =
                    log.compacting().begin(plan, log.compacting().watch()).orElseThrow();
            CleaningPass.Done done = new CleaningPass(new Alone(log), plan, work, means, logs.nowMs()).run();
            assertThat(done.cleanedTo())
                    .as(plan + " with room for " + means.offsets().keysMax() + " keys, " + done)
                    .isEqualTo(theirEnd);
            checkpoint = OptionalLong.of(done.cleanedTo());
            assertThat(Checkpoint.offsets(Map.of(TestLogs.PARTITION, done.cleanedTo())))
                    .isEqualTo(Files.readString(logDirectory.resolve(Checkpoint.CLEANER)));
            return true;
        }

        // ---- comparing

        private List<String> ours() {
            List<String> all = new ArrayList<>();
            for (String name : disk.list(TestLogs.PARTITION.toString())) {
                SegmentFiles.baseOffset(name, SegmentFiles.LOG).ifPresent(base -> {
                    all.add(name);
                    describe(all, bytes(name));
                    all.add("aborted " + hex(bytes(SegmentFiles.name(base, SegmentFiles.TRANSACTION_INDEX))));
                });
            }
            return all;
        }

        private ByteBuffer bytes(String name) {
            return SmallFiles.bytes(disk, TestLogs.PARTITION + "/" + name).orElse(ByteBuffer.allocate(0));
        }

        private List<String> theirs() throws IOException {
            List<String> all = new ArrayList<>();
            for (LogSegment segment : kafka.logSegments()) {
                all.add(segment.log().file().getName());
                describe(
                        all,
                        ByteBuffer.wrap(Files.readAllBytes(segment.log().file().toPath())));
                Path aborted = segment.txnIndex().file().toPath();
                all.add("aborted "
                        + hex(ByteBuffer.wrap(Files.exists(aborted) ? Files.readAllBytes(aborted) : new byte[0])));
            }
            return all;
        }

        /** Everything about the batches but how well they are compressed. */
        private static void describe(List<String> all, ByteBuffer bytes) {
            Batches batches = Batches.in(bytes);
            while (batches.advance()) {
                BatchView batch = batches.batch();
                assertThat(batch.isChecksumValid()).isTrue();
                all.add(batch.baseOffset() + ".." + batch.lastOffset() + " epoch " + batch.partitionLeaderEpoch()
                        + " attributes " + batch.attributes() + " times " + batch.baseTimestamp() + ".."
                        + batch.maxTimestamp() + " producer " + batch.producerId() + "/" + batch.producerEpoch()
                        + " sequence " + batch.baseSequence() + " count " + batch.recordCount()
                        + (batch.isCompressed() ? "" : " checksum " + batch.checksum()));
                for (RecordView record : batch.recordViews(RECORDS_BYTES_MAX)) {
                    all.add("  " + record.offset() + " at " + record.timestampMs() + " "
                            + TestLogs.text(record.key()) + "="
                            + Optional.ofNullable(record.value()).map(Run::hex).orElse("null"));
                }
            }
        }

        private static String hex(ByteBuffer bytes) {
            StringBuilder text = new StringBuilder();
            for (int i = bytes.position(); i < bytes.limit(); i++) {
                text.append(Character.forDigit(bytes.get(i) >> 4 & 15, 16))
                        .append(Character.forDigit(bytes.get(i) & 15, 16));
            }
            return text.toString();
        }

        /** What is left is enough to know again which sequence each producer may send next. */
        private void stateSurvives() {
            Map<Long, String> before = states(log);
            log.flush();
            for (String name : disk.list(TestLogs.PARTITION.toString())) {
                if (name.endsWith(SegmentFiles.PRODUCER_SNAPSHOT)) {
                    disk.delete(TestLogs.PARTITION + "/" + name);
                }
            }
            logs.crash();
            assertThat(states(logs.open(config, Stop.UNCLEAN, 0, 0))).isEqualTo(before);
        }

        private static Map<Long, String> states(Log log) {
            Map<Long, String> states = new TreeMap<>();
            log.producers()
                    .forEach(producer -> states.put(
                            producer.producerId(),
                            producer.epoch() + " " + producer.lastSequenceKnown() + " " + producer.lastOffset() + " "
                                    + producer.transactionFirstOffset()));
            return states;
        }

        @Override
        public void close() {
            manager.removeMetrics();
            kafka.close();
        }
    }

    /** A log that nobody else uses. */
    private record Alone(Log log) implements CleanableLog {
        @Override
        public ottla.base.TopicPartition partition() {
            return log.partition();
        }

        @Override
        public <T> Optional<T> locked(BiFunction<Log, Long, T> deed) {
            return Optional.of(deed.apply(log, log.lastStableOffset(log.endOffset())));
        }
    }
}
