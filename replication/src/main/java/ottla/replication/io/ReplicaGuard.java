package ottla.replication.io;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.io.DiskFailure;
import ottla.log.io.Log;

/**
 * The lock of a {@link Replica}, and what comes of a disk that fails under it: the replica goes offline at once, whoever waits for it
 * is told, and others hear of it when the lock is free again.
 */
final class ReplicaGuard {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaGuard.class);

    private final TopicPartition name;
    private final ReplicaState state;
    private final ReplicaProgress progress;
    private final Consumer<DiskFailure> listener;
    private final ReentrantLock lock = new ReentrantLock();

    /** A failure that the listener is to be told of. */
    private @Nullable DiskFailure unreported;

    /** @param listener told without the lock, once: there is no way back */
    ReplicaGuard(TopicPartition name, ReplicaState state, ReplicaProgress progress, Consumer<DiskFailure> listener) {
        this.name = name;
        this.state = state;
        this.progress = progress;
        this.listener = listener;
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        DiskFailure failure = unreported;
        unreported = null;
        lock.unlock();
        if (failure != null) {
            listener.accept(failure);
        }
    }

    void requireLocked(String why) {
        Check.invariant(lock.isHeldByCurrentThread(), why);
    }

    /** Under the lock. */
    void fail(DiskFailure failure) {
        requireLocked("a replica fails under its lock");
        if (!state.isOnline()) {
            return;
        }
        LOG.error("{} goes offline: its disk failed", name, failure);
        state.end(ReplicaState.Life.FAILED);
        unreported = failure;
        state.log().abandon();
        progress.changed();
    }

    /**
     * A log could not be read or flushed without the lock. ABSENT only says that retention was faster than the reader. What happens to
     * the files of a log that has moved away is no matter of this replica's any more: the reader finds everything in the new place.
     */
    ErrorCode failedAside(DiskFailure failure, Log read) {
        lock();
        try {
            boolean moved = state.log() != read;
            if (!moved && failure.kind() == DiskFailure.Kind.ABSENT) {
                return ErrorCode.OFFSET_OUT_OF_RANGE;
            }
            if (!moved) {
                fail(failure);
            }
        } finally {
            unlock();
        }
        return ErrorCode.KAFKA_STORAGE_ERROR;
    }

    /** For what touches no disk. */
    void changing(Runnable change) {
        lock();
        try {
            change.run();
        } finally {
            unlock();
        }
    }

    /** For what touches no disk. */
    <T> T locked(Supplier<T> read) {
        lock();
        try {
            return read.get();
        } finally {
            unlock();
        }
    }

    /** Does something to the log, or answers otherwise if the disk fails at that. */
    <T> T guarded(Supplier<T> deed, T ifFailed) {
        lock();
        try {
            return deed.get();
        } catch (DiskFailure failure) {
            fail(failure);
            return ifFailed;
        } finally {
            unlock();
        }
    }

    /** Runs a deed on the log, unless the replica is offline or ended. A full disk is for the caller to know. */
    <T> Optional<T> withLog(BiFunction<Log, ReplicaState, T> deed) {
        lock();
        try {
            return state.isOnline() ? Optional.of(deed.apply(state.log(), state)) : Optional.empty();
        } catch (DiskFailure failure) {
            if (failure.kind() == DiskFailure.Kind.FULL) {
                throw failure;
            }
            fail(failure);
            return Optional.empty();
        } finally {
            unlock();
        }
    }
}
