package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what other threads do, never longer than it takes, never for ever. */
final class Await {
    private static final long GIVE_UP_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LOOK_AGAIN_NS = 100_000;

    private Await() {}

    static void until(String what, BooleanSupplier holds) {
        long startNs = System.nanoTime();
        while (!holds.getAsBoolean()) {
            assertThat(System.nanoTime() - startNs).as(what).isLessThan(GIVE_UP_NS);
            LockSupport.parkNanos(LOOK_AGAIN_NS);
        }
    }

    /** Waits until the loop has done what it had to do when this was called, and what that brought about. */
    static void turnOf(Loop loop) throws InterruptedException {
        CountDownLatch passed = new CountDownLatch(1);
        loop.execute(() -> loop.execute(passed::countDown));
        assertThat(passed.await(GIVE_UP_NS, TimeUnit.NANOSECONDS)).isTrue();
    }
}
