package ottla.replication.partition;

import java.util.List;

/**
 * What a leader asks the controller for with AlterPartition (KIP-497, KIP-903). At most one is on its way at any time.
 *
 * @param partitionEpoch on which it builds: the controller refuses it if something else came first
 * @param isr whom the leader wants in sync, itself included
 */
public record IsrChange(int leaderEpoch, int partitionEpoch, List<Member> isr, Direction direction) {
    /** The broker epoch under which the member fetched, -1 if it did not say. */
    public record Member(int brokerId, long brokerEpoch) {}

    public enum Direction {
        EXPAND,
        SHRINK
    }

    public IsrChange {
        isr = List.copyOf(isr);
    }

    public List<Integer> brokerIds() {
        return isr.stream().map(Member::brokerId).toList();
    }
}
