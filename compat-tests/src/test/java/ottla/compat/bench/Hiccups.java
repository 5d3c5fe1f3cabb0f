package ottla.compat.bench;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * How late the machine itself is: a thread that sleeps for a millisecond, again and again, and notes how much longer it took. What a
 * broker does not cause, a virtual machine that was not run for a while, say, is seen here as well.
 */
final class Hiccups implements AutoCloseable {
    private static final long SLEEP_NS = 1_000_000;
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
        for (int i = 0; i < CAPACITY && !ended; i++) {
            long beginNs = System.nanoTime();
            LockSupport.parkNanos(SLEEP_NS);
            delaysNs[i] = Math.max(0, System.nanoTime() - beginNs - SLEEP_NS);
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
