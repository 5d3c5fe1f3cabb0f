package ottla.broker.io;

import java.util.concurrent.Executor;
import ottla.log.io.Background;

/** Threads of a node that may wait for a disk. Tasks may run at the same time as each other; what comes after {@link #close} is not run. */
interface Threads extends Background, Executor, AutoCloseable {
    /** Runs a task again and again, with a pause between. What it throws is logged, and does not end it. */
    void every(long firstDelayMs, long pauseMs, Runnable task);

    /** Returns when nothing runs any more. */
    @Override
    void close();
}
