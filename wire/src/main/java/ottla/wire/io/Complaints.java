package ottla.wire.io;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warnings that clients can cause: so many in a while, then only their number, so that a misbehaving client cannot fill the
 * disk with them. May be used by any thread.
 */
final class Complaints {
    private static final Logger LOG = LoggerFactory.getLogger(Complaints.class);
    private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int PERIOD_COUNT = 20;

    private long periodStartNs = System.nanoTime();
    private int count;

    void warn(String text, Object... arguments) {
        int suppressed = suppressedBefore(System.nanoTime());
        if (suppressed > 0) {
            LOG.warn("{} more warnings about clients were not written", suppressed);
        }
        if (suppressed >= 0) {
            LOG.warn(text, arguments);
        }
    }

    /** How many warnings went unwritten before this one, or -1 if this one has to as well. */
    private synchronized int suppressedBefore(long nowNs) {
        int suppressed = 0;
        if (nowNs - periodStartNs > PERIOD_NS) {
            suppressed = Math.max(0, count - PERIOD_COUNT);
            periodStartNs = nowNs;
            count = 0;
        }
        count++;
        return count > PERIOD_COUNT ? -1 : suppressed;
    }
}
