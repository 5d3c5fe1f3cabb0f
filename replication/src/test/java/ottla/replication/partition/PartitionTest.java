package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ottla.base.BrokenInvariant;
import ottla.base.ErrorCode;
import ottla.replication.partition.Assignment.Recovery;
import ottla.replication.partition.IsrChange.Direction;

class PartitionTest {
    private static final long LAG_MS = 30_000;

    private final Set<Integer> fenced = new HashSet<>();
    private final List<IsrChange> asked = new ArrayList<>();
    private final Partition partition =
            new Partition(1, (brokerId, brokerEpoch) -> !fenced.contains(brokerId), asked::add);
    private long nowMs = 1_000_000;

    @Test
    void aloneCommitsByAppending() {
        lead(0, 0, List.of(1), List.of(1));

        assertThat(partition.appended(5, nowMs, LAG_MS)).isTrue();
        assertThat(partition.highWatermark()).isEqualTo(5);
        assertThat(partition.appended(5, nowMs, LAG_MS)).isFalse();
    }

    @Test
    void waitsForEveryReplicaInSync() {
        lead(0, 0, List.of(1, 2, 3), List.of(1, 2, 3));
        append(10);
        assertThat(fetched(2, 10)).isFalse();
        assertThat(fetched(3, 7)).isTrue();
        assertThat(partition.highWatermark()).isEqualTo(7);
        assertThat(fetched(3, 10)).isTrue();
        assertThat(partition.highWatermark()).isEqualTo(10);
    }

    @Test
    void doesNotWaitForALaggardOutOfSync() {
        lead(0, 0, List.of(1, 2, 3), List.of(1, 2));
        append(10);
        fetched(2, 10);
        fetched(3, 1);
        append(20);
        fetched(2, 20);

        assertThat(partition.highWatermark()).isEqualTo(20);
        assertThat(asked).isEmpty();
    }

    @Test
    void waitsForOneThatIsAboutToJoin() {
        lead(0, 0, List.of(1, 2), List.of(1));
        append(10);
        assertThat(partition.highWatermark()).isEqualTo(10);
        fetched(2, 10);
        assertThat(asked).hasSize(1);
        append(12);
        assertThat(partition.highWatermark())
                .as("it counts from the moment it was proposed")
                .isEqualTo(10);

        answer(new IsrAnswer.Changed(assignment(0, 1, List.of(1, 2), List.of(1, 2))));
        assertThat(partition.isr()).containsExactlyInAnyOrder(1, 2);
        fetched(2, 12);
        assertThat(partition.highWatermark()).isEqualTo(12);
    }

    @Test
    void aRejectedJoinFreesTheHighWatermark() {
        lead(0, 0, List.of(1, 2), List.of(1));
        append(10);
        fetched(2, 10);
        fenced.add(2);
        append(12);
        assertThat(partition.highWatermark()).isEqualTo(10);

        answer(new IsrAnswer.Rejected());
        assertThat(partition.highWatermark()).isEqualTo(12);
        assertThat(partition.isr()).containsExactly(1);
    }

    @Test
    void aFencedBrokerIsNotProposed() {
        fenced.add(2);
        lead(0, 0, List.of(1, 2), List.of(1));
        append(10);
        fetched(2, 10);

        assertThat(asked).isEmpty();
    }

    @Test
    void aFollowerMustReachTheLeadersOwnEpoch() {
        lead(0, 0, List.of(1, 2), List.of(1, 2));
        append(10);
        lead(1, 1, List.of(1, 2), List.of(1));
        assertThat(partition.leaderEpochStartOffset()).isEqualTo(10);
        fetched(2, 9);
        assertThat(asked).isEmpty();
        fetched(2, 10);

        assertThat(asked).hasSize(1);
        assertThat(asked.getFirst().leaderEpoch()).isEqualTo(1);
    }

    @Test
    void dropsThoseWhoLagTooLong() {
        lead(0, 0, List.of(1, 2, 3), List.of(1, 2, 3));
        append(10);
        nowMs += LAG_MS;
        fetched(2, 10);
        partition.dropLaggards(nowMs, LAG_MS);
        assertThat(asked).as("exactly the limit is not too long").isEmpty();
        nowMs += 1;
        partition.dropLaggards(nowMs, LAG_MS);

        assertThat(asked).hasSize(1);
        assertThat(asked.getFirst().brokerIds()).containsExactly(1, 2);
        assertThat(asked.getFirst().direction()).isEqualTo(Direction.SHRINK);
        assertThat(partition.highWatermark())
                .as("not before the controller agrees")
                .isZero();
        partition.dropLaggards(nowMs, LAG_MS);
        assertThat(asked).as("one at a time").hasSize(1);

        answer(new IsrAnswer.Changed(assignment(0, 1, List.of(1, 2, 3), List.of(1, 2))));
        assertThat(partition.highWatermark()).isEqualTo(10);
    }

    @Test
    void whoHadEverythingAtHisLastFetchIsCaughtUpSinceThen() {
        lead(0, 0, List.of(1, 2), List.of(1, 2));
        append(10);
        fetched(2, 5);
        nowMs += 20_000;
        append(20);
        fetched(2, 10);
        nowMs += 20_000;
        partition.dropLaggards(nowMs, LAG_MS);
        assertThat(asked)
                .as("at the first fetch the leader ended at 10, which it had fetched by the second: 40 s ago")
                .hasSize(1);
    }

    @Test
    void commitsNothingBelowTheMinimum() {
        partition.setMinInsyncReplicas(2);
        lead(0, 0, List.of(1, 2, 3), List.of(1));
        append(10);

        assertThat(partition.highWatermark()).isZero();
        assertThat(partition.isUnderMinIsr()).isTrue();
        assertThat(partition.checkMinIsrBeforeAppend()).isEqualTo(ErrorCode.NOT_ENOUGH_REPLICAS);
        partition.setMinInsyncReplicas(1);
        append(11);
        assertThat(partition.highWatermark()).isEqualTo(11);
    }

    @Test
    void anAnswerThatNobodyKnowsIsAskedAgain() {
        lead(0, 0, List.of(1, 2), List.of(1));
        append(10);
        fetched(2, 10);
        answer(new IsrAnswer.Unknown());

        assertThat(asked).hasSize(2);
        assertThat(asked.get(1)).isEqualTo(asked.get(0));
    }

    @Test
    void anAnswerToAnotherQuestionIsIgnored() {
        lead(0, 0, List.of(1, 2), List.of(1));
        append(10);
        fetched(2, 10);
        IsrChange old = asked.getFirst();
        lead(1, 1, List.of(1, 2), List.of(1));

        assertThat(partition.isrAnswered(
                        old, new IsrAnswer.Changed(assignment(0, 1, List.of(1, 2), List.of(1, 2))), nowMs, LAG_MS))
                .isFalse();
        assertThat(partition.isr()).containsExactly(1);
    }

    @Test
    void checksTheEpochsOfClients() {
        lead(3, 0, List.of(1), List.of(1));

        assertThat(partition.checkEpoch(-1)).isEqualTo(ErrorCode.NONE);
        assertThat(partition.checkEpoch(3)).isEqualTo(ErrorCode.NONE);
        assertThat(partition.checkEpoch(2)).isEqualTo(ErrorCode.FENCED_LEADER_EPOCH);
        assertThat(partition.checkEpoch(4)).isEqualTo(ErrorCode.UNKNOWN_LEADER_EPOCH);
    }

    @Test
    void followsAndCopiesTheHighWatermark() {
        partition.opened(10, 4);
        assertThat(partition.highWatermark()).isEqualTo(4);
        partition.assign(new Assignment(2, 1, 1, List.of(1, 2), List.of(1, 2), Recovery.RECOVERED), 10, nowMs);
        assertThat(partition.role()).isEqualTo(Role.FOLLOWER);

        assertThat(partition.copied(10, 25)).isTrue();
        assertThat(partition.highWatermark()).as("not beyond its own end").isEqualTo(10);
        assertThat(partition.copied(30, 20)).isTrue();
        assertThat(partition.highWatermark()).isEqualTo(20);
        partition.truncated(15);
        assertThat(partition.highWatermark()).isEqualTo(15);
    }

    @Test
    void aLeaderDoesNotCutItsLog() {
        lead(0, 0, List.of(1), List.of(1));
        assertThatThrownBy(() -> partition.truncated(0)).isInstanceOf(BrokenInvariant.class);
    }

    @Test
    void theLowWatermarkIsTheSlowest() {
        lead(0, 0, List.of(1, 2), List.of(1, 2));
        append(10);
        assertThat(partition.lowWatermark(5)).isEqualTo(-1);
        partition.fetched(partition.follower(2).orElseThrow(), 10, 3, 10, -1, nowMs, LAG_MS);
        assertThat(partition.lowWatermark(5)).isEqualTo(3);
    }

    @Test
    void withoutALeaderThereIsNoRole() {
        lead(0, 0, List.of(1), List.of(1));
        assertThat(partition.assign(assignment(-1, 1, 1, List.of(1), List.of(1)), 0, nowMs))
                .isEqualTo(Partition.Transition.NEW_EPOCH);
        assertThat(partition.role()).isEqualTo(Role.LEADERLESS);
        assertThat(partition.leaderId()).isEqualTo(-1);
    }

    private void lead(int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr) {
        partition.assign(assignment(leaderEpoch, partitionEpoch, replicas, isr), end, nowMs);
        partition.appended(end, nowMs, LAG_MS);
    }

    private long end;

    private void append(long endOffset) {
        end = endOffset;
        partition.appended(endOffset, nowMs, LAG_MS);
    }

    private boolean fetched(int follower, long offset) {
        return partition.fetched(partition.follower(follower).orElseThrow(), offset, 0, end, -1, nowMs, LAG_MS);
    }

    private void answer(IsrAnswer answer) {
        partition.isrAnswered(asked.getLast(), answer, nowMs, LAG_MS);
    }

    private static Assignment assignment(
            int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr) {
        return assignment(1, leaderEpoch, partitionEpoch, replicas, isr);
    }

    private static Assignment assignment(
            int leaderId, int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr) {
        return new Assignment(leaderId, leaderEpoch, partitionEpoch, replicas, isr, Recovery.RECOVERED);
    }
}
