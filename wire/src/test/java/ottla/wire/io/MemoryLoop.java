package ottla.wire.io;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;

/** A loop without a thread or a clock: tasks run when the test says so, on the test's thread. */
public final class MemoryLoop implements Loop {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Scheduled> timers =
            new PriorityQueue<>(Comparator.comparingLong(Scheduled::dueMs).thenComparingLong(Scheduled::turn));
    private long nowMs;
    private long turns;

    private record Scheduled(long dueMs, long turn, Runnable task) {}

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Timer schedule(Runnable task, long delayMs) {
        Scheduled scheduled = new Scheduled(nowMs + delayMs, turns++, task);
        timers.add(scheduled);
        return () -> timers.remove(scheduled);
    }

    @Override
    public boolean isCurrent() {
        return true;
    }

    /** Runs what there is to run, and what that brings about, without any time passing. */
    public void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /** Lets time pass: every timer due on the way runs at its time. */
    public void advance(long byMs) {
        long untilMs = nowMs + byMs;
        runTasks();
        while (!timers.isEmpty() && timers.peek().dueMs() <= untilMs) {
            Scheduled next = timers.remove();
            nowMs = next.dueMs();
            next.task().run();
            runTasks();
        }
        nowMs = untilMs;
    }

    /** Timers that have not run and are not cancelled. */
    public int timerCount() {
        return timers.size();
    }
}
