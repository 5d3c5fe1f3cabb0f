package ottla.replication.io;

import java.time.InstantSource;
import ottla.replication.partition.ByteQuota;

/**
 * The two limits on what a broker copies of throttled replicas.
 *
 * @param leader {@code leader.replication.throttled.rate}
 * @param follower {@code follower.replication.throttled.rate}
 */
public record ReplicationThrottles(ReplicationThrottle leader, ReplicationThrottle follower) {
    /** Both over windows of one kind, without a limit at first. */
    public static ReplicationThrottles over(ByteQuota.Window window, InstantSource clock) {
        return new ReplicationThrottles(new ReplicationThrottle(window, clock), new ReplicationThrottle(window, clock));
    }
}
