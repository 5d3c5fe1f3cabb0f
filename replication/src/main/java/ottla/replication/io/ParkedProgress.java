package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.wire.io.Loop;

/**
 * One request that waits: a Produce with acks=all for the commit of what it appended, one with acks=1 for a disk, a DeleteRecords for
 * the low watermark. Registered with all its replicas and with one timer; answered once, on its loop, when every goal is reached or is
 * out of reach, or when the time is up.
 *
 * <p>Made, filled with goals and started by the request's loop.
 */
public final class ParkedProgress {
    private final Loop loop;
    private final Consumer<List<ErrorCode>> completion;
    private final List<Goal> goals = new ArrayList<>();
    private final AtomicInteger unsettled = new AtomicInteger();
    private Loop.@Nullable Timer timer;

    /** What is waited for. */
    public enum Kind {
        /** The offset is below the high watermark. */
        COMMITTED,
        /** The leader has the offset, on disk if the topic wants that before an answer. */
        SECURED,
        /** All replicas begin at the offset or after it. */
        LOW_WATERMARK
    }

    /** The completion gets one error code for each goal, in the order in which they were added. */
    public ParkedProgress(Loop loop, Consumer<List<ErrorCode>> completion) {
        this.loop = loop;
        this.completion = completion;
    }

    public void add(Replica replica, Kind kind, long offset) {
        goals.add(new Goal(this, replica, kind, offset));
    }

    /** Begins to wait. The completion may already be called before this returns only by way of the loop. */
    public void start(long timeoutMs) {
        // One more than there are goals, so that nobody completes it while it is being registered.
        unsettled.set(goals.size() + 1);
        for (Goal goal : goals) {
            goal.replica.await(goal);
        }
        if (unsettled.get() > 1) {
            timer = loop.schedule(this::expire, timeoutMs);
        }
        oneSettled();
    }

    private void expire() {
        goals.forEach(goal -> {
            if (!goal.isSettled()) {
                goal.replica.forget(goal);
            }
        });
    }

    private void oneSettled() {
        if (unsettled.decrementAndGet() == 0) {
            loop.execute(this::complete);
        }
    }

    private void complete() {
        Loop.Timer pending = timer;
        if (pending != null) {
            pending.cancel();
        }
        List<ErrorCode> errors = new ArrayList<>(goals.size());
        goals.forEach(goal -> errors.add(goal.outcome()));
        completion.accept(errors);
    }

    /** One replica's share. Its outcome is set once, under that replica's lock. */
    static final class Goal {
        private final ParkedProgress parked;
        private final Replica replica;
        private final Kind kind;
        private final long offset;
        private volatile @Nullable ErrorCode outcome;

        Goal(ParkedProgress parked, Replica replica, Kind kind, long offset) {
            this.parked = parked;
            this.replica = replica;
            this.kind = kind;
            this.offset = offset;
        }

        Kind kind() {
            return kind;
        }

        long offset() {
            return offset;
        }

        boolean isSettled() {
            return outcome != null;
        }

        /** Under the replica's lock; only the first time counts. */
        void settle(ErrorCode error) {
            if (outcome == null) {
                outcome = error;
                parked.oneSettled();
            }
        }

        ErrorCode outcome() {
            ErrorCode settled = outcome;
            return settled == null ? ErrorCode.REQUEST_TIMED_OUT : settled;
        }
    }
}
