package ottla.log.io;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;

/** Background work that happens when a test says so, on the test's own thread. */
public final class ManualBackground implements Background {
    private record Delayed(long dueMs, long number, Runnable task) implements Comparable<Delayed> {
        @Override
        public int compareTo(Delayed other) {
            int byTime = Long.compare(dueMs, other.dueMs);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final Deque<Runnable> soon = new ArrayDeque<>();
    private final PriorityQueue<Delayed> delayed = new PriorityQueue<>();
    private long nowMs;
    private long number;

    @Override
    public void soon(Runnable task) {
        soon.add(task);
    }

    @Override
    public void after(long delayMs, Runnable task) {
        delayed.add(new Delayed(nowMs + delayMs, number++, task));
    }

    /** Does what is to be done soon. */
    public void run() {
        for (Runnable task = soon.poll(); task != null; task = soon.poll()) {
            task.run();
        }
    }

    /** Lets time pass, and does everything that becomes due. */
    public void pass(long delayMs) {
        nowMs += delayMs;
        run();
        for (Delayed next = delayed.peek(); next != null && next.dueMs <= nowMs; next = delayed.peek()) {
            delayed.poll();
            next.task.run();
            run();
        }
    }

    /** Forgets everything, as a crash does. */
    public void crash() {
        soon.clear();
        delayed.clear();
    }
}
