package ottla.replication.machine;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The timers of one machine: at most one per key, each a command that is submitted when its deadline has passed. Timers are not
 * durable state: they are set again by whoever loads or leads the machine, and are dropped when leadership is lost.
 *
 * <p>Moving a deadline later, which every heartbeat does, only writes a field: the entry stays where it is in the heap and is put
 * back when it surfaces. Owned by the machine's thread.
 *
 * @param <R> the records of the machine
 */
public final class MachineTimers<R> {
    private final Map<Object, Timer<R>> timers = new HashMap<>();
    private final PriorityQueue<Timer<R>> heap = new PriorityQueue<>();

    /** Sets the timer of {@code key}, in place of the one that it may have had. The key needs {@code equals}. */
    public void schedule(Object key, long deadlineMs, Command<R, ?> command) {
        Timer<R> timer = timers.get(key);
        if (timer != null && deadlineMs >= timer.surfacesAtMs) {
            timer.deadlineMs = deadlineMs;
            timer.command = command;
            return;
        }
        if (timer != null) {
            timer.cancelled = true;
        }
        Timer<R> sooner = new Timer<>(key, deadlineMs, command);
        timers.put(key, sooner);
        heap.add(sooner);
    }

    public void cancel(Object key) {
        Timer<R> timer = timers.remove(key);
        if (timer != null) {
            timer.cancelled = true;
            drainCancelled();
        }
    }

    public boolean isScheduled(Object key) {
        return timers.containsKey(key);
    }

    public int size() {
        return timers.size();
    }

    public void clear() {
        timers.clear();
        heap.clear();
    }

    /** No timer is due before this; {@code Long.MAX_VALUE} if there is none. */
    public long nextDeadlineMs() {
        Timer<R> first = heap.peek();
        return first == null ? Long.MAX_VALUE : first.surfacesAtMs;
    }

    /** Takes out one timer whose deadline has passed, or {@code null}: internal to the runtime. */
    @Nullable
    Due<R> pollDue(long nowMs) {
        for (Timer<R> first = heap.peek(); first != null && first.surfacesAtMs <= nowMs; first = heap.peek()) {
            heap.remove();
            if (first.cancelled) {
                continue;
            }
            if (first.deadlineMs > nowMs) {
                first.surfacesAtMs = first.deadlineMs;
                heap.add(first);
                continue;
            }
            timers.remove(first.key);
            return new Due<>(first.key, first.command);
        }
        return null;
    }

    /** Cancelled entries leave from the top at once and from the middle when they are the majority, so the heap stays small. */
    private void drainCancelled() {
        for (Timer<R> first = heap.peek(); first != null && first.cancelled; first = heap.peek()) {
            heap.remove();
        }
        if (heap.size() > 64 && heap.size() > 2 * timers.size()) {
            heap.removeIf(timer -> timer.cancelled);
        }
    }

    record Due<R>(Object key, Command<R, ?> command) {}

    private static final class Timer<R> implements Comparable<Timer<R>> {
        final Object key;
        long surfacesAtMs;
        long deadlineMs;
        Command<R, ?> command;
        boolean cancelled;

        Timer(Object key, long deadlineMs, Command<R, ?> command) {
            this.key = key;
            this.surfacesAtMs = deadlineMs;
            this.deadlineMs = deadlineMs;
            this.command = command;
        }

        @Override
        public int compareTo(Timer<R> other) {
            return Long.compare(surfacesAtMs, other.surfacesAtMs);
        }
    }
}
