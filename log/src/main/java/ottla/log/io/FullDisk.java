package ottla.log.io;

import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether a disk is full. Says so when it becomes so, and when it is not any more: a line each, however many writes it refuses
 * meanwhile, and not more than once a minute where room comes and goes. Safe for use by several threads.
 */
public final class FullDisk {
    private static final Logger LOG = LoggerFactory.getLogger(FullDisk.class);
    private static final long PAUSE_MS = 60_000;

    private final String root;
    private volatile State state = State.ROOM;
    private long refusedCount;
    private long sinceMs;
    private long toldMs;

    private enum State {
        ROOM,
        FULL,
        /** And it was said. */
        FULL_AND_TOLD
    }

    public FullDisk(Disk disk) {
        root = disk.root();
    }

    /** Something could not be written. */
    public synchronized void refused(long nowMs, DiskFailure failure) {
        refusedCount++;
        if (state != State.ROOM) {
            return;
        }
        sinceMs = nowMs;
        if (refusedCount > 1 && nowMs - toldMs < PAUSE_MS) {
            state = State.FULL;
            return;
        }
        state = State.FULL_AND_TOLD;
        toldMs = nowMs;
        LOG.error("{} is full: writes are refused until there is room again ({})", root, failure.getMessage());
    }

    /** Something was written. Costs a look, as long as the disk is not full. */
    public void written() {
        if (state != State.ROOM) {
            goOn();
        }
    }

    /** Since when nothing that was to be written found room, in the clock of {@link #refused}; empty if there is room. */
    public synchronized OptionalLong sinceMs() {
        return state == State.ROOM ? OptionalLong.empty() : OptionalLong.of(sinceMs);
    }

    private synchronized void goOn() {
        if (state == State.FULL_AND_TOLD) {
            LOG.warn("{} has room again: {} writes were refused", root, refusedCount);
        }
        state = State.ROOM;
    }
}
