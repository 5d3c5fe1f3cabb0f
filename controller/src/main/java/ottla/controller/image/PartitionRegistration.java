package ottla.controller.image;

import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.PartitionRecord;

/**
 * One partition as the controller has decided it.
 *
 * <p>{@code directories} has one id for each of {@code replicas}, in their order. {@code elr} are the replicas outside the
 * in-sync set that surely have every committed record, {@code lastKnownElr} who was last known to (KIP-966).
 */
public record PartitionRegistration(
        List<Integer> replicas,
        List<Uuid> directories,
        List<Integer> isr,
        List<Integer> removingReplicas,
        List<Integer> addingReplicas,
        List<Integer> elr,
        List<Integer> lastKnownElr,
        int leader,
        LeaderRecovery leaderRecovery,
        int leaderEpoch,
        int partitionEpoch) {
    public static final int NO_LEADER = -1;

    /** In a {@link PartitionChangeRecord}: the leader and its epoch stay. */
    public static final int NO_LEADER_CHANGE = -2;

    public PartitionRegistration {
        // a cluster has very many partitions: equal lists are one list
        replicas = List.copyOf(replicas);
        directories = directories.isEmpty() ? Directories.migrating(replicas.size()) : List.copyOf(directories);
        isr = isr.equals(replicas) ? replicas : List.copyOf(isr);
        removingReplicas = List.copyOf(removingReplicas);
        addingReplicas = List.copyOf(addingReplicas);
        elr = List.copyOf(elr);
        lastKnownElr = List.copyOf(lastKnownElr);
    }

    static PartitionRegistration of(PartitionRecord record) {
        return new PartitionRegistration(
                record.replicas(),
                record.directories(),
                record.isr(),
                record.removingReplicas(),
                record.addingReplicas(),
                orEmpty(record.eligibleLeaderReplicas()),
                orEmpty(record.lastKnownElr()),
                record.leader(),
                LeaderRecovery.of(record.leaderRecoveryState()),
                record.leaderEpoch(),
                record.partitionEpoch());
    }

    public PartitionRegistration after(PartitionChangeRecord change) {
        boolean leaderStays = change.leader() == NO_LEADER_CHANGE;
        return new PartitionRegistration(
                orElse(change.replicas(), replicas),
                orElse(change.directories(), directories),
                orElse(change.isr(), isr),
                orElse(change.removingReplicas(), removingReplicas),
                orElse(change.addingReplicas(), addingReplicas),
                orElse(change.eligibleLeaderReplicas(), elr),
                orElse(change.lastKnownElr(), lastKnownElr),
                leaderStays ? leader : change.leader(),
                change.leaderRecoveryState() < 0 ? leaderRecovery : LeaderRecovery.of(change.leaderRecoveryState()),
                leaderStays ? leaderEpoch : leaderEpoch + 1,
                partitionEpoch + 1);
    }

    PartitionRegistration withoutElr() {
        return new PartitionRegistration(
                replicas,
                directories,
                isr,
                removingReplicas,
                addingReplicas,
                List.of(),
                List.of(),
                leader,
                leaderRecovery,
                leaderEpoch,
                partitionEpoch + 1);
    }

    /** The partition as one record. An empty eligible set is left out, as it is by default. */
    public PartitionRecord toRecord(Uuid topicId, int partition) {
        return new PartitionRecord(
                partition,
                topicId,
                replicas,
                isr,
                removingReplicas,
                addingReplicas,
                leader,
                leaderRecovery.id(),
                leaderEpoch,
                partitionEpoch,
                directories,
                elr.isEmpty() ? null : elr,
                lastKnownElr.isEmpty() ? null : lastKnownElr);
    }

    public boolean hasLeader() {
        return leader != NO_LEADER;
    }

    public boolean hasReplica(int brokerId) {
        return replicas.contains(brokerId);
    }

    /** The directory of the replica on a broker; {@link Directories#UNASSIGNED} if there is none. */
    public Uuid directory(int brokerId) {
        int index = replicas.indexOf(brokerId);
        return index < 0 ? Directories.UNASSIGNED : directories.get(index);
    }

    /** The replica that leads when all is well. */
    public int preferredLeader() {
        return replicas.isEmpty() ? NO_LEADER : replicas.getFirst();
    }

    public boolean isReassigning() {
        return !removingReplicas.isEmpty() || !addingReplicas.isEmpty();
    }

    private static List<Integer> orEmpty(@Nullable List<Integer> ids) {
        return ids == null ? List.of() : ids;
    }

    private static <T> List<T> orElse(@Nullable List<T> changed, List<T> present) {
        return changed == null ? present : changed;
    }

    /** Whether the leader was elected from among replicas that may miss records. */
    public enum LeaderRecovery {
        RECOVERED,
        RECOVERING;

        public byte id() {
            return (byte) (this == RECOVERING ? 1 : 0);
        }

        public static LeaderRecovery of(byte id) {
            return id == 1 ? RECOVERING : RECOVERED;
        }
    }
}
