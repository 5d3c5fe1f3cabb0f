package ottla.wire.io;

import java.util.concurrent.Executor;

/** One thread that serves the sockets given to it, and runs short tasks between. Nothing that waits may run on it. */
public interface Loop extends Executor {
    /** Runs the task on this loop, after what the loop is doing now. Any thread may call. */
    @Override
    void execute(Runnable task);

    /** Runs the task on this loop after a delay, unless it is cancelled before. Any thread may call. */
    Timer schedule(Runnable task, long delayMs);

    /** Whether the calling thread is this loop's. */
    boolean isCurrent();

    /** A task that has yet to run. */
    interface Timer {
        /** Prevents the task from running if it has not begun. Any thread may call, as often as it likes. */
        void cancel();
    }
}
