package ottla.replication.io;

import ottla.base.ErrorCode;
import ottla.log.io.Log;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.partition.Partition;

/** What the lock of a {@link Replica} guards: its log, its part in replication, and whether it is still there. */
final class ReplicaState {
    private Log log;
    private final Partition partition;
    private Life life = Life.ONLINE;

    enum Life {
        ONLINE,
        /** The disk failed. */
        FAILED,
        /** Closed or removed. */
        CLOSED
    }

    ReplicaState(Log log, Partition partition) {
        this.log = log;
        this.partition = partition;
    }

    Log log() {
        return log;
    }

    /** The log lies in another directory now. */
    void exchange(Log next) {
        log = next;
    }

    Partition partition() {
        return partition;
    }

    Life life() {
        return life;
    }

    /** There is no way back to {@link Life#ONLINE}. */
    void end(Life next) {
        life = next;
    }

    boolean isOnline() {
        return life == Life.ONLINE;
    }

    boolean leads() {
        return life == Life.ONLINE && partition.isLeader();
    }

    /** Why a client that names a leader epoch, or -1, is not served here. */
    ErrorCode check(int clientLeaderEpoch, From from) {
        if (life == Life.FAILED) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        if (life == Life.CLOSED) {
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        ErrorCode epoch = partition.checkEpoch(clientLeaderEpoch);
        if (epoch != ErrorCode.NONE) {
            return epoch;
        }
        return from == From.LEADER && !partition.isLeader() ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE;
    }

    long stableOffset() {
        return log.lastStableOffset(partition.highWatermark());
    }

    /** Up to where a fetch may read: followers everything, consumers what is committed. */
    long boundOffset(FetchTerms terms) {
        if (terms.isFollower()) {
            return log.endOffset();
        }
        return terms.isolation() == Isolation.READ_COMMITTED ? stableOffset() : partition.highWatermark();
    }
}
