package ottla.replication.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.Role;

/**
 * The turns of a quorum's node: in each, all that was added since the last one, in order, and then what is due. They end when the node
 * is closed, or with the first failure, which {@code fault} is told.
 *
 * <p>Any thread may add; all else is done by the one that {@link #run}s, or by whoever takes the turns himself.
 */
final class QuorumTurns {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumTurns.class);

    private final Drive drive;
    private final LongSupplier ticksMs;
    private final Consumer<Throwable> fault;
    private final QuorumShell shell;
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private Phase phase = Phase.RUNNING;
    private long stopAtMs;

    /** Who calls {@link #turn}. */
    enum Drive {
        OWN_THREAD(5_000),
        /** Who closes the node cannot wait for others meanwhile. */
        CALLER(0);

        /** How long a leader that leaves waits for the others to take notice before it stops anyhow. */
        final long resignationMs;

        Drive(long resignationMs) {
            this.resignationMs = resignationMs;
        }
    }

    private enum Phase {
        RUNNING,
        STOPPING
    }

    /**
     * @param fault told once if the node cannot go on
     * @param shell makes what is to take the turns, which may add to them
     */
    QuorumTurns(
            Drive drive, LongSupplier ticksMs, Consumer<Throwable> fault, Function<QuorumTurns, QuorumShell> shell) {
        this.drive = drive;
        this.ticksMs = ticksMs;
        this.fault = fault;
        this.shell = shell.apply(this);
        add(() -> this.shell.step(new Input.Tick()));
    }

    QuorumShell shell() {
        return shell;
    }

    // ---- any thread

    /** Something for the next turn; forgotten if there is none. */
    void add(Runnable task) {
        submit(task, () -> {});
    }

    /** Something for the next turn, or else, if there is none, something that needs no turn. */
    void submit(Runnable task, Runnable otherwise) {
        tasks.add(() -> (ended.isDone() ? otherwise : task).run());
        if (ended.isDone()) {
            drain();
        }
    }

    /** There shall be a turn. One is enough for all that was appended meanwhile. */
    void wake() {
        if (woken.compareAndSet(false, true)) {
            tasks.add(() -> woken.set(false));
        }
    }

    /** Resigns if this node leads, tells the others, and closes the log. Returns when that is done. */
    void close() {
        add(() -> {
            phase = Phase.STOPPING;
            stopAtMs = ticksMs.getAsLong() + drive.resignationMs;
            shell.step(new Input.ShutdownAsked());
        });
        if (drive == Drive.CALLER) {
            turn();
        }
        ended.exceptionally(failure -> null).join();
    }

    // ---- the owner

    /** Takes turns until they end, and sleeps between. */
    void run() {
        while (turn()) {
            long waitMs = nextDeadlineMs() - ticksMs.getAsLong();
            try {
                @Nullable Runnable task = waitMs <= 0 ? null : tasks.poll(waitMs, TimeUnit.MILLISECONDS);
                if (task != null) {
                    guarded(task);
                }
            } catch (InterruptedException interrupted) {
                fail(interrupted);
            }
        }
    }

    /** Does all that is to be done now, without waiting. Says whether there will be another turn. */
    boolean turn() {
        guarded(this::drain);
        if (!ended.isDone()) {
            guarded(this::act);
        }
        return !ended.isDone();
    }

    /** Whether a turn has something to do. */
    boolean isDue() {
        return !tasks.isEmpty() || nextDeadlineMs() <= ticksMs.getAsLong();
    }

    /** Before this time nothing is due, unless somebody asks for something. */
    long nextDeadlineMs() {
        return ended.isDone() ? Long.MAX_VALUE : shell.nextDeadlineMs();
    }

    private void drain() {
        for (@Nullable Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    private void act() {
        shell.turn();
        if (isDone()) {
            shell.turn();
            shell.close();
            ended.complete(null);
            drain();
        }
    }

    /** A leader that stops waits a while until the others know. */
    private boolean isDone() {
        if (phase == Phase.RUNNING) {
            return false;
        }
        boolean told = !(shell.quorum().role() instanceof Role.Resigned resigned)
                || resigned.notTold().isEmpty();
        return told || ticksMs.getAsLong() >= stopAtMs;
    }

    private void guarded(Runnable deed) {
        try {
            deed.run();
        } catch (RuntimeException | Error failure) {
            fail(failure);
        }
    }

    private void fail(Throwable failure) {
        if (ended.completeExceptionally(failure)) {
            LOG.error("This node takes no part in the metadata quorum any more", failure);
            fault.accept(failure);
            drain();
        }
    }
}
