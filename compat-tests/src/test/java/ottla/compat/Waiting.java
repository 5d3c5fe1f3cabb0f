package ottla.compat;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Waits for a condition of another process, which can only be asked, never subscribed to. */
public final class Waiting {
    /** Generous, since two cores may run a build beside the tests; reached only by a failure. */
    static final Duration DEADLINE = Duration.ofSeconds(60);

    private static final long BETWEEN_QUESTIONS_NS = Duration.ofMillis(20).toNanos();

    private Waiting() {}

    public static void until(String what, Callable<Boolean> condition) {
        value(what, condition, holds -> holds);
    }

    /** Asks until the answer is as wanted; a question that throws is asked again. Returns that answer. */
    public static <T> T value(String what, Callable<T> question, Predicate<T> wanted) {
        long deadlineNs = System.nanoTime() + DEADLINE.toNanos();
        T last = null;
        Exception lastFailure = null;
        while (System.nanoTime() < deadlineNs) {
            try {
                last = question.call();
                lastFailure = null;
                if (wanted.test(last)) {
                    return last;
                }
            } catch (Exception e) {
                lastFailure = e;
            }
            LockSupport.parkNanos(BETWEEN_QUESTIONS_NS);
        }
        throw new AssertionError(
                "not within " + DEADLINE.toSeconds() + " s: " + what + ", the last answer was " + last, lastFailure);
    }
}
