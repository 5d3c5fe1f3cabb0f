package ottla.replication.io;

import java.time.InstantSource;
import java.util.concurrent.Executor;
import ottla.log.io.DiskFailure;
import ottla.replication.partition.Eligibility;
import ottla.replication.partition.IsrChange;

/**
 * What all replicas of a broker share.
 *
 * @param diskThreads runs what waits for a disk; it may run many tasks at a time
 * @param flushThreads runs the syncs that answers wait for, apart from all else; never on the calling thread
 * @param lagTimeMaxMs {@code replica.lag.time.max.ms}
 * @param throttles limits on what is copied of replicas that are throttled
 */
public record ReplicaShell(
        int brokerId,
        InstantSource clock,
        Executor diskThreads,
        Executor flushThreads,
        long lagTimeMaxMs,
        Eligibility eligibility,
        IsrChanges isrChanges,
        DiskFailures diskFailures,
        ReplicationThrottles throttles) {

    /** Where a leader's wishes for its in-sync set go. */
    @FunctionalInterface
    public interface IsrChanges {
        /** Called under the replica's lock, so it must not wait. The answer comes back to {@link Replica#isrAnswered}. */
        void ask(Replica replica, IsrChange change);
    }

    /** Who is told that a disk failed. */
    @FunctionalInterface
    public interface DiskFailures {
        /** The replica is offline already. Called without its lock; whoever owns the log directory takes the others offline. */
        void failed(Replica replica, DiskFailure failure);
    }

    long nowMs() {
        return clock.millis();
    }
}
