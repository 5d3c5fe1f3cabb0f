package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a leader knows of the replicas that fetch from it. Lives as long as one term; owned by the thread of its {@link Quorum}. */
final class Progress {
    private final ReplicaKey self;
    private final long epochStartOffset;
    private final SortedMap<ReplicaKey, ReplicaProgress> replicas = new TreeMap<>();
    private final SortedMap<ReplicaKey, Long> leaderEndOffsetAtLastFetch = new TreeMap<>();

    Progress(ReplicaKey self, long epochStartOffset) {
        this.self = self;
        this.epochStartOffset = epochStartOffset;
    }

    /**
     * How far a replica is. {@code caughtUpMs} is the last time at which it had everything that the leader had when it asked
     * before; -1 stands for never.
     */
    record ReplicaProgress(ReplicaKey key, OptionalLong endOffset, long fetchMs, long caughtUpMs) {
        static ReplicaProgress unknown(ReplicaKey key) {
            return new ReplicaProgress(key, OptionalLong.empty(), -1, -1);
        }
    }

    /** A replica asked for what follows {@code endOffset}, so it has, and has flushed, all before that. */
    void fetched(ReplicaKey replica, long endOffset, long leaderEndOffset, long nowMs) {
        ReplicaProgress before = replicas.getOrDefault(replica, ReplicaProgress.unknown(replica));
        long caughtUpMs = before.caughtUpMs();
        if (endOffset >= leaderEndOffset) {
            caughtUpMs = nowMs;
        } else if (leaderEndOffsetAtLastFetch.containsKey(replica)
                && endOffset >= leaderEndOffsetAtLastFetch.get(replica)) {
            caughtUpMs = before.fetchMs();
        }
        leaderEndOffsetAtLastFetch.put(replica, leaderEndOffset);
        replicas.put(
                replica,
                new ReplicaProgress(
                        replica, OptionalLong.of(endOffset), nowMs, Math.max(before.caughtUpMs(), caughtUpMs)));
    }

    /** A replica fetches a snapshot: alive, but how far it is is not known. */
    void alive(ReplicaKey replica, long nowMs) {
        ReplicaProgress before = replicas.getOrDefault(replica, ReplicaProgress.unknown(replica));
        replicas.put(replica, new ReplicaProgress(replica, before.endOffset(), nowMs, before.caughtUpMs()));
    }

    /**
     * The offset that a majority of the voters has flushed. Empty until it passes the start of the epoch: older records count as
     * committed only with one of this epoch behind them (Raft's section 5.4.2).
     */
    OptionalLong majorityOffset(VoterSet voters, long flushedEndOffset) {
        List<Long> ends = new ArrayList<>();
        for (Voter voter : voters.voters()) {
            ends.add(
                    voter.key().covers(self)
                            ? flushedEndOffset
                            : endOffset(voter).orElse(-1));
        }
        if (ends.isEmpty()) {
            return OptionalLong.empty();
        }
        ends.sort(Comparator.reverseOrder());
        long offset = ends.get(voters.majority() - 1);
        return offset > epochStartOffset ? OptionalLong.of(offset) : OptionalLong.empty();
    }

    /** Whether a majority, this leader included, was heard of within the time; a leader alone need not hear anybody. */
    boolean heardByMajority(VoterSet voters, long sinceMs) {
        long heard = voters.voters().stream()
                .filter(voter -> voter.key().covers(self)
                        || find(voter)
                                .filter(replica -> replica.fetchMs() >= sinceMs)
                                .isPresent())
                .count();
        return heard >= voters.majority();
    }

    /** Whether this voter has fetched in this epoch: then it knows who leads. */
    boolean hasFetchedSince(Voter voter, long sinceMs) {
        return find(voter).filter(replica -> replica.fetchMs() >= sinceMs).isPresent();
    }

    /** Whether a replica once had all that the leader had, and is still heard of. */
    boolean isCaughtUp(ReplicaKey replica, long sinceMs) {
        ReplicaProgress known = replicas.getOrDefault(replica, ReplicaProgress.unknown(replica));
        return known.caughtUpMs() >= 0 && known.fetchMs() > sinceMs;
    }

    /** The other voters, those with the longest log first: one of them should lead next. */
    List<ReplicaKey> successors(VoterSet voters) {
        return voters.voters().stream()
                .filter(voter -> !voter.key().covers(self))
                .sorted(Comparator.comparingLong(
                        (Voter voter) -> -endOffset(voter).orElse(-1)))
                .map(Voter::key)
                .toList();
    }

    Optional<ReplicaProgress> find(Voter voter) {
        if (!voter.key().directoryId().isZero()) {
            return Optional.ofNullable(replicas.get(voter.key()));
        }
        return replicas.values().stream()
                .filter(replica -> voter.key().covers(replica.key()))
                .max(Comparator.comparingLong(ReplicaProgress::fetchMs));
    }

    /** Replicas that do not vote and were heard of lately. */
    List<ReplicaProgress> observers(VoterSet voters, long nowMs) {
        Collection<ReplicaProgress> known = replicas.values();
        known.removeIf(
                replica -> !voters.contains(replica.key()) && replica.fetchMs() < nowMs - Timeouts.OBSERVER_SESSION_MS);
        return known.stream()
                .filter(replica ->
                        !voters.contains(replica.key()) && !replica.key().equals(self))
                .toList();
    }

    private OptionalLong endOffset(Voter voter) {
        return find(voter).map(ReplicaProgress::endOffset).orElse(OptionalLong.empty());
    }
}
