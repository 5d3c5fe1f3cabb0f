package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.replication.io.TestReplicas.append;
import static ottla.replication.io.TestReplicas.asked;
import static ottla.replication.io.TestReplicas.assignment;
import static ottla.replication.io.TestReplicas.follower;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.log.io.MemoryDisk;
import ottla.log.io.ReadLeast;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.OffsetQuestion.Reader;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Assignment.Recovery;
import ottla.replication.partition.IsrAnswer;
import ottla.replication.partition.IsrChange;
import ottla.replication.partition.Partition;
import ottla.wire.message.DescribeProducersResponse.ProducerState;
import ottla.wire.record.BatchWriter;

class ReplicaTest {
    private final TestReplicas replicas = new TestReplicas();
    private final ManualLoop loop = new ManualLoop();
    private final List<List<ErrorCode>> outcomes = new ArrayList<>();

    @Test
    void aloneWhatIsAppendedIsCommitted() {
        Replica replica = replicas.alone();

        assertThat(append(replica, Acks.ALL, "a", "b"))
                .isInstanceOfSatisfying(AppendResult.Appended.class, appended -> {
                    assertThat(appended.baseOffset()).isZero();
                    assertThat(appended.lastOffset()).isEqualTo(1);
                });
        assertThat(replica.highWatermark()).isEqualTo(2);
        assertThat(replica.isCommitted(1)).isTrue();
        assertThat(replica.isCommitted(2)).isFalse();
    }

    @Test
    void onlyTheLeaderAppends() {
        Replica replica = replicas.replica(Map.of());
        assertThat(error(append(replica, "a"))).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER);

        replica.assign(new Assignment(2, 0, 0, List.of(1, 2), List.of(1, 2), Recovery.RECOVERED));
        assertThat(error(append(replica, "a"))).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER);

        replica.assign(assignment(1, 1, List.of(1, 2)));
        assertThat(append(replica, "a")).isInstanceOf(AppendResult.Appended.class);
        assertThat(replica.leadership().leaderEpoch()).isEqualTo(1);
    }

    @Test
    void anOldAssignmentIsIgnored() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        replica.assign(assignment(5, 5, List.of(1, 2)));

        assertThat(replica.assign(new Assignment(2, 4, 6, List.of(1, 2), List.of(2), Recovery.RECOVERED)))
                .isEqualTo(Partition.Transition.STALE);
        assertThat(replica.isLeader()).isTrue();
    }

    @Test
    void boundToAnEpochItAppendsInThatEpochOnly() {
        Replica replica = replicas.replica(Map.of());
        replica.assign(Assignment.alone(TestReplicas.SELF, 3));
        ByteBuffer records = TestLogs.batch(1, "a");

        assertThat(error(replica.append(records, AppendOrigin.COORDINATOR, Acks.ALL, 2)))
                .isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER);
        assertThat(replica.append(records, AppendOrigin.COORDINATOR, Acks.ALL, 3))
                .isInstanceOf(AppendResult.Appended.class);
    }

    @Test
    void refusesAcksAllWithTooFewInSync() {
        Replica replica = replicas.withFollower(Map.of("min.insync.replicas", "2"), List.of(1));

        assertThat(error(append(replica, Acks.ALL, "a"))).isEqualTo(ErrorCode.NOT_ENOUGH_REPLICAS);
        assertThat(append(replica, Acks.LEADER, "a")).isInstanceOf(AppendResult.Appended.class);
        assertThat(replica.highWatermark())
                .as("nothing commits below the minimum")
                .isZero();
    }

    @Test
    void aMinimumLargerThanThePartitionIsNoObstacle() {
        Replica replica = replicas.replica(Map.of("min.insync.replicas", "2"));
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));

        assertThat(append(replica, Acks.ALL, "a")).isInstanceOf(AppendResult.Appended.class);
        assertThat(replica.highWatermark()).isEqualTo(1);
    }

    @Test
    void aRepeatedBatchIsNotAppendedAgain() {
        Replica replica = replicas.alone();
        assertThat(produce(replica, 0))
                .isEqualTo(new AppendResult.Appended(0, 1, -1, producerBatch(0).remaining()));
        assertThat(produce(replica, 0))
                .isInstanceOfSatisfying(
                        AppendResult.AlreadyAppended.class,
                        repeated -> assertThat(repeated.baseOffset()).isZero());
        assertThat(error(produce(replica, 5))).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);

        List<ProducerState> producers = replica.describeProducers();
        assertThat(producers).containsExactly(new ProducerState(9, 0, 1, 1_700_000_000_000L, -1, -1));
    }

    // ---- waiting for followers

    @Test
    void aWriteWaitsForTheFollowerInSync() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, Acks.ALL, "a", "b");
        awaitCommit(replica, 1);
        assertThat(outcomes).isEmpty();
        fetchAsFollower(replica, 1);
        loop.run();
        assertThat(outcomes).as("one of two records").isEmpty();
        fetchAsFollower(replica, 2);
        loop.run();

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NONE));
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void aWriteGivesUpWhenTheTimeIsUp() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, Acks.ALL, "a");
        awaitCommit(replica, 0);
        loop.pass(1_000);

        assertThat(outcomes).containsExactly(List.of(ErrorCode.REQUEST_TIMED_OUT));
        fetchAsFollower(replica, 1);
        assertThat(loop.hasTasks()).as("answered once").isFalse();
    }

    @Test
    void aWriteLearnsThatLeadershipIsLost() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, Acks.ALL, "a");
        awaitCommit(replica, 0);
        replica.assign(new Assignment(2, 1, 1, List.of(1, 2), List.of(2), Recovery.RECOVERED));
        loop.run();

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NOT_LEADER_OR_FOLLOWER));
    }

    @Test
    void aWriteToManyPartitionsWaitsForAll() {
        Replica one = replicas.withFollower(Map.of(), List.of(1, 2));
        Replica two = replicas.withFollower(Map.of(), List.of(1, 2));
        append(one, Acks.ALL, "a");
        append(two, Acks.ALL, "b");
        ParkedProgress parked = new ParkedProgress(loop, outcomes::add);
        parked.add(one, ParkedProgress.Kind.COMMITTED, 0);
        parked.add(two, ParkedProgress.Kind.COMMITTED, 0);
        parked.start(1_000);
        fetchAsFollower(one, 1);
        loop.pass(999);
        assertThat(outcomes).isEmpty();
        loop.pass(1);

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NONE, ErrorCode.REQUEST_TIMED_OUT));
    }

    @Test
    void aWriteThatIsCommittedAlreadyDoesNotWait() {
        Replica replica = replicas.alone();
        append(replica, Acks.ALL, "a");
        awaitCommit(replica, 0);
        loop.run();

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NONE));
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void shrinkingTheInSyncSetCommitsButSaysSo() {
        Replica replica = replicas.withFollower(Map.of("min.insync.replicas", "2"), List.of(1, 2));
        append(replica, Acks.ALL, "a");
        awaitCommit(replica, 0);
        replicas.nowMs += TestReplicas.LAG_MS + 1;
        replica.dropLaggards();
        IsrChange change = replicas.isrChanges.getFirst();
        assertThat(change.direction()).isEqualTo(IsrChange.Direction.SHRINK);
        assertThat(change.brokerIds()).containsExactly(1);
        replica.isrAnswered(change, new IsrAnswer.Changed(assignment(0, 1, List.of(1))));
        loop.run();
        assertThat(outcomes).as("below the minimum nothing commits").isEmpty();
        replica.configure(TestLogs.config(Map.of("min.insync.replicas", "1")));
        loop.run();

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NONE));
        assertThat(replica.highWatermark()).isEqualTo(1);
    }

    // ---- look-ups

    @Test
    void findsOffsets() {
        Replica replica = replicas.replica(Map.of());
        replica.assign(Assignment.alone(TestReplicas.SELF, 4));
        replica.append(TestLogs.batch(1_000, "a"), AppendOrigin.CLIENT, Acks.LEADER);
        replica.append(TestLogs.batch(3_000, "b"), AppendOrigin.CLIENT, Acks.LEADER);
        replica.append(TestLogs.batch(2_000, "c"), AppendOrigin.CLIENT, Acks.LEADER);

        assertThat(find(replica, -1)).isEqualTo(new FoundOffset(ErrorCode.NONE, -1, 3, 4));
        assertThat(find(replica, -2)).isEqualTo(new FoundOffset(ErrorCode.NONE, -1, 0, 4));
        assertThat(find(replica, -4)).isEqualTo(new FoundOffset(ErrorCode.NONE, -1, 0, 4));
        assertThat(find(replica, -3)).isEqualTo(new FoundOffset(ErrorCode.NONE, 3_000, 1, 4));
        assertThat(find(replica, -5)).isEqualTo(FoundOffset.NONE);
        assertThat(find(replica, 1_001)).isEqualTo(new FoundOffset(ErrorCode.NONE, 3_000, 1, 4));
        assertThat(find(replica, 3_001)).isEqualTo(FoundOffset.NONE);
    }

    @Test
    void aConsumerFindsOnlyWhatIsCommitted() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        replica.append(TestLogs.batch(1_000, "a"), AppendOrigin.CLIENT, Acks.LEADER);
        fetchAsFollower(replica, 1);
        replica.append(TestLogs.batch(2_000, "b"), AppendOrigin.CLIENT, Acks.LEADER);

        assertThat(find(replica, -1).offset()).isEqualTo(1);
        assertThat(find(replica, 2_000)).isEqualTo(FoundOffset.NONE);
        assertThat(find(replica, -1, Reader.REPLICA).offset()).isEqualTo(2);
        assertThat(find(replica, 2_000, Reader.REPLICA).offset()).isEqualTo(1);
    }

    @Test
    void aNewLeaderDoesNotGuessTheEnd() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, "a");
        replica.assign(assignment(1, 1, List.of(1, 2)));
        assertThat(find(replica, -1).error()).isEqualTo(ErrorCode.OFFSET_NOT_AVAILABLE);
        fetchAsFollower(replica, 1);

        assertThat(find(replica, -1).offset()).isEqualTo(1);
    }

    @Test
    void findsWhereEpochsEnd() {
        Replica replica = replicas.replica(Map.of());
        replica.assign(Assignment.alone(TestReplicas.SELF, 2));
        append(replica, "a", "b");
        replica.assign(new Assignment(1, 5, 1, List.of(1), List.of(1), Recovery.RECOVERED));
        append(replica, "c");

        assertThat(replica.findEpochEnd(2, -1)).isEqualTo(new EpochEndAnswer(ErrorCode.NONE, 2, 2));
        assertThat(replica.findEpochEnd(4, -1)).isEqualTo(new EpochEndAnswer(ErrorCode.NONE, 2, 2));
        assertThat(replica.findEpochEnd(5, 5)).isEqualTo(new EpochEndAnswer(ErrorCode.NONE, 5, 3));
        assertThat(replica.findEpochEnd(6, -1)).isEqualTo(new EpochEndAnswer(ErrorCode.NONE, -1, -1));
        assertThat(replica.findEpochEnd(2, 4).error()).isEqualTo(ErrorCode.FENCED_LEADER_EPOCH);
    }

    // ---- deletion

    @Test
    void deletesRecords() {
        Replica replica = replicas.alone();
        append(replica, "a");
        append(replica, "b");

        assertThat(replica.deleteRecords(1)).isEqualTo(new RecordsDeletion(ErrorCode.NONE, 1, 1));
        assertThat(replica.logStartOffset()).isEqualTo(1);
        assertThat(replica.deleteRecords(3).error()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(replica.deleteRecords(-2).error()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(replica.deleteRecords(-1)).isEqualTo(new RecordsDeletion(ErrorCode.NONE, 2, 2));
    }

    @Test
    void deletesNothingFromACompactedTopic() {
        Replica replica = replicas.replica(Map.of("cleanup.policy", "compact"));
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        append(replica, "a");

        assertThat(replica.deleteRecords(1).error()).isEqualTo(ErrorCode.POLICY_VIOLATION);
    }

    @Test
    void deletionWaitsForTheFollower() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, "a");
        fetchAsFollower(replica, 1);
        RecordsDeletion deletion = replica.deleteRecords(1);
        assertThat(deletion.isDone()).isFalse();
        ParkedProgress parked = new ParkedProgress(loop, outcomes::add);
        parked.add(replica, ParkedProgress.Kind.LOW_WATERMARK, deletion.offset());
        parked.start(1_000);
        replica.read(
                follower(2),
                asked(replica, 1).withLogStartOffset(1),
                100,
                ReadLeast.ONE_BATCH,
                ReplicaReading.FollowerNews.TAKEN_IN);
        loop.run();

        assertThat(outcomes).containsExactly(List.of(ErrorCode.NONE));
        assertThat(replica.lowWatermark()).isEqualTo(1);
    }

    // ---- the disk

    @Test
    void aFullDiskRefusesAndStaysOnline() {
        MemoryDisk disk = new MemoryDisk();
        Replica replica = replicas.replica(disk, Map.of());
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        append(replica, "a");
        disk.limit(0);

        assertThat(error(append(replica, "b"))).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(replica.isOnline()).isTrue();
        disk.limit(Long.MAX_VALUE);
        assertThat(append(replica, "c")).isInstanceOf(AppendResult.Appended.class);
    }

    private void awaitCommit(Replica replica, long lastOffset) {
        ParkedProgress parked = new ParkedProgress(loop, outcomes::add);
        parked.add(replica, ParkedProgress.Kind.COMMITTED, lastOffset);
        parked.start(1_000);
    }

    private static void fetchAsFollower(Replica replica, long offset) {
        ReplicaRead read = replica.read(
                follower(2), asked(replica, offset), 100, ReadLeast.ONE_BATCH, ReplicaReading.FollowerNews.TAKEN_IN);
        if (read instanceof ReplicaRead.Ready ready && ready.data().records() != null) {
            ready.data().records().release();
        }
    }

    private FoundOffset find(Replica replica, long timestamp) {
        return find(replica, timestamp, Reader.CONSUMER);
    }

    private FoundOffset find(Replica replica, long timestamp, Reader reader) {
        CompletableFuture<FoundOffset> found = replica.findOffset(OffsetQuestion.of(timestamp, reader), -1, From.LEADER)
                .toCompletableFuture();
        replicas.runDiskTasks();
        return found.join();
    }

    private static ErrorCode error(AppendResult result) {
        return result instanceof AppendResult.Refused refused ? refused.error() : ErrorCode.NONE;
    }

    private static AppendResult produce(Replica replica, int firstSequence) {
        return replica.append(producerBatch(firstSequence), AppendOrigin.CLIENT, Acks.ALL);
    }

    private static ByteBuffer producerBatch(int firstSequence) {
        return BatchWriter.at(0)
                .producer(9, (short) 0, firstSequence)
                .append(1_700_000_000_000L, null, TestLogs.bytes("a"))
                .append(1_700_000_000_000L, null, TestLogs.bytes("b"))
                .build();
    }
}
