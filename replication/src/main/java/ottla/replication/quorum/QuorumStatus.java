package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** How far each replica is, as DescribeQuorum tells it. Only a leader knows. Times are in the clock of the inputs, -1 for never. */
public record QuorumStatus(long highWatermark, List<Replica> voters, List<Replica> observers) {
    public QuorumStatus {
        voters = List.copyOf(voters);
        observers = List.copyOf(observers);
    }

    /** One replica; its end is empty until it has fetched from this leader. */
    public record Replica(ReplicaKey key, OptionalLong endOffset, long fetchMs, long caughtUpMs) {}

    static QuorumStatus of(
            Progress progress, ReplicaKey self, LogShape log, VoterSet voters, long highWatermark, long nowMs) {
        List<Replica> described = new ArrayList<>();
        for (Voter voter : voters.voters()) {
            if (voter.key().covers(self)) {
                described.add(new Replica(self, OptionalLong.of(log.flushedEndOffset()), nowMs, nowMs));
            } else {
                described.add(describe(progress.find(voter).orElse(Progress.ReplicaProgress.unknown(voter.key()))));
            }
        }
        List<Replica> observers = new ArrayList<>(progress.observers(voters, nowMs).stream()
                .map(QuorumStatus::describe)
                .toList());
        if (!voters.contains(self)) {
            // A leader that was removed leads on until that is committed.
            observers.add(new Replica(self, OptionalLong.of(log.flushedEndOffset()), nowMs, nowMs));
        }
        return new QuorumStatus(highWatermark, described, observers);
    }

    private static Replica describe(Progress.ReplicaProgress replica) {
        return new Replica(replica.key(), replica.endOffset(), replica.fetchMs(), replica.caughtUpMs());
    }
}
