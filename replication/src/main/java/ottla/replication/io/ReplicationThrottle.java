package ottla.replication.io;

import java.time.InstantSource;
import ottla.replication.partition.ByteQuota;

/**
 * What this broker may copy in a second of those replicas that are throttled, in one direction: as their leader, or as their follower.
 *
 * <p>Safe for use by several threads. As long as there is no limit, asking costs the look at a field.
 */
public final class ReplicationThrottle {
    private final InstantSource clock;

    /** Guarded by itself. */
    private final ByteQuota quota;

    private volatile boolean limited;

    public ReplicationThrottle(ByteQuota.Window window, InstantSource clock) {
        this.clock = clock;
        quota = new ByteQuota(window);
    }

    /** From now on; {@link ByteQuota#UNLIMITED} ends it. */
    public void limit(long bytesPerSecond) {
        synchronized (quota) {
            quota.limit(bytesPerSecond);
            limited = quota.isLimited();
        }
    }

    /** Counts bytes of a throttled replica. They count for a limit that comes later, too. */
    void spend(long sizeBytes) {
        synchronized (quota) {
            quota.spend(sizeBytes, clock.millis());
        }
    }

    /** How long nothing more is to be copied; 0 if it may be now. */
    long pauseMs() {
        if (!limited) {
            return 0;
        }
        synchronized (quota) {
            return quota.pauseMs(clock.millis());
        }
    }
}
