package ottla.replication.io;

/**
 * What holds for all partitions of one Fetch request.
 *
 * @param replicaId the follower that fetches, -1 for a consumer
 * @param replicaEpoch the follower's broker epoch, -1 if it did not say (KIP-903)
 * @param maxBytes for the whole answer, already bounded by {@code fetch.max.bytes}
 * @param minBytes not more than {@code maxBytes}
 * @param near who is to be read from rather than the leader, if the leader is not near
 */
public record FetchTerms(
        int replicaId,
        long replicaEpoch,
        long maxWaitMs,
        int minBytes,
        int maxBytes,
        Isolation isolation,
        From from,
        Size size,
        Near near) {
    /** Up to where a consumer reads. */
    public enum Isolation {
        READ_UNCOMMITTED,
        READ_COMMITTED
    }

    /** Who may answer. Consumers that say where they are (version 11 on) may read from followers (KIP-392). */
    public enum From {
        LEADER,
        ANY_REPLICA
    }

    /** What {@code maxBytes} means for a first batch that is larger: versions up to 2 get nothing (KIP-74). */
    public enum Size {
        AT_LEAST_ONE_BATCH,
        HARD_LIMIT
    }

    public boolean isFollower() {
        return replicaId >= 0;
    }
}
