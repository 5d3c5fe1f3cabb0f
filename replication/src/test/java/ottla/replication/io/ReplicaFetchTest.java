package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.replication.io.TestReplicas.append;
import static ottla.replication.io.TestReplicas.asked;
import static ottla.replication.io.TestReplicas.consumer;
import static ottla.replication.io.TestReplicas.follower;
import static ottla.replication.io.TestReplicas.texts;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.IsrChange;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;

class ReplicaFetchTest {
    private final TestReplicas replicas = new TestReplicas();
    private final ManualLoop loop = new ManualLoop();
    private final List<List<PartitionData>> answers = new ArrayList<>();

    @Test
    void answersAtOnceWhenThereIsEnough() {
        Replica replica = replicas.alone();
        warm(replica);
        append(replica, "a", "b");
        fetch(consumer(1, 500), asked(replica, 0), replica);

        assertThat(texts(only())).containsExactly("a", "b");
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void tellsOffsetsWithTheRecords() {
        Replica replica = replicas.alone();
        warm(replica);
        append(replica, "a", "b");
        fetch(consumer(1, 500), asked(replica, 0), replica);

        PartitionData data = only();
        assertThat(data.errorCode()).isZero();
        assertThat(data.highWatermark()).isEqualTo(2);
        assertThat(data.lastStableOffset()).isEqualTo(2);
        assertThat(data.logStartOffset()).isZero();
        assertThat(data.abortedTransactions()).isNull();
        assertThat(data.preferredReadReplica()).isEqualTo(-1);
    }

    @Test
    void waitsForTheFirstByteAndIsWokenByTheAppend() {
        Replica replica = replicas.alone();
        fetch(consumer(1, 500), asked(replica, 0), replica);
        loop.pass(499);
        assertThat(answers).isEmpty();
        assertThat(loop.timerCount()).isEqualTo(1);

        append(replica, "a");
        assertThat(answers).as("the answer is given on the loop").isEmpty();
        loop.run();

        assertThat(texts(only())).containsExactly("a");
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void answersEmptyWhenTheTimeIsUp() {
        Replica replica = replicas.alone();
        fetch(consumer(1, 500), asked(replica, 0), replica);
        loop.pass(500);

        assertThat(texts(only())).isEmpty();
        assertThat(only().errorCode()).isZero();
        append(replica, "a");
        assertThat(loop.hasTasks()).as("nobody waits any more").isFalse();
    }

    @Test
    void stopsWaitingWhenTheClientHasGone() {
        Replica replica = replicas.alone();
        ReplicaFetch fetch = ReplicaFetch.start(
                replicas.shell,
                consumer(1, 500),
                List.of(new Wanted.Here(replica, asked(replica, 0))),
                loop,
                answers::add);
        assertThat(fetch.isAnswered()).isFalse();
        fetch.stopWaiting();
        loop.run();

        assertThat(fetch.isAnswered()).isTrue();
        assertThat(texts(only())).isEmpty();
        assertThat(loop.timerCount()).isZero();
        append(replica, "a");
        assertThat(loop.hasTasks()).as("nobody waits any more").isFalse();
        fetch.stopWaiting();
        assertThat(loop.hasTasks()).isFalse();
    }

    @Test
    void doesNotBeginToWaitWhenTheClientHasGone() {
        Replica replica = replicas.alone();
        append(replica, "a"); // nobody reads at the tail yet, so that it has to come from the disk
        ReplicaFetch fetch = ReplicaFetch.start(
                replicas.shell,
                consumer(1 << 20, 500),
                List.of(new Wanted.Here(replica, asked(replica, 0))),
                loop,
                answers::add);
        fetch.stopWaiting();
        assertThat(fetch.isAnswered()).isFalse();
        replicas.runDiskTasks();
        loop.run();

        assertThat(texts(only())).containsExactly("a");
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void doesNotWaitWithoutTimeOrPartitions() {
        Replica replica = replicas.alone();
        fetch(consumer(1, 0), asked(replica, 0), replica);
        assertThat(texts(only())).isEmpty();
        answers.clear();

        ReplicaFetch.start(replicas.shell, consumer(1, 500), List.of(), loop, answers::add);
        assertThat(answers).containsExactly(List.of());
    }

    @Test
    void gathersMinBytesOverPartitions() {
        Replica one = replicas.alone();
        Replica two = replicas.alone();
        warm(one);
        warm(two);
        int batchBytes = sizeBytes(append(one, "x"));
        start(consumer(3 * batchBytes, 500), here(one, 0), here(two, 0));
        append(two, "y");
        loop.run();
        assertThat(answers).as("two of three").isEmpty();

        append(one, "z");
        loop.run();

        assertThat(texts(answers.getFirst().get(0))).containsExactly("x", "z");
        assertThat(texts(answers.getFirst().get(1))).containsExactly("y");
    }

    @Test
    void doesNotCountMoreOfAPartitionThanTheFetchWouldTake() {
        Replica one = replicas.alone();
        warm(one);
        FetchPartition little = asked(one, 0).withPartitionMaxBytes(10);
        start(consumer(50, 500), new Wanted.Here(one, little));
        append(one, "x");
        loop.run();
        assertThat(answers).isEmpty();

        loop.pass(500);
        assertThat(texts(only())).as("at least one batch").containsExactly("x");
    }

    @Test
    void seesWhatWasAppendedBetweenReadingAndWaiting() {
        Replica one = replicas.alone();
        Replica two = replicas.alone();
        warm(one);
        append(one, "x");
        // The second partition is on disk, so the reading leaves the loop; meanwhile the first one grows.
        append(two, "y");
        start(consumer(10_000, 500), here(one, 1), here(two, 0));
        assertThat(replicas.diskTasks).hasSize(1);
        String large = "z".repeat(10_000);
        append(one, large);
        replicas.runDiskTasks();
        loop.run();
        replicas.runDiskTasks();
        loop.run();

        assertThat(texts(answers.getFirst().get(0))).containsExactly(large);
        assertThat(texts(answers.getFirst().get(1))).containsExactly("y");
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void readsFromDiskOnADiskThread() {
        Replica replica = replicas.alone();
        append(replica, "a");
        append(replica, "b");
        fetch(consumer(1, 500), asked(replica, 0), replica);
        assertThat(answers).isEmpty();
        replicas.runDiskTasks();
        assertThat(answers).as("the answer is given on the loop").isEmpty();
        loop.run();

        assertThat(texts(only())).containsExactly("a", "b");
    }

    @Test
    void givesTheFirstBatchWhateverItsSizeButOnlyTheFirst() {
        Replica one = replicas.alone();
        Replica two = replicas.alone();
        warm(one);
        warm(two);
        append(one, "x".repeat(5_000));
        append(two, "y");
        FetchTerms narrow = new FetchTerms(
                -1,
                -1,
                500,
                1,
                100,
                Isolation.READ_UNCOMMITTED,
                From.ANY_REPLICA,
                Size.AT_LEAST_ONE_BATCH,
                Near.NOBODY);
        start(narrow, here(one, 0), here(two, 0));

        assertThat(texts(answers.getFirst().get(0))).hasSize(1);
        assertThat(texts(answers.getFirst().get(1))).as("no room is left").isEmpty();
    }

    @Test
    void oldVersionsGetNothingOfABatchThatIsTooLarge() {
        Replica one = replicas.alone();
        warm(one);
        append(one, "x".repeat(5_000));
        FetchTerms narrow = new FetchTerms(
                -1, -1, 0, 1, 100, Isolation.READ_UNCOMMITTED, From.ANY_REPLICA, Size.HARD_LIMIT, Near.NOBODY);
        start(narrow, here(one, 0));

        assertThat(texts(only())).isEmpty();
    }

    @Test
    void anErrorIsAnsweredAtOnce() {
        Replica one = replicas.alone();
        Replica two = replicas.alone();
        start(consumer(1, 500), here(one, 0), here(two, 17));

        assertThat(answers.getFirst().get(0).errorCode()).isZero();
        PartitionData failed = answers.getFirst().get(1);
        assertThat(failed.errorCode()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE.code());
        assertThat(failed.highWatermark()).isEqualTo(-1);
        assertThat(failed.logStartOffset()).isEqualTo(-1);
    }

    @Test
    void aRefusedPartitionWaitsWithTheOthers() {
        Replica one = replicas.alone();
        Wanted refused =
                new Wanted.Refused(FetchPartition.DEFAULT.withPartition(4), ErrorCode.TOPIC_AUTHORIZATION_FAILED);
        start(consumer(1, 500), refused, here(one, 0));
        assertThat(answers).isEmpty();
        append(one, "a");
        loop.run();

        assertThat(answers.getFirst().get(0).errorCode()).isEqualTo(ErrorCode.TOPIC_AUTHORIZATION_FAILED.code());
        assertThat(answers.getFirst().get(0).partitionIndex()).isEqualTo(4);
        assertThat(texts(answers.getFirst().get(1))).containsExactly("a");

        answers.clear();
        start(consumer(1, 500), refused);
        assertThat(answers).as("nothing to wait for").hasSize(1);
    }

    @Test
    void checksLeaderEpochs() {
        Replica replica = replicas.replica(Map.of());
        replica.assign(Assignment.alone(TestReplicas.SELF, 5));
        fetch(consumer(1, 500), asked(replica, 0).withCurrentLeaderEpoch(4), replica);
        fetch(consumer(1, 500), asked(replica, 0).withCurrentLeaderEpoch(6), replica);

        assertThat(answers)
                .extracting(answer -> ErrorCode.of(answer.getFirst().errorCode()))
                .containsExactly(ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.UNKNOWN_LEADER_EPOCH);
    }

    @Test
    void newsOfLeadershipWakesWhoWaits() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        FetchTerms leaderOnly = new FetchTerms(
                -1, -1, 500, 1, 100, Isolation.READ_UNCOMMITTED, From.LEADER, Size.AT_LEAST_ONE_BATCH, Near.NOBODY);
        start(leaderOnly, here(replica, 0));
        assertThat(answers).isEmpty();
        replica.assign(new Assignment(2, 1, 1, List.of(1, 2), List.of(1, 2), Assignment.Recovery.RECOVERED));
        loop.run();

        assertThat(only().errorCode()).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER.code());
    }

    @Test
    void aRemovedReplicaWakesWhoWaits() {
        Replica replica = replicas.alone();
        fetch(consumer(1, 500), asked(replica, 0), replica);
        replica.end(() -> {});
        loop.run();

        assertThat(only().errorCode()).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER.code());
    }

    @Test
    void deletedRecordsWakeWhoStandsOnThem() {
        Replica one = replicas.alone();
        Replica two = replicas.alone();
        append(one, "a");
        append(one, "b");
        start(consumer(10_000, 500), here(one, 1), here(two, 0));
        replicas.runDiskTasks();
        loop.run();
        assertThat(answers).isEmpty();
        one.deleteRecords(2);
        loop.run();

        assertThat(answers.getFirst().get(0).errorCode()).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE.code());
    }

    @Test
    void consumersSeeOnlyWhatFollowersHaveAndFollowersSeeAll() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        warm(replica);
        append(replica, "a");
        fetch(consumer(1, 500), asked(replica, 0), replica);
        assertThat(answers).as("not committed").isEmpty();

        start(follower(2), here(replica, 0));
        assertThat(texts(answers.getFirst().getFirst())).containsExactly("a");
        answers.clear();
        start(follower(2), here(replica, 1));
        loop.run();

        assertThat(replica.highWatermark()).isEqualTo(1);
        assertThat(texts(only())).containsExactly("a");
        append(replica, "b");
        loop.run();
        assertThat(texts(answers.get(1).getFirst())).as("the follower waited").containsExactly("b");
    }

    @Test
    void aFollowerThatCaughtUpIsProposedOnce() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1));
        append(replica, "a");
        start(follower(2), here(replica, 1));
        loop.pass(500);
        start(follower(2), here(replica, 1));

        assertThat(replicas.isrChanges).hasSize(1);
        assertThat(replicas.isrChanges.getFirst().brokerIds()).containsExactly(1, 2);
        assertThat(replicas.isrChanges.getFirst().direction()).isEqualTo(IsrChange.Direction.EXPAND);
    }

    @Test
    void aStrangerIsNoFollower() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        start(follower(9), here(replica, 0));
        start(follower(9), new Wanted.Here(replica, asked(replica, 0).withCurrentLeaderEpoch(0)));

        assertThat(answers)
                .extracting(answer -> ErrorCode.of(answer.getFirst().errorCode()))
                .containsExactly(ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.UNKNOWN_LEADER_EPOCH);
    }

    @Test
    void tellsAFollowerWhereHistoriesDiverge() {
        Replica replica = replicas.replica(Map.of());
        replica.assign(TestReplicas.assignment(0, 0, List.of(1, 2)));
        append(replica, "a", "b");
        replica.assign(TestReplicas.assignment(3, 1, List.of(1, 2)));
        append(replica, "c");
        start(follower(2), new Wanted.Here(replica, asked(replica, 3).withLastFetchedEpoch(0)));

        PartitionData data = only();
        assertThat(data.errorCode()).isZero();
        assertThat(data.divergingEpoch().epoch()).isZero();
        assertThat(data.divergingEpoch().endOffset()).isEqualTo(2);
        assertThat(texts(data)).isEmpty();
    }

    @Test
    void aConsumerIsSentToAReplicaThatIsNear() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        warm(replica);
        append(replica, "a");
        start(follower(2), here(replica, 1));
        loop.pass(500);
        answers.clear();

        start(near(2), here(replica, 1));
        PartitionData sent = only();
        assertThat(sent.preferredReadReplica()).isEqualTo(2);
        assertThat(sent.errorCode()).isZero();
        assertThat(sent.highWatermark()).isEqualTo(1);
        assertThat(texts(sent)).isEmpty();
        assertThat(sent.abortedTransactions()).isNull();
        assertThat(loop.timerCount()).as("it does not wait here").isZero();

        answers.clear();
        start(near(2), new Wanted.Here(replica, asked(replica, 0).withCurrentLeaderEpoch(7)));
        assertThat(only().errorCode()).isEqualTo(ErrorCode.UNKNOWN_LEADER_EPOCH.code());
        answers.clear();
        start(near(9), here(replica, 0));
        assertThat(texts(only())).as("nobody is near").containsExactly("a");
    }

    @Test
    void whoDoesNotLeadSendsNobodyElsewhere() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        append(replica, "a");
        start(follower(2), here(replica, 1));
        loop.pass(500);
        answers.clear();
        replica.assign(new Assignment(2, 1, 1, List.of(1, 2), List.of(1, 2), Assignment.Recovery.RECOVERED));
        start(near(2), here(replica, 0));
        replicas.runDiskTasks();
        loop.run();

        assertThat(only().preferredReadReplica()).isEqualTo(-1);
        assertThat(texts(only())).containsExactly("a");
    }

    private static FetchTerms near(int brokerId) {
        return new FetchTerms(
                -1,
                -1,
                500,
                1,
                1 << 20,
                Isolation.READ_COMMITTED,
                From.ANY_REPLICA,
                Size.AT_LEAST_ONE_BATCH,
                id -> id == brokerId);
    }

    private PartitionData only() {
        assertThat(answers).hasSize(1);
        assertThat(answers.getFirst()).hasSize(1);
        return answers.getFirst().getFirst();
    }

    /** Lets the log keep its newest bytes in memory, as it does for readers at its end. */
    private void warm(Replica replica) {
        start(consumer(1, 0), here(replica, replica.endOffset()));
        answers.clear();
    }

    private static Wanted here(Replica replica, long offset) {
        return new Wanted.Here(replica, asked(replica, offset));
    }

    private void fetch(FetchTerms terms, FetchPartition asked, Replica replica) {
        start(terms, new Wanted.Here(replica, asked));
    }

    private void start(FetchTerms terms, Wanted... wanted) {
        ReplicaFetch.start(replicas.shell, terms, List.of(wanted), loop, answers::add);
    }

    private static int sizeBytes(AppendResult result) {
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        return ((AppendResult.Appended) result).sizeBytes();
    }
}
