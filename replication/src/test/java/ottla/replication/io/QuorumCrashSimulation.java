package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.io.DiskFailure;
import ottla.log.io.FaultyDisk;
import ottla.log.io.LogShell;
import ottla.log.io.ManualBackground;
import ottla.log.io.OpenFiles;
import ottla.log.io.ReadBuffers;
import ottla.log.io.TailCache;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.Timeouts;
import ottla.replication.quorum.VersionedRecord;
import ottla.replication.quorum.VoterSet;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.TopicRecord;

/**
 * The only voter on a disk that fails and loses what was not synced, crashed again and again, with snapshots written and the log
 * cleaned behind them. After each start: everything that a listener was told of is there, in the same order, and every epoch is
 * larger than the ones before. {@code -Dottla.seed=} replays one run.
 */
final class QuorumCrashSimulation {
    private static final int SEEDS = 60;
    private static final int LIVES = 6;

    @Test
    void nothingCommittedIsLost() {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed).live();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("replay with -Dottla.seed=" + seed, failure);
            }
        }
    }

    /** What one process of the node saw. */
    private static final class Life implements QuorumListener {
        private final List<MetadataRecord> seen = new ArrayList<>();
        private long endOffset;
        private int epoch;
        private Optional<QuorumTerm> term = Optional.empty();

        @Override
        public void onSnapshot(QuorumSnapshot snapshot) {
            seen.clear();
            snapshot.forEachBatch(seen::addAll);
            endOffset = snapshot.id().endOffset();
            epoch = snapshot.id().epoch();
        }

        @Override
        public void onCommitted(CommittedBatch batch) {
            assertThat(batch.baseOffset()).as("offsets without gaps").isEqualTo(endOffset);
            seen.addAll(batch.records());
            endOffset = batch.endOffset();
            epoch = batch.epoch();
        }

        @Override
        public void onLeader(QuorumTerm leads) {
            term = Optional.of(leads);
        }

        @Override
        public void onResigned(int resigned) {
            term = Optional.empty();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final FaultyDisk disk;
        private final List<MetadataRecord> committed = new ArrayList<>();
        private int lastEpoch;
        private int nextTopic;

        Run(long seed) {
            random = new SplittableRandom(seed);
            disk = new FaultyDisk(seed);
        }

        void live() {
            for (int life = 0; life < LIVES; life++) {
                Life listener = new Life();
                if (random.nextInt(3) > 0) {
                    disk.failAfter(random.nextInt(150), DiskFailure.Kind.BROKEN);
                }
                try {
                    work(listener);
                } catch (DiskFailure failure) {
                    assertThat(failure.kind()).isEqualTo(DiskFailure.Kind.BROKEN);
                }
                checkKept(listener, Known.MAYBE_LESS);
                if (listener.seen.size() > committed.size()) {
                    committed.clear();
                    committed.addAll(listener.seen);
                }
                disk.crash();
            }
            Life last = new Life();
            QuorumShell shell = open(last);
            shell.step(new Input.Tick());
            shell.turn();
            checkKept(last, Known.ALL);
        }

        private enum Known {
            ALL,
            MAYBE_LESS
        }

        private void checkKept(Life listener, Known known) {
            int shared = Math.min(listener.seen.size(), committed.size());
            assertThat(listener.seen.subList(0, shared)).isEqualTo(committed.subList(0, shared));
            if (known == Known.ALL) {
                assertThat(listener.seen.size()).isGreaterThanOrEqualTo(committed.size());
            }
        }

        private void work(Life listener) {
            QuorumShell shell = open(listener);
            shell.step(new Input.Tick());
            shell.turn();
            QuorumTerm term = listener.term.orElseThrow();
            assertThat(term.epoch()).isGreaterThan(lastEpoch);
            lastEpoch = term.epoch();
            checkKept(listener, Known.ALL);
            int steps = random.nextInt(40);
            for (int step = 0; step < steps; step++) {
                int appends = 1 + random.nextInt(4);
                for (int append = 0; append < appends; append++) {
                    term.append(topics(1 + random.nextInt(5)));
                }
                shell.turn();
                if (random.nextInt(10) == 0) {
                    snapshot(shell, listener);
                }
            }
            if (random.nextBoolean()) {
                shell.close();
            }
        }

        private void snapshot(QuorumShell shell, Life listener) {
            SnapshotId id = new SnapshotId(listener.endOffset, listener.epoch);
            if (!shell.log().snapshots().list().tailSet(id, true).isEmpty()) {
                return;
            }
            try (SnapshotWriter writer = shell.log().snapshots().write(id, 5)) {
                writer.header(4, List.of());
                writer.append(
                        listener.seen.stream().map(VersionedRecord::latest).toList());
                writer.finish();
            }
            shell.snapshotCreated(id);
        }

        private List<VersionedRecord> topics(int count) {
            List<VersionedRecord> topics = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = nextTopic++;
                topics.add(VersionedRecord.latest(new TopicRecord("topic" + number, new Uuid(1, number))));
            }
            return topics;
        }

        private QuorumShell open(Life listener) {
            LogConfig config = LogConfig.DEFAULT;
            if (LogConfig.of(Map.of("internal.segment.bytes", "2000")) instanceof LogConfig.Parsed.Accepted accepted) {
                config = accepted.config();
            }
            VoterSet voters = TestQuorum.staticVoters();
            QuorumMembership membership =
                    TestQuorum.settings(voters, MetadataRetention.DEFAULT).membership();
            QuorumSettings settings = new QuorumSettings(
                    TestQuorum.CLUSTER,
                    membership,
                    voters,
                    Timeouts.DEFAULT,
                    config,
                    new MetadataRetention(3000, Long.MAX_VALUE / 2));
            LogShell shell = new LogShell(
                    disk,
                    new OpenFiles(100),
                    new TailCache(1 << 20),
                    new ReadBuffers(16 << 20),
                    new ManualBackground(),
                    () -> Instant.ofEpochMilli(1_700_000_000_000L),
                    random,
                    86_400_000);
            return new QuorumShell(
                    settings,
                    QuorumLog.open(shell, config),
                    List.of(listener),
                    shell.clock(),
                    () -> 0,
                    random,
                    Run::sendNothing,
                    Runnable::run,
                    () -> {});
        }

        private static void sendNothing(Effect.Send send) {
            throw new AssertionError("there is nobody to send to: " + send);
        }
    }
}
