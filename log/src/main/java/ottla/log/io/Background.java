package ottla.log.io;

/** Threads that may wait for a disk, lent to the logs by whoever runs them. Tasks may run at the same time as each other. */
public interface Background {
    /** Runs a task soon. */
    void soon(Runnable task);

    /** Runs a task once a delay has passed. */
    void after(long delayMs, Runnable task);
}
