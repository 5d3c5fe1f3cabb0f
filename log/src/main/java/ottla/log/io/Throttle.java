package ottla.log.io;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Holds its users to so many bytes a second, all together. Safe for use by several threads; nobody waits once it is {@link #end ended}. */
final class Throttle {
    private static final double NANOS = 1e9;

    /** No machine reaches this. */
    private static final double BYTES_PER_SECOND_UNLIMITED = 1e15;

    private final double bytesPerSecondMax;
    private final CountDownLatch ended = new CountDownLatch(1);
    private long paidUntilNs = System.nanoTime();

    Throttle(double bytesPerSecondMax) {
        this.bytesPerSecondMax = bytesPerSecondMax;
    }

    /** Counts bytes, and returns when there is time for more. */
    void spend(long sizeBytes) {
        if (bytesPerSecondMax < BYTES_PER_SECOND_UNLIMITED) {
            pause(pay(sizeBytes));
        }
    }

    private synchronized long pay(long sizeBytes) {
        long nowNs = System.nanoTime();
        if (paidUntilNs - nowNs < 0) {
            paidUntilNs = nowNs;
        }
        paidUntilNs += (long) (sizeBytes / bytesPerSecondMax * NANOS);
        return paidUntilNs - nowNs;
    }

    /** Waits, but not beyond the end; false once that has come. */
    boolean pause(long delayNs) {
        try {
            return !ended.await(delayNs, TimeUnit.NANOSECONDS);
        } catch (InterruptedException nobodyInterrupts) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    boolean isEnded() {
        return ended.getCount() == 0;
    }

    void end() {
        ended.countDown();
    }
}
