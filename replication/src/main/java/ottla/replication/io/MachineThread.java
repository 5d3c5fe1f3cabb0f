package ottla.replication.io;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * The thread of a {@link MachineLoop}: runs it when there is work and sleeps until somebody wakes it or a timer is due. Started by
 * its constructor, ended by {@link #close}, which first carries out what was queued before.
 */
public final class MachineThread implements MachineDrive {
    private final MachineLoop loop;
    private final Thread thread;
    private volatile boolean parked;
    private volatile boolean closing;

    /** The clock must tell the time of day in milliseconds; what decides puts it into records. */
    public MachineThread(String name, LongSupplier clockMs) {
        loop = new MachineLoop(clockMs, this::wake);
        thread = Thread.ofPlatform().name(name).unstarted(this::run);
        thread.start();
    }

    @Override
    public MachineLoop loop() {
        return loop;
    }

    /** Waits until the queued tasks are done, or the caller is interrupted. Must not be called by the thread itself. */
    @Override
    public void close() {
        closing = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void wake() {
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (true) {
            boolean more = loop.drain();
            if (more) {
                continue;
            }
            if (closing) {
                return;
            }
            parked = true;
            // Whoever queued before "parked" could be seen is found here; whoever queues later unparks.
            if (!loop.hasWork() && !closing) {
                sleep();
            }
            parked = false;
        }
    }

    private void sleep() {
        long deadlineMs = loop.nextDeadlineMs();
        if (deadlineMs == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, Math.max(1, deadlineMs - loop.nowMs()) * 1_000_000L);
        }
    }
}
