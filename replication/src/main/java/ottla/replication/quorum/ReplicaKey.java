package ottla.replication.quorum;

import ottla.base.Uuid;

/**
 * One replica of the metadata log: a node and the directory it keeps the log in, so that a node that lost its disk is another
 * replica than before (KIP-853). The directory is {@link Uuid#ZERO} where it is not known, as with static voters.
 */
public record ReplicaKey(int id, Uuid directoryId) implements Comparable<ReplicaKey> {
    public static ReplicaKey ofUnknownDirectory(int id) {
        return new ReplicaKey(id, Uuid.ZERO);
    }

    /** Whether {@code other} is this replica, as far as this one's directory is known. */
    public boolean covers(ReplicaKey other) {
        return id == other.id && (directoryId.isZero() || directoryId.equals(other.directoryId));
    }

    @Override
    public int compareTo(ReplicaKey other) {
        int byId = Integer.compare(id, other.id);
        return byId != 0 ? byId : directoryId.compareTo(other.directoryId);
    }
}
