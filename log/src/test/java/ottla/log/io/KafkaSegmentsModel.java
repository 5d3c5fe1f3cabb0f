package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.storage.internals.log.LogStartOffsetIncrementReason;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.RecordView;
import ottla.wire.record.TimestampType;

/**
 * Where segments begin, and what is found in them by time, by epoch and by the names that ListOffsets has for places in a log: as in
 * Kafka's log on the same input, whatever makes it roll (bytes, time by records or by the clock, full indexes, offsets too far apart),
 * after cuts, a risen log start and restarts.
 */
class KafkaSegmentsModel {
    private static final int SEEDS = 8;
    private static final int STEPS = 120;
    private static final long LATEST = -1;
    private static final long EARLIEST = -2;
    private static final long MAX_TIMESTAMP = -3;
    private static final long EARLIEST_LOCAL = -4;

    @TempDir
    private Path root;

    @Test
    void segments_and_what_is_found_in_them_are_kafkas() throws IOException {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed, Files.createDirectories(root.resolve(seed + "/topic-0"))).steps();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final Path directory;
        private final TestLogs logs = new TestLogs(new MemoryDisk(), 1_700_000_000_000L);
        private final LogConfig config;
        private final boolean follows;
        private final boolean indexSmall;
        private Log log;
        private UnifiedLog kafka;
        private final TreeSet<Long> ends = new TreeSet<>(List.of(0L));
        private final TreeMap<Long, TimestampSearch.Found> history = new TreeMap<>();
        private int epoch;
        private String step = "";

        Run(long seed, Path directory) throws IOException {
            random = new SplittableRandom(seed);
            this.directory = directory;
            follows = random.nextInt(3) == 0;
            Map<String, String> texts = new HashMap<>();
            texts.put("internal.segment.bytes", random.nextBoolean() ? "2500" : "1000000");
            texts.put("index.interval.bytes", random.nextBoolean() ? "100" : "1000");
            // Kafka's own recovery fails where an index is as small as this.
            indexSmall = random.nextBoolean();
            texts.put("segment.index.bytes", indexSmall ? "48" : "10485760");
            texts.put("segment.ms", random.nextBoolean() ? "20000" : "" + Long.MAX_VALUE);
            texts.put("message.timestamp.type", random.nextInt(4) == 0 ? "LogAppendTime" : "CreateTime");
            texts.put("message.timestamp.after.max.ms", "" + Long.MAX_VALUE);
            texts.put("cleanup.policy", follows ? "compact" : "delete"); // only a compacted log has gaps
            config = TestLogs.config(texts);
            log = logs.open(config);
            kafka = openKafka(Stop.CLEAN, 0, 0);
        }

        private UnifiedLog openKafka(Stop stop, long recoveryPoint, long start) throws IOException {
            return KafkaLogs.open(
                    directory,
                    config,
                    stop,
                    recoveryPoint,
                    start,
                    KafkaLogs.clock(logs::nowMs),
                    new ProducerStateManagerConfig(86_400_000, false));
        }

        void steps() throws IOException {
            for (int i = 0; i < STEPS; i++) {
                logs.pass(random.nextInt(1_500));
                switch (random.nextInt(30)) {
                    case 0 -> restart(Stop.CLEAN);
                    case 1 -> restart(indexSmall ? Stop.CLEAN : Stop.UNCLEAN);
                    case 2 -> truncate();
                    case 3 -> advanceStart();
                    case 4 -> epoch++;
                    case 5 -> logs.pass(25_000);
                    default -> append();
                }
                assertSame("step " + i + " " + step);
            }
            kafka.close();
        }

        private void append() throws IOException {
            long gap = follows && log.sizeBytes() > 0 && random.nextInt(40) == 0
                    ? Integer.MAX_VALUE - random.nextInt(3)
                    : random.nextInt(4);
            ByteBuffer records = batch(follows ? log.endOffset() + gap : 0);
            AppendResult result;
            step = "append";
            if (follows) {
                kafka.appendAsFollower(MemoryRecords.readableRecords(copy(records)), epoch);
                result = log.appendAsFollower(copy(records), epoch);
            } else {
                KafkaLogs.append(kafka, records, epoch, org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT);
                result = log.appendAsLeader(copy(records), epoch, AppendOrigin.CLIENT, logs.nowMs());
            }
            assertThat(result).isInstanceOf(AppendResult.Appended.class);
            ends.add(log.endOffset());
            for (RecordView record : new BatchView(records, 0).recordViews(1 << 20)) {
                long offset = log.endOffset() - 1 - new BatchView(records, 0).lastOffset() + record.offset();
                long timestampMs = config.messageTimestampType() == TimestampType.CREATE_TIME || follows
                        ? record.timestampMs()
                        : logs.nowMs();
                history.put(offset, new TimestampSearch.Found(offset, timestampMs, epoch));
            }
        }

        private ByteBuffer batch(long offset) {
            Codec codec = Codec.ALL.get(random.nextInt(8) < 4 ? 0 : random.nextInt(Codec.ALL.size()));
            BatchWriter writer = BatchWriter.at(offset).compressedWith(codec).leaderEpoch(epoch);
            long aboutMs = random.nextInt(20) == 0 ? logs.nowMs() + random.nextInt(100_000) : logs.nowMs();
            boolean timeless = random.nextInt(15) == 0;
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                long timestampMs = timeless ? -1 : aboutMs + random.nextInt(3_000) - 2_000;
                writer.append(timestampMs, TestLogs.bytes("key " + i), TestLogs.bytes("v".repeat(random.nextInt(200))));
            }
            return writer.build();
        }

        private static ByteBuffer copy(ByteBuffer records) {
            return ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
        }

        private void truncate() {
            long least = Math.max(log.logStartOffset(), log.endOffset() - 20);
            long end = Objects.requireNonNull(ends.ceiling(random.nextLong(least, log.endOffset() + 1)));
            step = "truncate to " + end;
            kafka.truncateTo(end);
            log.truncateTo(end);
            ends.tailSet(end, false).clear();
            history.tailMap(end, true).clear();
        }

        private void advanceStart() throws IOException {
            long start =
                    random.nextLong(log.logStartOffset(), Math.min(log.endOffset(), log.logStartOffset() + 20) + 1);
            step = "log start " + start;
            kafka.updateHighWatermark(log.endOffset());
            kafka.maybeIncrementLogStartOffset(start, LogStartOffsetIncrementReason.ClientRecordDeletion);
            log.advanceLogStart(start);
        }

        private void restart(Stop stop) throws IOException {
            step = "restart " + stop;
            long start = log.logStartOffset();
            if (stop == Stop.CLEAN) {
                log.close();
                kafka.close();
            } else {
                log.abandon();
                logs.crash();
                kafka.closeHandlers();
            }
            log = logs.open(config, stop, start, stop == Stop.CLEAN ? log.recoveryPoint() : 0);
            kafka = openKafka(stop, stop == Stop.CLEAN ? kafka.recoveryPoint() : 0, start);
        }

        private void assertSame(String where) throws IOException {
            assertThat(log.endOffset()).as(where).isEqualTo(kafka.logEndOffset());
            assertThat(log.sizeBytes()).as(where).isEqualTo(kafka.size());
            assertThat(segments()).as(where + " " + config.texts()).isEqualTo(kafkasSegments());
            assertThat(log.logStartOffset()).as(where).isEqualTo(kafka.logStartOffset());
            assertFound(where, logs.nowMs() + random.nextInt(200_000) - 150_000);
            assertFound(where, MAX_TIMESTAMP);
            assertFound(where, LATEST);
            assertFound(where, EARLIEST);
            assertFound(where, EARLIEST_LOCAL);
            int asked = random.nextInt(epoch + 3) - 1;
            assertThat(log.endOfEpoch(asked).map(end -> end.endOffset() + " " + end.epoch()))
                    .as(where)
                    .isEqualTo(kafka.endOffsetForEpoch(asked).map(end -> end.offset() + " " + end.epoch()));
        }

        private List<String> segments() {
            return logs.disk().list(TestLogs.PARTITION.toString()).stream()
                    .filter(name -> name.endsWith(".log"))
                    .toList();
        }

        private List<String> kafkasSegments() throws IOException {
            try (Stream<Path> files = Files.list(directory)) {
                return files.map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(".log"))
                        .sorted()
                        .toList();
            }
        }

        private void assertFound(String where, long wanted) throws IOException {
            Optional<TimestampSearch.Found> there = kafka.fetchOffsetByTimestamp(wanted, Optional.empty())
                    .timestampAndOffsetOpt()
                    .filter(found -> found.offset >= 0)
                    .map(found ->
                            new TimestampSearch.Found(found.offset, found.timestamp, found.leaderEpoch.orElse(-1)));
            long start = log.logStartOffset();
            if (wanted == LATEST) {
                assertThat(there).as(where).contains(place(log.endOffset(), log.latestEpoch()));
            } else if (wanted == EARLIEST) {
                assertThat(there).as(where).contains(place(start, log.epochAt(start)));
            } else if (wanted == EARLIEST_LOCAL) {
                long local = log.localLogStartOffset();
                assertThat(there).as(where).contains(place(local, log.epochAt(local)));
            } else {
                String what = where + " time " + wanted + " from " + start;
                Optional<TimestampSearch.Found> right = wanted == MAX_TIMESTAMP ? latest(start) : first(start, wanted);
                Optional<TimestampSearch.Found> here =
                        (wanted == MAX_TIMESTAMP ? log.findLargestTimestamp() : log.findTimestamp(wanted)).run();
                assertThat(here).as(what).isEqualTo(right);
                // Kafka takes records into account that were given up with a part of their segment.
                if (log.localLogStartOffset() == 0 || segments().getFirst().startsWith(String.format("%020d", start))) {
                    assertThat(here).as(what).isEqualTo(there);
                }
            }
        }

        private static TimestampSearch.Found place(long offset, OptionalInt epoch) {
            return new TimestampSearch.Found(offset, -1, epoch.orElse(-1));
        }

        private Optional<TimestampSearch.Found> first(long start, long timestampMs) {
            return history.tailMap(start, true).values().stream()
                    .filter(record -> record.timestampMs() >= timestampMs)
                    .findFirst();
        }

        private Optional<TimestampSearch.Found> latest(long start) {
            Optional<TimestampSearch.Found> latest = Optional.empty();
            for (TimestampSearch.Found record : history.tailMap(start, true).values()) {
                if (latest.isEmpty() || record.timestampMs() > latest.get().timestampMs()) {
                    latest = Optional.of(record);
                }
            }
            return latest;
        }
    }
}
