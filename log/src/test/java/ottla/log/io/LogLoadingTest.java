package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LogLoadingTest {
    @Test
    void each_directory_is_worked_off_by_so_many_threads() {
        // Nobody passes unless six work at once, three for each directory.
        CyclicBarrier together = new CyclicBarrier(6);
        AtomicInteger working = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        List<Runnable> tasks = Collections.nCopies(12, () -> {
            most.accumulateAndGet(working.incrementAndGet(), Math::max);
            if (passes(together)) {
                done.incrementAndGet();
            }
            working.decrementAndGet();
        });
        LogLoading loading = new LogLoading("opened", 3);
        loading.start("one", tasks);
        loading.start("two", tasks);
        loading.await();

        assertThat(done).hasValue(24);
        assertThat(most).hasValue(6);
    }

    private static boolean passes(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
            return true;
        } catch (InterruptedException | BrokenBarrierException | TimeoutException alone) {
            return false;
        }
    }
}
