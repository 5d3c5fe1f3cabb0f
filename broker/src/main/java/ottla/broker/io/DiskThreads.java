package ottla.broker.io;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads of a process for cold reads, flushes, deletions, checkpoints. Ended after all that they serve. */
final class DiskThreads implements Threads {
    private static final Logger LOG = LoggerFactory.getLogger(DiskThreads.class);
    private static final long END_LIMIT_SECONDS = 30;

    private final ScheduledThreadPoolExecutor threads;

    DiskThreads(String name, int count) {
        threads = new ScheduledThreadPoolExecutor(
                count,
                task -> Thread.ofPlatform().name(name).daemon().unstarted(task),
                new ThreadPoolExecutor.DiscardPolicy());
        threads.setRemoveOnCancelPolicy(true);
        threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public void execute(Runnable task) {
        threads.execute(() -> guarded(task));
    }

    @Override
    public void soon(Runnable task) {
        execute(task);
    }

    @Override
    public void after(long delayMs, Runnable task) {
        var unused = threads.schedule(() -> guarded(task), delayMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void every(long firstDelayMs, long pauseMs, Runnable task) {
        var unused = threads.scheduleWithFixedDelay(() -> guarded(task), firstDelayMs, pauseMs, TimeUnit.MILLISECONDS);
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException failure) {
            LOG.error("A task in the background failed", failure);
        }
    }

    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("Tasks in the background did not end within {} s", END_LIMIT_SECONDS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
