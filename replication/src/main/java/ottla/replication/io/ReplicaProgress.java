package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import ottla.base.ErrorCode;
import ottla.replication.io.FetchTerms.From;

/**
 * How far a replica has come, as others may read it without its lock, and who waits for it to come further.
 *
 * <p>Whoever waits is checked after every change and woken on its own loop; when nobody waits, that costs the look at an empty
 * list. Everything but the offsets is called under the replica's lock.
 */
final class ReplicaProgress {
    private final ReplicaState state;
    private final List<ParkedFetch.Wait> fetches = new ArrayList<>();
    private final List<ParkedProgress.Goal> goals = new ArrayList<>();
    private final List<LongConsumer> commitListeners = new ArrayList<>();
    private volatile long highWatermark;
    private volatile long logStartOffset;
    private volatile long securedOffset;

    ReplicaProgress(ReplicaState state) {
        this.state = state;
        highWatermark = state.partition().highWatermark();
        logStartOffset = state.log().logStartOffset();
        securedOffset = state.log().securedOffset();
        state.log().onHighWatermark(highWatermark);
    }

    long highWatermark() {
        return highWatermark;
    }

    long logStartOffset() {
        return logStartOffset;
    }

    /** Exclusive: up to here the leader need not wait for its disk. */
    long securedOffset() {
        return securedOffset;
    }

    void addCommitListener(LongConsumer listener) {
        commitListeners.add(listener);
    }

    void removeCommitListener(LongConsumer listener) {
        commitListeners.remove(listener);
    }

    void await(ParkedFetch.Wait wait) {
        wait.index = fetches.size();
        fetches.add(wait);
        check(wait);
    }

    void forget(ParkedFetch.Wait wait) {
        if (wait.index >= 0) {
            ParkedFetch.Wait last = fetches.removeLast();
            if (last != wait) {
                fetches.set(wait.index, last);
                last.index = wait.index;
            }
            wait.index = -1;
        }
    }

    /** Whoever waits for this goal is told at once if it is reached or cannot be reached. */
    void await(ParkedProgress.Goal goal) {
        if (!settle(goal)) {
            goals.add(goal);
        }
    }

    void forget(ParkedProgress.Goal goal) {
        goals.remove(goal);
        goal.settle(ErrorCode.REQUEST_TIMED_OUT);
    }

    /** How many fetches wait here. */
    int waitingFetchCount() {
        return fetches.size();
    }

    /** To be called after every change that a reader, a producer or a coordinator may wait for. */
    void changed() {
        advance();
        checkFetches();
        checkGoals();
    }

    /** As {@link #changed}, when nothing but the end of the log and what follows from it has changed. */
    void appended() {
        if (advance()) {
            checkGoals();
        }
        checkFetches();
    }

    /** Publishes how far the replica has come, and says whether a goal can have been reached with that. */
    private boolean advance() {
        boolean moved = false;
        long secured = state.log().securedOffset();
        if (secured != securedOffset) {
            securedOffset = secured;
            moved = true;
        }
        long reached = state.partition().highWatermark();
        if (reached != highWatermark) {
            highWatermark = reached;
            moved = true;
            state.log().onHighWatermark(reached);
            for (LongConsumer listener : commitListeners) {
                listener.accept(reached);
            }
        }
        if (logStartOffset != state.log().logStartOffset()) {
            logStartOffset = state.log().logStartOffset();
            moved = true;
        }
        return moved;
    }

    private void checkFetches() {
        if (!fetches.isEmpty()) {
            fetches.forEach(this::check);
        }
    }

    private void checkGoals() {
        if (!goals.isEmpty()) {
            goals.removeIf(this::settle);
        }
    }

    private void check(ParkedFetch.Wait wait) {
        boolean served = state.isOnline()
                && state.partition().leaderEpoch() == wait.leaderEpoch
                && (wait.terms().from() == From.ANY_REPLICA || state.partition().isLeader());
        long bound = served ? state.boundOffset(wait.terms()) : -1;
        if (!served
                || bound < wait.boundOffset
                || wait.asked().fetchOffset() < state.log().logStartOffset()) {
            wait.wake();
        } else if (bound > wait.boundOffset) {
            wait.readable(bound, state.log().readableBytes(wait.asked().fetchOffset(), bound));
        }
    }

    private boolean settle(ParkedProgress.Goal goal) {
        if (!state.leads()) {
            boolean failed = state.life() == ReplicaState.Life.FAILED;
            goal.settle(failed ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NOT_LEADER_OR_FOLLOWER);
            return true;
        }
        boolean reached = switch (goal.kind()) {
            case COMMITTED -> state.partition().isCommitted(goal.offset());
            case SECURED -> goal.offset() < state.log().securedOffset();
            case LOW_WATERMARK -> state.partition().lowWatermark(state.log().logStartOffset()) >= goal.offset();
        };
        if (reached) {
            boolean commit = goal.kind() == ParkedProgress.Kind.COMMITTED;
            goal.settle(commit ? state.partition().checkMinIsrAfterCommit() : ErrorCode.NONE);
        }
        return reached;
    }
}
