package ottla.replication.partition;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.replication.partition.Assignment.Recovery;
import ottla.replication.partition.IsrChange.Direction;

/**
 * This broker's share in one partition:
 *
 * <pre>
 *                        leads elsewhere
 *               LEADER ------------------> FOLLOWER
 *                 ^ |  <------------------   ^ |
 *        leads    | |      leads here        | |  no leader
 *        here     | v                        | v
 *               LEADERLESS <-----------------+-+
 * </pre>
 *
 * <p>It knows leader epochs, who is in sync, how far each follower has come, and from that the high watermark: the end of what all
 * replicas have that are in sync or about to be. It never touches the log; the shell tells it where the log ends.
 *
 * <p>Guarded by its shell's lock. Nothing is allocated by an append or a fetch; a partition without followers is committed by
 * appending to it.
 */
public final class Partition {
    private static final FollowerProgress[] NONE = {};

    private static final Comparator<FollowerProgress> MOST_CAUGHT_UP = Comparator.comparingLong(
                    FollowerProgress::endOffset)
            .thenComparingLong(FollowerProgress::lastCaughtUpTimeMs)
            .thenComparingInt(FollowerProgress::brokerId);

    private final int brokerId;
    private final Eligibility eligibility;
    private final IsrSink isrSink;

    private Role role = Role.LEADERLESS;
    private int leaderId = Assignment.NO_LEADER;
    private int leaderEpoch = -1;
    private int partitionEpoch = -1;
    private List<Integer> replicas = List.of();
    private Set<Integer> isr = Set.of();
    private Recovery recovery = Recovery.RECOVERED;
    private FollowerProgress[] followers = NONE;
    private @Nullable IsrChange asked;

    /** The in-sync set, with those who are about to join: nothing is committed without them. */
    private Set<Integer> maximalIsr = Set.of();

    private int minInsyncReplicas = 1;
    private long logEndOffset;
    private long highWatermark;
    private long leaderEpochStartOffset = -1;

    /** Where wishes to change the in-sync set go. */
    @FunctionalInterface
    public interface IsrSink {
        /** To be sent to the controller; the answer comes back as {@link Partition#isrAnswered}. */
        void ask(IsrChange change);
    }

    public Partition(int brokerId, Eligibility eligibility, IsrSink isrSink) {
        this.brokerId = brokerId;
        this.eligibility = eligibility;
        this.isrSink = isrSink;
    }

    public Role role() {
        return role;
    }

    public boolean isLeader() {
        return role == Role.LEADER;
    }

    /** -1 if there is none. */
    public int leaderId() {
        return leaderId;
    }

    /** -1 before the first assignment. */
    public int leaderEpoch() {
        return leaderEpoch;
    }

    public int partitionEpoch() {
        return partitionEpoch;
    }

    public List<Integer> replicas() {
        return replicas;
    }

    /** As the controller last confirmed it. */
    public Set<Integer> isr() {
        return isr;
    }

    public Recovery recovery() {
        return recovery;
    }

    /** Exclusive: the first offset that is not committed. */
    public long highWatermark() {
        return highWatermark;
    }

    /** Where this leader's own records begin; -1 on a follower. */
    public long leaderEpochStartOffset() {
        return leaderEpochStartOffset;
    }

    /** {@code min.insync.replicas}, or fewer if the partition has fewer. */
    public int effectiveMinIsr() {
        return Math.min(minInsyncReplicas, followers.length + 1);
    }

    public boolean isUnderMinIsr() {
        return role == Role.LEADER && isr.size() < effectiveMinIsr();
    }

    public boolean isUnderReplicated() {
        return role == Role.LEADER && isr.size() < replicas.size();
    }

    /** Whether something waits for followers at all. */
    public boolean isAlone() {
        return followers.length == 0;
    }

    public Optional<FollowerProgress> follower(int followerId) {
        return Optional.ofNullable(find(followerId));
    }

    /** The topic's {@code min.insync.replicas} became known or changed. */
    public void setMinInsyncReplicas(int count) {
        minInsyncReplicas = count;
    }

    /** What the log told when it was opened: where it ends, and the high watermark of the checkpoint. */
    public void opened(long endOffset, long checkpointedHighWatermark) {
        logEndOffset = endOffset;
        highWatermark = Math.min(endOffset, checkpointedHighWatermark);
    }

    /** How an assignment changed this broker's part. */
    public enum Transition {
        /** It is not newer than what is known. */
        STALE,
        /** The same leader epoch: only replicas or the in-sync set changed. */
        SAME_EPOCH,
        NEW_EPOCH
    }

    /** Takes in what the controller decided, whoever leads. {@code endOffset} is the log's. */
    public Transition assign(Assignment assignment, long endOffset, long nowMs) {
        if (assignment.leaderEpoch() < leaderEpoch || assignment.partitionEpoch() < partitionEpoch) {
            return Transition.STALE;
        }
        boolean newEpoch = assignment.leaderEpoch() > leaderEpoch;
        boolean leads = assignment.leaderId() == brokerId;
        Check.invariant(
                newEpoch || assignment.leaderId() == leaderId || assignment.leaderId() == Assignment.NO_LEADER,
                "one leader per epoch",
                assignment.leaderId(),
                leaderId);
        boolean wasLeader = role == Role.LEADER;
        logEndOffset = endOffset;
        leaderId = assignment.leaderId();
        leaderEpoch = assignment.leaderEpoch();
        partitionEpoch = assignment.partitionEpoch();
        replicas = assignment.replicas();
        recovery = assignment.unclean();
        settleIsr(assignment.isr());
        if (!leads) {
            role = leaderId == Assignment.NO_LEADER ? Role.LEADERLESS : Role.FOLLOWER;
            followers = NONE;
            leaderEpochStartOffset = -1;
            return newEpoch ? Transition.NEW_EPOCH : Transition.SAME_EPOCH;
        }
        role = Role.LEADER;
        followers = followersOf(replicas);
        if (newEpoch || !wasLeader) {
            leaderEpochStartOffset = endOffset;
            for (FollowerProgress follower : followers) {
                follower.begin(nowMs, endOffset, isr.contains(follower.brokerId()));
            }
        }
        return newEpoch ? Transition.NEW_EPOCH : Transition.SAME_EPOCH;
    }

    /** What is wrong with a leader epoch that a client names (KIP-320); -1 names none. */
    public ErrorCode checkEpoch(int clientLeaderEpoch) {
        if (clientLeaderEpoch == -1 || clientLeaderEpoch == leaderEpoch) {
            return ErrorCode.NONE;
        }
        return clientLeaderEpoch < leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
    }

    // The leader.

    /** The leader's log ends here now. Says whether the high watermark moved. */
    public boolean appended(long endOffset, long nowMs, long maxLagMs) {
        logEndOffset = endOffset;
        if (followers.length == 0) {
            boolean moved = endOffset > highWatermark;
            highWatermark = Math.max(highWatermark, endOffset);
            return moved;
        }
        return advance(nowMs, maxLagMs);
    }

    /**
     * A follower fetched, which tells that it has everything below {@code fetchOffset}. May ask to take it into the in-sync set.
     * Says whether the high watermark moved. Followers that are not replicas are the shell's to refuse.
     *
     * @param leaderEndOffset where the log ended when the fetch was read
     */
    public boolean fetched(
            FollowerProgress follower,
            long fetchOffset,
            long followerStartOffset,
            long leaderEndOffset,
            long brokerEpoch,
            long nowMs,
            long maxLagMs) {
        follower.fetched(fetchOffset, followerStartOffset, leaderEndOffset, brokerEpoch, nowMs);
        if (mayExpandBy(follower)) {
            Set<Integer> wanted = new HashSet<>(isr);
            wanted.add(follower.brokerId());
            ask(wanted, Direction.EXPAND);
        }
        return advance(nowMs, maxLagMs);
    }

    /** Asks for the removal of those who did not catch up for too long. To be called every half of {@code maxLagMs}. */
    public void dropLaggards(long nowMs, long maxLagMs) {
        if (role != Role.LEADER || asked != null || followers.length == 0) {
            return;
        }
        Set<Integer> wanted = new HashSet<>(isr);
        for (FollowerProgress follower : followers) {
            if (!follower.isCaughtUp(logEndOffset, nowMs, maxLagMs)) {
                wanted.remove(follower.brokerId());
            }
        }
        if (wanted.size() < isr.size()) {
            ask(wanted, Direction.SHRINK);
        }
    }

    /** The controller answered the one change that was asked for. Says whether the high watermark moved. */
    public boolean isrAnswered(IsrChange change, IsrAnswer answer, long nowMs, long maxLagMs) {
        IsrChange current = asked;
        if (current == null || !current.equals(change)) {
            return false;
        }
        switch (answer) {
            case IsrAnswer.Changed changed -> {
                Assignment assignment = changed.assignment();
                if (assignment.leaderEpoch() == leaderEpoch && assignment.partitionEpoch() >= partitionEpoch) {
                    partitionEpoch = assignment.partitionEpoch();
                    recovery = assignment.unclean();
                    settleIsr(assignment.isr());
                } else {
                    settleIsr(List.copyOf(isr));
                }
            }
            case IsrAnswer.Rejected rejected -> settleIsr(List.copyOf(isr));
            // What is pending stays pending, so that nothing is committed too early; the controller's news ends it.
            case IsrAnswer.Outdated outdated -> {}
            case IsrAnswer.Unknown unknown -> isrSink.ask(current);
        }
        return role == Role.LEADER && advance(nowMs, maxLagMs);
    }

    /** Whether acks=all may be answered for records up to {@code lastOffset}. */
    public boolean isCommitted(long lastOffset) {
        return lastOffset < highWatermark;
    }

    /** The error of an acks=all write that is about to begin; it must not be written if too few replicas are in sync. */
    public ErrorCode checkMinIsrBeforeAppend() {
        return isr.size() < effectiveMinIsr() ? ErrorCode.NOT_ENOUGH_REPLICAS : ErrorCode.NONE;
    }

    /** The error of an acks=all write that is committed now: it is, but with fewer replicas than wanted. */
    public ErrorCode checkMinIsrAfterCommit() {
        return maximalIsr.size() < effectiveMinIsr() ? ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND : ErrorCode.NONE;
    }

    /** The smallest log start of all replicas: what DeleteRecords waits for. -1 as long as a follower has not told. */
    public long lowWatermark(long leaderStartOffset) {
        long lowest = leaderStartOffset;
        for (FollowerProgress follower : followers) {
            lowest = Math.min(lowest, follower.startOffset());
        }
        return lowest;
    }

    /**
     * The replica that a consumer reads from rather than from this leader (KIP-392): a near one that is in sync and has the offset,
     * of several the one that is ahead, or was caught up last. Empty if there is none, or the leader itself is near.
     */
    public OptionalInt nearest(long fetchOffset, IntPredicate near) {
        FollowerProgress nearest = null;
        for (FollowerProgress follower : followers) {
            boolean able = isr.contains(follower.brokerId())
                    && follower.endOffset() >= fetchOffset
                    && follower.startOffset() <= fetchOffset
                    && near.test(follower.brokerId());
            if (able && (nearest == null || MOST_CAUGHT_UP.compare(follower, nearest) > 0)) {
                nearest = follower;
            }
        }
        return nearest == null || near.test(brokerId) ? OptionalInt.empty() : OptionalInt.of(nearest.brokerId());
    }

    // The follower.

    /** Records were copied from the leader, who told its high watermark. Says whether this one moved. */
    public boolean copied(long endOffset, long leaderHighWatermark) {
        logEndOffset = endOffset;
        long reached = Math.min(endOffset, leaderHighWatermark);
        boolean moved = reached > highWatermark;
        highWatermark = Math.max(highWatermark, reached);
        return moved;
    }

    /** The log was cut because the leader has another history from {@code endOffset} on (KIP-101, KIP-279). */
    public void truncated(long endOffset) {
        Check.invariant(role != Role.LEADER, "a leader does not cut its log");
        logEndOffset = endOffset;
        highWatermark = Math.min(highWatermark, endOffset);
    }

    /** The log's start moved; it never passes the high watermark, which moves with it on a follower. */
    public void startMoved(long startOffset) {
        highWatermark = Math.max(highWatermark, startOffset);
        logEndOffset = Math.max(logEndOffset, startOffset);
    }

    private boolean advance(long nowMs, long maxLagMs) {
        if (isUnderMinIsr()) {
            return false;
        }
        long reached = logEndOffset;
        for (FollowerProgress follower : followers) {
            if (follower.endOffset() < reached && isWaitedFor(follower, nowMs, maxLagMs)) {
                reached = follower.endOffset();
            }
        }
        if (reached <= highWatermark) {
            return false;
        }
        highWatermark = reached;
        return true;
    }

    /**
     * Also a follower that is caught up and may join is waited for: otherwise the high watermark could always run ahead of it and
     * it would never be able to join.
     */
    private boolean isWaitedFor(FollowerProgress follower, long nowMs, long maxLagMs) {
        return maximalIsr.contains(follower.brokerId())
                || (follower.isCaughtUp(logEndOffset, nowMs, maxLagMs)
                        && eligibility.mayJoin(follower.brokerId(), follower.brokerEpoch()));
    }

    private boolean mayExpandBy(FollowerProgress follower) {
        return asked == null
                && !isr.contains(follower.brokerId())
                && follower.endOffset() >= highWatermark
                && follower.endOffset() >= leaderEpochStartOffset
                && eligibility.mayJoin(follower.brokerId(), follower.brokerEpoch());
    }

    private void ask(Set<Integer> wanted, Direction direction) {
        List<IsrChange.Member> members = new ArrayList<>(wanted.size());
        for (int replica : replicas) {
            if (wanted.contains(replica)) {
                FollowerProgress follower = find(replica);
                members.add(new IsrChange.Member(
                        replica, follower == null ? FollowerProgress.UNKNOWN : follower.brokerEpoch()));
            }
        }
        IsrChange change = new IsrChange(leaderEpoch, partitionEpoch, members, direction);
        asked = change;
        if (direction == Direction.EXPAND) {
            maximalIsr = Set.copyOf(wanted);
        }
        isrSink.ask(change);
    }

    private void settleIsr(List<Integer> confirmed) {
        isr = Set.copyOf(confirmed);
        maximalIsr = isr;
        asked = null;
    }

    private FollowerProgress[] followersOf(List<Integer> replicaIds) {
        List<FollowerProgress> next = new ArrayList<>();
        for (int id : replicaIds) {
            if (id != brokerId) {
                FollowerProgress known = find(id);
                next.add(known == null ? new FollowerProgress(id) : known);
            }
        }
        return next.toArray(NONE);
    }

    private @Nullable FollowerProgress find(int followerId) {
        for (FollowerProgress follower : followers) {
            if (follower.brokerId() == followerId) {
                return follower;
            }
        }
        return null;
    }
}
