package ottla.log.io;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Many logs opened, or closed, at once: each directory is worked off by threads of its own, because disks are slow by themselves
 * and not together. Tells how far it is, once a second at most.
 *
 * <p>Used once, by the thread that waits for the end.
 */
final class LogLoading {
    private static final Logger LOG = LoggerFactory.getLogger(LogLoading.class);

    private static final long REPORT_PAUSE_NS = 1_000_000_000L;

    private final String deed;
    private final int threadsPerDirectory;
    private final List<Thread> threads = new ArrayList<>();

    /** @param deed what is done to the logs, as the log is to call it */
    LogLoading(String deed, int threadsPerDirectory) {
        this.deed = deed;
        this.threadsPerDirectory = threadsPerDirectory;
    }

    /** Begins with a directory. A task that fails has to say so itself. */
    void start(String directory, List<Runnable> tasks) {
        if (tasks.isEmpty()) {
            return;
        }
        Progress progress = new Progress(directory, tasks.size());
        Queue<Runnable> queue = new ConcurrentLinkedQueue<>(new ArrayDeque<>(tasks));
        for (int i = 0; i < Math.min(threadsPerDirectory, tasks.size()); i++) {
            threads.add(Thread.ofPlatform()
                    .name("log-loading-" + i + "-" + directory)
                    .daemon()
                    .start(() -> {
                        for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
                            task.run();
                            progress.step();
                        }
                    }));
        }
    }

    /** Returns when all is done. */
    void await() {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException again) {
                    // Logs must not be used while they are being opened, so the interrupt has to wait.
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Progress {
        private final String directory;
        private final int count;
        private final AtomicInteger done = new AtomicInteger();
        private final long startNs = System.nanoTime();
        private long reportedNs = startNs;

        Progress(String directory, int count) {
            this.directory = directory;
            this.count = count;
        }

        void step() {
            int now = done.incrementAndGet();
            long nowNs = System.nanoTime();
            if (now == count) {
                LOG.info("{}: {} {} logs in {} ms", directory, deed, count, (nowNs - startNs) / 1_000_000);
            } else if (isReportDue(nowNs)) {
                LOG.info("{}: {} {} of {} logs, {} are left", directory, deed, now, count, count - now);
            }
        }

        private synchronized boolean isReportDue(long nowNs) {
            if (nowNs - reportedNs < REPORT_PAUSE_NS) {
                return false;
            }
            reportedNs = nowNs;
            return true;
        }
    }
}
