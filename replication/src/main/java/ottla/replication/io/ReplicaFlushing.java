package ottla.replication.io;

import java.util.Optional;
import ottla.log.io.LogFlush;

/**
 * When a replica's log is flushed, as {@code flush.messages} and {@code flush.ms} have it. One flush runs at a time, on a flush
 * thread and without the replica's lock; whatever is appended meanwhile shares the next one. Everything here is under the lock.
 *
 * <pre>
 *   IDLE -- due --> ASKED -- a thread begins --> RUNNING -- synced, and due again --> ASKED
 *    ^                                              |
 *    +-------------- synced, or failed -------------+
 * </pre>
 */
final class ReplicaFlushing {
    private final ReplicaState state;
    private final ReplicaShell shell;
    private final Runnable flush;
    private Stage stage = Stage.IDLE;
    private long lastFlushMs;

    private enum Stage {
        IDLE,
        ASKED,
        RUNNING
    }

    /** {@code flush} is run on a flush thread: it begins, syncs what {@link #begin} gave, and ends. */
    ReplicaFlushing(ReplicaState state, ReplicaShell shell, Runnable flush) {
        this.state = state;
        this.shell = shell;
        this.flush = flush;
        lastFlushMs = shell.nowMs();
    }

    /** The log has grown: asks for a flush if it holds more than it may without one. */
    void grew() {
        if (state.log().endOffset() > state.log().securedOffset()) {
            ask();
        }
    }

    /** Asks for a flush if {@code flush.ms} have passed since the last, and something was appended. */
    void grewOld(long nowMs) {
        boolean dirty = state.log().endOffset() > state.log().recoveryPoint();
        if (dirty && nowMs - lastFlushMs >= state.log().config().flushMs()) {
            ask();
        }
    }

    private void ask() {
        if (stage == Stage.IDLE) {
            stage = Stage.ASKED;
            shell.flushThreads().execute(flush);
        }
    }

    /** What is to be synced; empty if the replica is no longer there. */
    Optional<LogFlush> begin() {
        if (!state.isOnline()) {
            stage = Stage.IDLE;
            return Optional.empty();
        }
        stage = Stage.RUNNING;
        return Optional.of(state.log().planFlush());
    }

    /** Well or not. */
    void ended() {
        stage = Stage.IDLE;
        lastFlushMs = shell.nowMs();
    }
}
