package ottla.replication.partition;

import java.util.List;
import ottla.base.Check;

/**
 * What the controller decided about a partition.
 *
 * @param leaderId -1 if there is none
 * @param leaderEpoch grows with every election
 * @param partitionEpoch grows with every change, and tells an AlterPartition that came too late (KIP-497)
 * @param unclean whether the leader was elected though it may lack committed records, and is to make the best of it
 */
public record Assignment(
        int leaderId,
        int leaderEpoch,
        int partitionEpoch,
        List<Integer> replicas,
        List<Integer> isr,
        Recovery unclean) {
    public static final int NO_LEADER = -1;

    /** KIP-704. */
    public enum Recovery {
        RECOVERED,
        RECOVERING
    }

    public Assignment {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
        Check.invariant(leaderEpoch >= 0, "a leader epoch", leaderEpoch, 0);
        Check.invariant(partitionEpoch >= 0, "a partition epoch", partitionEpoch, 0);
    }

    /** A partition that has this broker as its only replica. */
    public static Assignment alone(int brokerId, int leaderEpoch) {
        return new Assignment(brokerId, leaderEpoch, 0, List.of(brokerId), List.of(brokerId), Recovery.RECOVERED);
    }
}
