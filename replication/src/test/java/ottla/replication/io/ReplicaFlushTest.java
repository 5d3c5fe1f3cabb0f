package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.log.io.MemoryDisk;
import ottla.log.io.TestLogs;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.wire.message.FetchResponse.PartitionData;

/** With {@code flush.messages}, an answer waits for the disk, and nobody else does. */
class ReplicaFlushTest {
    private final TestReplicas replicas = new TestReplicas();
    private final ManualLoop loop = new ManualLoop();
    private final List<ErrorCode> produced = new ArrayList<>();

    @Test
    void withoutItNothingIsFlushedAndNothingWaits() {
        Replica replica = replicas.alone();
        TestReplicas.append(replica, "a");

        assertThat(replica.isSecured(0)).isTrue();
        assertThat(replica.isCommitted(0)).isTrue();
        assertThat(replicas.diskTasks).isEmpty();
    }

    @Test
    void theAnswerWaitsForTheDisk() {
        Replica replica = flushing(1);
        AppendResult result = TestReplicas.append(replica, Acks.ALL, "a");
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        await(replica, ParkedProgress.Kind.COMMITTED);
        await(replica, ParkedProgress.Kind.SECURED);
        loop.run();
        assertThat(produced).isEmpty();
        assertThat(replica.isCommitted(0)).isFalse();
        assertThat(replica.isSecured(0)).isFalse();

        replicas.runDiskTasks();
        loop.run();
        assertThat(produced).containsExactly(ErrorCode.NONE, ErrorCode.NONE);
        assertThat(replica.isCommitted(0)).isTrue();
        assertThat(replica.recoveryPoint()).isEqualTo(1);
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void consumersSeeNothingThatAPowerCutCouldTakeBack() {
        Replica replica = flushing(1);
        List<List<PartitionData>> answers = new ArrayList<>();
        ReplicaFetch.start(
                replicas.shell,
                TestReplicas.consumer(1, 500),
                List.of(new Wanted.Here(replica, TestReplicas.asked(replica, 0))),
                loop,
                answers::add);
        TestReplicas.append(replica, "a");
        loop.run();
        assertThat(answers).isEmpty();
        assertThat(replica.highWatermark()).isZero();

        replicas.runDiskTasks();
        loop.run();
        replicas.runDiskTasks();
        loop.run();
        assertThat(TestReplicas.texts(answers.getFirst().getFirst())).containsExactly("a");
    }

    @Test
    void whatGathersSharesOneFlush() {
        Replica replica = flushing(1);
        for (int i = 0; i < 100; i++) {
            TestReplicas.append(replica, "a");
        }
        assertThat(replicas.diskTasks).hasSize(1);
        replicas.diskTasks.remove().run();

        assertThat(replica.isCommitted(99)).isTrue();
        assertThat(replicas.diskTasks).isEmpty();
    }

    @Test
    void appendsGoOnDuringASyncAndShareTheNext() throws Exception {
        SlowDisk disk = new SlowDisk();
        Replica replica = replicas.replica(disk, Map.of("flush.messages", "1"));
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        TestReplicas.append(replica, "a");
        List<AppendResult> during = new ArrayList<>();
        disk.whileSyncing = () -> CompletableFuture.runAsync(() -> {
                    during.add(TestReplicas.append(replica, "b"));
                    during.add(TestReplicas.append(replica, "c"));
                })
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
        replicas.diskTasks.remove().run();

        assertThat(during).hasSize(2).allMatch(AppendResult.Appended.class::isInstance);
        assertThat(replica.isCommitted(0)).isTrue();
        assertThat(replica.isCommitted(1)).isFalse();
        assertThat(replicas.diskTasks).hasSize(1);
        replicas.diskTasks.remove().run();
        assertThat(replica.isCommitted(2)).isTrue();
        assertThat(replicas.diskTasks).isEmpty();
    }

    @Test
    void fewerThanFlushMessagesNeedNoFlush() {
        Replica replica = flushing(3);
        TestReplicas.append(replica, "a", "b");
        assertThat(replica.isCommitted(1)).isTrue();
        assertThat(replicas.diskTasks).isEmpty();
        TestReplicas.append(replica, "c");
        assertThat(replica.isCommitted(2)).isFalse();

        replicas.runDiskTasks();
        assertThat(replica.isCommitted(2)).isTrue();
    }

    @Test
    void theFollowerIsWaitedForAsWell() {
        Replica replica = replicas.withFollower(Map.of("flush.messages", "1"), List.of(TestReplicas.SELF, 2));
        TestReplicas.append(replica, Acks.ALL, "a");
        replicas.runDiskTasks();
        assertThat(replica.isSecured(0)).isTrue();
        assertThat(replica.isCommitted(0)).isFalse();
    }

    @Test
    void logsAreFlushedWhenTheyHaveWaitedLongEnough() {
        Replica replica = replicas.replica(Map.of("flush.ms", "1000"));
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        TestReplicas.append(replica, "a");
        replica.flushIfOld(replicas.nowMs + 999);
        assertThat(replicas.diskTasks).isEmpty();
        replica.flushIfOld(replicas.nowMs + 1_000);
        replicas.runDiskTasks();
        assertThat(replica.recoveryPoint()).isEqualTo(1);

        replicas.nowMs += 5_000;
        replica.flushIfOld(replicas.nowMs);
        assertThat(replicas.diskTasks).as("nothing was appended").isEmpty();
    }

    @Test
    void aTopicThatNoLongerWantsItLetsThoseGoWhoWait() {
        Replica replica = flushing(1);
        TestReplicas.append(replica, "a");
        await(replica, ParkedProgress.Kind.COMMITTED);
        replica.configure(TestLogs.config(Map.of()));
        loop.run();
        assertThat(produced).containsExactly(ErrorCode.NONE);
    }

    @Test
    void aReplicaThatIsClosedBeforeItsFlushIsLeftAlone() {
        Replica replica = flushing(1);
        TestReplicas.append(replica, "a");
        await(replica, ParkedProgress.Kind.SECURED);
        replica.end(() -> {});
        replicas.runDiskTasks();
        loop.run();
        assertThat(produced).containsExactly(ErrorCode.NOT_LEADER_OR_FOLLOWER);
        assertThat(replicas.diskFailures).isEmpty();
    }

    private Replica flushing(int messages) {
        Replica replica = replicas.replica(Map.of("flush.messages", "" + messages));
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        return replica;
    }

    private void await(Replica replica, ParkedProgress.Kind kind) {
        ParkedProgress parked = new ParkedProgress(loop, produced::addAll);
        parked.add(replica, kind, replica.endOffset() - 1);
        parked.start(30_000);
    }

    /** Does something, once, while it syncs. */
    private static final class SlowDisk extends MemoryDisk {
        private Runnable whileSyncing = () -> {};

        @Override
        public void syncDirectory(String name) {
            Runnable once = whileSyncing;
            whileSyncing = () -> {};
            once.run();
            super.syncDirectory(name);
        }
    }
}
