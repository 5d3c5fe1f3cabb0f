package ottla.replication.io;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import ottla.wire.io.Loop;

/** A loop that runs when a test says so, on the test's own thread, with a clock that the test turns. */
public final class ManualLoop implements Loop {
    /** Equal to itself only. */
    private static final class Delayed {
        final long dueMs;
        final Runnable task;

        Delayed(long dueMs, Runnable task) {
            this.dueMs = dueMs;
            this.task = task;
        }
    }

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<Delayed> timers = new ArrayList<>();
    private long nowMs;

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Timer schedule(Runnable task, long delayMs) {
        Delayed delayed = new Delayed(nowMs + delayMs, task);
        timers.add(delayed);
        return () -> timers.remove(delayed);
    }

    @Override
    public boolean isCurrent() {
        return true;
    }

    /** Runs what waits, and what that brings. */
    public void run() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /** Whether something waits to be run. */
    public boolean isBusy() {
        return !tasks.isEmpty();
    }

    /** Lets time pass and runs the timers that become due. */
    public void pass(long delayMs) {
        nowMs += delayMs;
        run();
        List<Delayed> due = timers.stream()
                .filter(timer -> timer.dueMs <= nowMs)
                .sorted(Comparator.comparingLong(timer -> timer.dueMs))
                .toList();
        timers.removeAll(due);
        due.forEach(timer -> {
            timer.task.run();
            run();
        });
    }

    /** How many timers have not run and were not cancelled. */
    public int timerCount() {
        return timers.size();
    }

    /** Whether something waits to be run. */
    public boolean hasTasks() {
        return !tasks.isEmpty();
    }
}
