package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.format.MetaProperties;
import ottla.log.io.Background;
import ottla.log.io.DiskFailure;
import ottla.log.io.FaultyDisk;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.log.io.TestLogs;
import ottla.replication.partition.Assignment;
import ottla.wire.primitive.Payload;
import ottla.wire.record.Batches;

/**
 * A log moves to and fro between two disks that lose and tear what was not synced, fail, and lose power again and again. After each
 * start there is one log, it has all that was acknowledged, in order and without gaps, and the move goes on.
 */
class MoveCrashSimulation {
    private static final int SEEDS = Integer.getInteger("ottla.simulation.seeds", 150);
    private static final TopicPartition NAME = new TopicPartition("topic", 0);
    private static final Uuid ID = new Uuid(3, 4);

    @Test
    void a_moving_log_survives_crashes() {
        Long only = Long.getLong("ottla.seed");
        int arrivals = 0;
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                arrivals += new Run(seed).crashes();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        if (only == null) {
            assertThat(arrivals)
                    .as("logs that were in another directory after a crash")
                    .isGreaterThan(SEEDS / 4);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "103, the first segment of a copy was lost and the copy took the second for the start of the log",
        "221, a segment in the middle of a copy was lost and taken for compacted",
        "1282, what came into the copy with the exchange was not on disk when the log was removed"
    })
    void a_bug_stays_fixed(long seed, String bug) {
        try {
            new Run(seed).crashes();
        } catch (RuntimeException | AssertionError failure) {
            throw new AssertionError(bug, failure);
        }
    }

    @Test
    void a_seed_stands_for_one_course_of_events() {
        for (long seed = 0; seed < 10; seed++) {
            Run once = new Run(seed);
            Run again = new Run(seed);
            once.crashes();
            again.crashes();
            assertThat(again.course).as("seed %s", seed).isEqualTo(once.course);
        }
    }

    /** Work in the background, one piece at a time. */
    private static final class Pieces implements Background {
        private final Deque<Runnable> tasks = new ArrayDeque<>();

        @Override
        public void soon(Runnable task) {
            tasks.add(task);
        }

        @Override
        public void after(long delayMs, Runnable task) {
            tasks.add(task);
        }

        boolean runOne() {
            Runnable task = tasks.poll();
            if (task != null) {
                task.run();
            }
            return task != null;
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final List<FaultyDisk> disks;
        private final List<Runnable> flushes = new ArrayList<>();
        private final List<String> course = new ArrayList<>();
        private final LogConfig config;
        private Pieces pieces = new Pieces();
        private LogStore store;
        private Replicas replicas;
        private Replica replica;
        private int epoch;
        private int written;
        private long acknowledged;

        Run(long seed) {
            random = new SplittableRandom(seed);
            // nothing is compacted here, but a log that might be must not take a lost segment for one that was
            config = TestLogs.config(Map.of(
                    "internal.segment.bytes",
                    "3000",
                    "flush.messages",
                    "1",
                    "retention.ms",
                    "-1",
                    "cleanup.policy",
                    seed % 2 == 0 ? "delete" : "compact"));
            disks = List.of(new FaultyDisk(2 * seed, "disk 0"), new FaultyDisk(2 * seed + 1, "disk 1"));
            store = open();
            replicas = replicas();
            replica = lead();
        }

        int crashes() {
            int arrivals = 0;
            for (int crash = 0; crash < 5; crash++) {
                String before = place();
                if (random.nextInt(3) == 0) {
                    disks.get(random.nextInt(2)).failAfter(random.nextInt(80), DiskFailure.Kind.BROKEN);
                }
                work();
                disks.forEach(FaultyDisk::crash);
                restart();
                arrivals += place().equals(before) ? 0 : 1;
            }
            while (pieces.runOne()) {
                runFlushes();
            }
            check();
            assertThat(replica.isMoving()).isFalse();
            assertThat(names(NAME + ".")).as("copies").isZero();
            return arrivals;
        }

        private void work() {
            int steps = random.nextInt(200);
            for (int i = 0; i < steps; i++) {
                int dice = random.nextInt(100);
                if (dice < 35) {
                    append();
                } else if (dice < 42) {
                    ErrorCode answer = replicas.alterDirectory(NAME, "disk " + random.nextInt(2));
                    assertThat(answer).isIn(ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR);
                } else if (dice < 48) {
                    store.saveRecoveryPoints();
                    store.saveLogStartOffsets();
                } else {
                    for (int n = random.nextInt(4); n > 0; n--) {
                        pieces.runOne();
                    }
                }
                runFlushes();
                if (replica.isOnline()) {
                    acknowledged = Math.max(acknowledged, replica.highWatermark());
                }
            }
        }

        private void append() {
            String[] values = new String[1 + random.nextInt(3)];
            for (int i = 0; i < values.length; i++) {
                values[i] = "value " + (written + i) + " " + "x".repeat(random.nextInt(400));
            }
            if (TestReplicas.append(replica, values) instanceof AppendResult.Appended) {
                written += values.length;
            }
        }

        private void runFlushes() {
            List<Runnable> due = List.copyOf(flushes);
            flushes.clear();
            due.forEach(Runnable::run);
        }

        private void restart() {
            pieces = new Pieces();
            flushes.clear();
            store = open();
            replicas = replicas();
            replicas.load(List.of(new LogStore.Wanted(NAME, ID, config)), 2);
            replica = lead();
            check();
        }

        private void check() {
            long end = replica.endOffset();
            assertThat(end).as("the end of the log").isBetween(acknowledged, (long) written);
            course.add(place() + " ends at " + end);
            // what nobody was told of may be gone, and is written anew
            written = (int) end;
            assertThat(names(NAME.toString())).as("logs of the partition").isEqualTo(1);
            long offset = 0;
            while (offset < end) {
                Payload records = replica.readAsLeader(epoch, offset, 1 << 20).orElseThrow();
                Batches batches = Batches.in(records.contiguous());
                while (batches.advance()) {
                    assertThat(batches.batch().baseOffset()).isEqualTo(offset);
                    assertThat(batches.batch().isChecksumValid()).isTrue();
                    offset = batches.batch().endOffset();
                }
                records.release();
            }
        }

        private long names(String beginning) {
            return disks.stream()
                    .flatMap(disk -> disk.list("").stream())
                    .filter(name -> beginning.endsWith(".")
                            ? name.startsWith(beginning) && name.endsWith("-future")
                            : name.equals(beginning))
                    .count();
        }

        private String place() {
            return store.directoryOf(NAME).orElseThrow().disk().root();
        }

        private Replica lead() {
            Replicas.Assigned assigned = replicas.assign(
                    NAME,
                    ID,
                    config,
                    Assignment.alone(TestReplicas.SELF, ++epoch),
                    new LogStore.Place(LogStore.Origin.KNOWN, Uuid.ZERO));
            assertThat(assigned).isInstanceOf(Replicas.Assigned.Done.class);
            return ((Replicas.Assigned.Done) assigned).replica();
        }

        private Replicas replicas() {
            ReplicaShell shell = new ReplicaShell(
                    TestReplicas.SELF,
                    InstantSource.system(),
                    Runnable::run,
                    flushes::add,
                    TestReplicas.LAG_MS,
                    (brokerId, brokerEpoch) -> true,
                    (asking, change) -> {},
                    (failing, failure) -> {},
                    TestReplicas.throttles(InstantSource.system()));
            return new Replicas(store, shell, TestReplicas.moves(store, pieces));
        }

        private LogStore open() {
            List<LogDirectory> directories = new ArrayList<>();
            for (int i = 0; i < disks.size(); i++) {
                LogDirectory directory = LogDirectory.open(disks.get(i));
                if (directory.metaProperties().isEmpty()) {
                    directory.format(new MetaProperties(
                            Optional.of("cluster"), OptionalInt.of(1), Optional.of(new Uuid(9, 1_000 + i))));
                }
                directories.add(directory);
            }
            return LogStore.open(
                    directories,
                    new LogStore.Limits(100, 1 << 20, 16 << 20, 86_400_000),
                    pieces,
                    InstantSource.system(),
                    new SplittableRandom(epoch));
        }
    }
}
