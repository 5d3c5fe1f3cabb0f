package ottla.replication.io;

import ottla.log.LogConfig;
import ottla.replication.partition.ThrottledReplicas;

/**
 * Whether a replica is one of those that are copied no faster than the broker's limits allow, as its topic's configuration says.
 *
 * <p>Changed under the replica's lock, read by any thread.
 */
final class ReplicaThrottling {
    private final int partition;
    private final int brokerId;
    private volatile boolean asLeader;
    private volatile boolean asFollower;

    ReplicaThrottling(int partition, int brokerId, LogConfig config) {
        this.partition = partition;
        this.brokerId = brokerId;
        configure(config);
    }

    void configure(LogConfig config) {
        asLeader = ThrottledReplicas.contain(config.leaderReplicationThrottledReplicas(), partition, brokerId);
        asFollower = ThrottledReplicas.contain(config.followerReplicationThrottledReplicas(), partition, brokerId);
    }

    /** What its followers fetch counts for the leaders' limit. */
    boolean asLeader() {
        return asLeader;
    }

    /** What it fetches counts for the followers' limit. */
    boolean asFollower() {
        return asFollower;
    }
}
