package ottla.replication.io;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.replication.machine.MachineRuntime;

/**
 * Many machines on one thread: a queue of tasks, the batches to flush when the queue is empty, and the next deadline. An idle
 * machine costs nothing here.
 *
 * <p>{@link #execute} may be called from any thread. Everything else belongs to the one thread that calls {@link #drain}: a
 * {@link MachineThread} in production, the test itself in a test.
 */
public final class MachineLoop {
    /**
     * Commands that may wait for one loop. A loop carries out some 500,000 simple commands per second, so whoever finds this
     * many before him would time out anyway.
     */
    public static final int WAITING_COMMAND_COUNT_MAX = 65_536;

    /** After so many tasks the gathered batches are flushed, even if more tasks wait. */
    private static final int TASKS_PER_TURN = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(MachineLoop.class);

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waitingCount = new AtomicInteger();
    private final List<MachineShard<?>> shards = new ArrayList<>();
    private final ArrayDeque<MachineShard<?>> touched = new ArrayDeque<>();
    private final LongSupplier clockMs;
    private final Runnable wake;
    private long nextDeadlineMs = Long.MAX_VALUE;

    /** {@code wake} is called, from any thread, when there may be something to {@link #drain}. */
    public MachineLoop(LongSupplier clockMs, Runnable wake) {
        this.clockMs = clockMs;
        this.wake = wake;
    }

    /** Any thread: runs the task on the owner thread, after those that were given before. */
    public void execute(Runnable task) {
        waitingCount.incrementAndGet();
        tasks.add(task);
        wake.run();
    }

    /** Any thread: puts a machine under this loop's care. The runtime must not be touched by its maker any more. */
    public <R> MachineShard<R> adopt(String name, MachineRuntime<R> runtime) {
        MachineShard<R> shard = new MachineShard<>(this, name, runtime);
        execute(() -> shards.add(shard));
        return shard;
    }

    /** Runs what waits, flushes, runs what is due. Says whether more may be waiting. */
    public boolean drain() {
        for (int done = 0; done < TASKS_PER_TURN; done++) {
            Runnable task = tasks.poll();
            if (task == null) {
                break;
            }
            waitingCount.decrementAndGet();
            try {
                task.run();
            } catch (RuntimeException defect) {
                LOG.error("a task of a machine loop failed", defect);
            }
        }
        flushTouched();
        if (nowMs() >= nextDeadlineMs) {
            tickAll();
        }
        return !tasks.isEmpty();
    }

    /** Nothing is due before this. */
    public long nextDeadlineMs() {
        return nextDeadlineMs;
    }

    public boolean hasWork() {
        return !tasks.isEmpty() || nowMs() >= nextDeadlineMs;
    }

    long nowMs() {
        return clockMs.getAsLong();
    }

    boolean overloaded() {
        return waitingCount.get() >= WAITING_COMMAND_COUNT_MAX;
    }

    void touch(MachineShard<?> shard) {
        touched.add(shard);
    }

    void forget(MachineShard<?> shard) {
        shards.remove(shard);
    }

    private void flushTouched() {
        for (MachineShard<?> shard = touched.poll(); shard != null; shard = touched.poll()) {
            shard.flush();
            nextDeadlineMs = Math.min(nextDeadlineMs, shard.nextDeadlineMs());
        }
    }

    private void tickAll() {
        long nowMs = nowMs();
        long soonestMs = Long.MAX_VALUE;
        for (MachineShard<?> shard : shards) {
            if (shard.nextDeadlineMs() <= nowMs) {
                shard.tick(nowMs);
            }
            soonestMs = Math.min(soonestMs, shard.nextDeadlineMs());
        }
        nextDeadlineMs = soonestMs;
    }
}
