package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import ottla.base.TopicPartition;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.log.retain.CompactionPlan;
import ottla.log.retain.KeyOffsets;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordView;

/**
 * A log that is cleaned while it grows, is cut at its end and loses its front, on a disk that fails and loses what was not synced. Whenever it
 * is opened again: it reaches as far as was flushed, what is in it was appended there and lies in order, the newest record of
 * every key that was flushed is there, and opening it once more changes nothing.
 */
class CleaningCrashSimulation {
    private static final int SEEDS = 2_000;
    private static final int RECORDS_BYTES_MAX = 1 << 16;

    private static final CrashRuns RUNS = new CrashRuns();

    private static final String FINISHED = "a pass that was finished";

    @AfterAll
    static void close() {
        RUNS.close();
    }

    @Test
    void a_compacted_log_survives_crashes() {
        if (RUNS.all(SEEDS, CleaningCrashSimulation::run)) {
            RUNS.requireSeen(
                    EnumSet.complementOf(EnumSet.of(FaultyDisk.Event.BIT_ROTTEN)),
                    FINISHED,
                    "finishing the compaction",
                    "deleting",
                    "before its start offset",
                    "torn at position",
                    "Dropping",
                    "leader epochs anew",
                    "Leaving out snapshot",
                    "is full",
                    "has room again",
                    "Could not flush");
        }
    }

    private static void run(long seed) {
        Run run = new Run(seed);
        run.crashes();
        RUNS.saw(run.disk);
    }

    private record Appended(long offset, String key, String value) {}

    private static final class Run implements CleanableLog {
        private final SplittableRandom random;
        private final FaultyDisk disk;
        private final TestLogs logs;
        private final LogConfig config;
        private final TreeMap<Long, Appended> model = new TreeMap<>();
        private final TreeSet<Long> batches = new TreeSet<>();
        private final CleaningPass.Means means;
        private OptionalLong checkpoint = OptionalLong.empty();
        private Log log;
        private int number;
        private long recoveryPoint;

        /** What a pass came upon was not its own failure. */
        private boolean failedElsewhere;

        /** What was ever given as stable: a log is not cut below that. */
        private long stable;

        Run(long seed) {
            random = new SplittableRandom(seed);
            disk = new FaultyDisk(seed);
            logs = new TestLogs(disk);
            logs.writtenDownBy((partition, offset) -> recoveryPoint = Math.min(recoveryPoint, offset));
            config = TestLogs.config(Map.of(
                    "cleanup.policy", "compact",
                    "internal.segment.bytes", "" + (400 + random.nextInt(1_500)),
                    "index.interval.bytes", "" + random.nextInt(300),
                    "file.delete.delay.ms", "100",
                    "min.cleanable.dirty.ratio", "0.01"));
            int keys = random.nextBoolean() ? 1_000 : 6;
            means = new CleaningPass.Means(
                    new KeyOffsets((long) keys * KeyOffsets.ENTRY_BYTES, 0.9), new Throttle(Double.MAX_VALUE), 600);
            log = logs.open(config);
        }

        void crashes() {
            for (int crash = 0; crash < 4; crash++) {
                try {
                    for (int round = random.nextInt(4); round >= 0; round--) {
                        if (random.nextInt(6) == 0) {
                            disk.failAfter(
                                    random.nextInt(150),
                                    random.nextBoolean() ? DiskFailure.Kind.BROKEN : DiskFailure.Kind.FULL,
                                    random.nextInt(4) == 0
                                            ? FaultyDisk.Refusals.READS_TOO
                                            : FaultyDisk.Refusals.WRITES);
                        }
                        work(20);
                        clean();
                        check(log.endOffset());
                    }
                } catch (DiskFailure failure) {
                    // The owner takes the log offline; here the machine then goes down, too.
                }
                crashAndCheck();
            }
        }

        private void work(int stepsMax) {
            for (int i = random.nextInt(stepsMax); i > 0; i--) {
                int dice = random.nextInt(100);
                logs.pass(random.nextInt(30));
                if (dice < 80) {
                    append();
                } else if (dice < 88) {
                    log.flush();
                } else if (dice < 94) {
                    logs.background().run();
                } else if (dice < 96) {
                    truncate();
                } else if (dice < 97) {
                    log.advanceLogStart(log.logStartOffset() + (log.endOffset() - log.logStartOffset()) / 4);
                    log.retain(log.endOffset(), logs.nowMs());
                } else {
                    recoveryPoint = log.recoveryStart();
                }
            }
        }

        private void append() {
            List<Appended> batch = new ArrayList<>();
            BatchWriter writer = BatchWriter.at(0);
            for (int i = random.nextInt(3); i >= 0; i--) {
                Appended record =
                        new Appended(log.endOffset() + batch.size(), "key " + random.nextInt(9), "value " + number++);
                batch.add(record);
                writer.append(logs.nowMs(), TestLogs.bytes(record.key), TestLogs.bytes(record.value));
            }
            boolean appended = true; // nobody was told, but it may be there
            try {
                ByteBuffer records = writer.build();
                AppendResult result = log.appendAsLeader(records, 0, AppendOrigin.CLIENT, logs.nowMs());
                appended = result instanceof AppendResult.Appended;
            } finally {
                if (appended) {
                    batches.add(batch.getFirst().offset);
                    batch.forEach(record -> model.put(record.offset, record));
                }
            }
        }

        /** Where a batch begins, as followers are told to. */
        private void truncate() {
            Long offset = batches.floor(log.endOffset() - 1 - random.nextInt(12));
            if (offset == null || offset < stable) {
                return;
            }
            log.truncateTo(offset);
            forgetBeyond(log.endOffset());
        }

        private void forgetBeyond(long end) {
            model.tailMap(end, true).clear();
            batches.tailSet(end, true).clear();
        }

        private void clean() {
            stable = Math.max(stable, log.endOffset() - random.nextInt(8));
            CompactionPlan plan = log.compacting().plan(checkpoint, stable, logs.nowMs());
            if (!plan.due(config)) {
                return;
            }
            Compacting.Work work =
                    log.compacting().begin(plan, log.compacting().watch()).orElseThrow();
            try {
                checkpoint = OptionalLong.of(new CleaningPass(this, plan, work, means, logs.nowMs())
                        .run()
                        .cleanedTo());
                RUNS.saw(FINISHED);
            } catch (CleaningGivenUp givenUp) {
                // The log was cut, or lost segments, in the middle of it.
            } catch (DiskFailure failure) {
                if (failure.kind() != DiskFailure.Kind.FULL || failedElsewhere) {
                    throw failure;
                }
            }
        }

        /** Whatever else is done with the log is done before a pass gets the lock. */
        @Override
        public <T> Optional<T> locked(BiFunction<Log, Long, T> deed) {
            if (random.nextInt(8) == 0) {
                failedElsewhere = true;
                work(4);
                failedElsewhere = false;
            }
            return Optional.of(deed.apply(log, log.endOffset()));
        }

        @Override
        public TopicPartition partition() {
            return log.partition();
        }

        private void crashAndCheck() {
            long flushed = log.recoveryPoint();
            long start = log.logStartOffset();
            failedElsewhere = false;
            log.abandon();
            disk.crash();
            logs.crash();
            log = logs.open(config, Stop.UNCLEAN, start, recoveryPoint);
            assertThat(log.endOffset()).isGreaterThanOrEqualTo(flushed);
            assertThat(log.endOffset())
                    .as("what a pass went by is on disk")
                    .isGreaterThanOrEqualTo(checkpoint.orElse(0));
            forgetBeyond(log.endOffset());
            stable = Math.min(stable, log.endOffset());
            long survives = Math.max(flushed, checkpoint.orElse(0));
            List<Appended> found = check(survives);
            // A compacted log may have gaps, so one that the crash made is not told from them.
            model.tailMap(survives, true).values().retainAll(found);
            assertThat(disk.list(log.directory()))
                    .noneMatch(name -> name.endsWith(".swap") || name.endsWith(".cleaned"));
            log.abandon();
            logs.crash();
            log = logs.open(config, Stop.UNCLEAN, start, recoveryPoint);
            assertThat(check(log.endOffset())).isEqualTo(found);
        }

        /** @param end the newest record of each key below must be there, unless a newer one is */
        private List<Appended> check(long end) {
            List<Appended> found = new ArrayList<>();
            long offset = log.logStartOffset();
            while (offset < log.endOffset()) {
                Payload payload = LogTest.payload(log.read(offset, log.endOffset(), 10_000, ReadLeast.ONE_BATCH));
                if (payload.sizeBytes() == 0) {
                    break;
                }
                for (BatchView batch : Batches.each(payload.contiguous())) {
                    assertThat(batch.isChecksumValid()).isTrue();
                    assertThat(batch.lastOffset()).isGreaterThanOrEqualTo(offset);
                    for (RecordView record : batch.recordViews(RECORDS_BYTES_MAX)) {
                        Appended appended = new Appended(
                                record.offset(), TestLogs.text(record.key()), TestLogs.text(record.value()));
                        assertThat(model.get(record.offset())).isEqualTo(appended);
                        found.add(appended);
                    }
                    offset = batch.endOffset();
                }
                payload.release();
            }
            Map<String, Long> newest = new HashMap<>();
            found.forEach(record -> newest.put(record.key, record.offset));
            model.tailMap(log.logStartOffset(), true)
                    .headMap(Math.max(end, log.logStartOffset()))
                    .values()
                    .forEach(record -> assertThat(newest.getOrDefault(record.key, -1L))
                            .as("something as new as " + record)
                            .isGreaterThanOrEqualTo(record.offset));
            assertThat(found).isSortedAccordingTo((a, b) -> Long.compare(a.offset, b.offset));
            return found;
        }
    }
}
