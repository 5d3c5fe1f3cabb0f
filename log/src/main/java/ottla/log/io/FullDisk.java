package ottla.log.io;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that a disk is full when it becomes so, and that it is not any more: a line each, however many writes it refuses meanwhile,
 * and not more than once a minute where room comes and goes. Safe for use by several threads.
 */
public final class FullDisk {
    private static final Logger LOG = LoggerFactory.getLogger(FullDisk.class);
    private static final long PAUSE_MS = 60_000;

    private final String root;
    private volatile State state = State.ROOM;
    private long refusedCount;
    private long toldMs;

    private enum State {
        ROOM,
        /** And it was said. */
        FULL
    }

    public FullDisk(Disk disk) {
        root = disk.root();
    }

    /** Something could not be written. */
    public synchronized void refused(long nowMs, DiskFailure failure) {
        refusedCount++;
        if (state == State.ROOM && (refusedCount == 1 || nowMs - toldMs >= PAUSE_MS)) {
            state = State.FULL;
            toldMs = nowMs;
            LOG.error("{} is full: writes are refused until there is room again ({})", root, failure.getMessage());
        }
    }

    /** Something was written. Costs a look, as long as the disk is not full. */
    public void written() {
        if (state == State.FULL) {
            goOn();
        }
    }

    /** Whether it is known that writes are refused. */
    public boolean isFull() {
        return state == State.FULL;
    }

    private synchronized void goOn() {
        if (state == State.FULL) {
            state = State.ROOM;
            LOG.warn("{} has room again: {} writes were refused", root, refusedCount);
        }
    }
}
