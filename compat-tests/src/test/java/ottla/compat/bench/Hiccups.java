package ottla.compat.bench;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * How late the machine itself is: a thread that wants to be woken at every millisecond and notes by how much each was missed. What a
 * broker does not cause, a virtual machine that was not run for a while, say, is seen here as well, and counts for every millisecond
 * that it lasted, as it does for what is sent at a steady pace.
 */
final class Hiccups implements AutoCloseable {
    private static final long INTERVAL_NS = 1_000_000;
    private static final int CAPACITY = 1_000_000;

    private final long[] delaysNs = new long[CAPACITY];
    private final AtomicInteger count = new AtomicInteger();
    private volatile boolean ended;

    private Hiccups() {}

    static Hiccups watch() {
        Hiccups hiccups = new Hiccups();
        SideBySide.THREADS.execute(hiccups::run);
        return hiccups;
    }

    private void run() {
        long beginNs = System.nanoTime();
        for (int i = 0; i < CAPACITY && !ended; i++) {
            long dueNs = beginNs + i * INTERVAL_NS;
            for (long nowNs = System.nanoTime(); nowNs < dueNs; nowNs = System.nanoTime()) {
                LockSupport.parkNanos(dueNs - nowNs);
            }
            delaysNs[i] = System.nanoTime() - dueNs;
            count.set(i + 1);
        }
    }

    /** The delays so far, in nanoseconds. */
    long[] delaysNs() {
        return Arrays.copyOf(delaysNs, count.get());
    }

    @Override
    public void close() {
        ended = true;
    }
}
