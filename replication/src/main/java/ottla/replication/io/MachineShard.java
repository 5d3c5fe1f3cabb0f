package ottla.replication.io;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.replication.machine.Command;
import ottla.replication.machine.Machine;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.MachineRuntime;
import ottla.replication.machine.Outcome;
import ottla.replication.machine.Query;
import ottla.replication.machine.Refusal;

/**
 * One machine on a {@link MachineLoop}, as the rest of the process sees it. Every method may be called from any thread and
 * returns at once; inputs take effect in the order in which they were given. Completions run on the loop's thread and must not
 * block.
 *
 * <p>If the machine breaks an invariant outside a command (a record cannot be applied), the shard stops: it resigns and refuses
 * everything as {@link Refusal#BROKEN}. Other shards of the loop go on.
 */
public final class MachineShard<R> {
    private static final Logger LOG = LoggerFactory.getLogger(MachineShard.class);
    private static final long NOTHING = -1;

    private final MachineLoop loop;
    private final String name;
    private final MachineRuntime<R> runtime;

    /** The highest commit that was reported and not yet taken in: many reports become one task. */
    private final AtomicLong reportedEndOffset = new AtomicLong(NOTHING);

    private boolean touched;
    private boolean stopped;

    MachineShard(MachineLoop loop, String name, MachineRuntime<R> runtime) {
        this.loop = loop;
        this.name = name;
        this.runtime = runtime;
    }

    /** Gives a command; the completion is called exactly once. */
    public <A> void submit(Command<R, A> command, long timeoutMs, Consumer<? super Outcome<A>> completion) {
        if (loop.overloaded()) {
            completion.accept(new Outcome.Refused<>(Refusal.OVERLOADED));
            return;
        }
        loop.execute(() -> {
            if (stopped) {
                completion.accept(new Outcome.Refused<>(Refusal.BROKEN));
                return;
            }
            touch();
            long nowMs = loop.nowMs();
            long deadlineMs = timeoutMs >= Long.MAX_VALUE - nowMs ? Long.MAX_VALUE : nowMs + timeoutMs;
            guard(() -> runtime.submit(command, nowMs, deadlineMs, completion));
        });
    }

    /** Gives a command; the stage completes on the loop's thread, never exceptionally. */
    public <A> CompletionStage<Outcome<A>> submit(Command<R, A> command, long timeoutMs) {
        CompletableFuture<Outcome<A>> future = new CompletableFuture<>();
        submit(command, timeoutMs, future::complete);
        return future;
    }

    /** Reads committed state. */
    public <A> CompletionStage<Outcome<A>> query(Query<A> query) {
        CompletableFuture<Outcome<A>> future = new CompletableFuture<>();
        if (loop.overloaded()) {
            future.complete(new Outcome.Refused<>(Refusal.OVERLOADED));
            return future;
        }
        loop.execute(() -> future.complete(stopped ? new Outcome.Refused<>(Refusal.BROKEN) : runtime.query(query)));
        return future;
    }

    /** Reports that everything below {@code endOffset} is committed. Cheap; reports are joined. */
    public void committed(long endOffset) {
        if (reportedEndOffset.getAndAccumulate(endOffset, Math::max) == NOTHING) {
            loop.execute(() -> {
                long reported = reportedEndOffset.getAndSet(NOTHING);
                run(() -> runtime.committed(reported));
            });
        }
    }

    /** See {@link MachineRuntime#load}. */
    public void load() {
        execute(MachineRuntime::load);
    }

    /** See {@link MachineRuntime#lead}. */
    public void lead(MachineLog<R> log) {
        execute(machine -> machine.lead(log));
    }

    /** See {@link MachineRuntime#resign}. */
    public void resign() {
        execute(MachineRuntime::resign);
    }

    /** See {@link MachineRuntime#replay}. */
    public void replay(long baseOffset, List<R> records) {
        execute(machine -> machine.replay(baseOffset, records));
    }

    /** See {@link MachineRuntime#replayInTransaction}. */
    public void replayInTransaction(long baseOffset, long producerId, short producerEpoch, List<R> records) {
        execute(machine -> machine.replayInTransaction(baseOffset, producerId, producerEpoch, records));
    }

    /** See {@link MachineRuntime#replayTransactionEnd}. */
    public void replayTransactionEnd(
            long offset, long producerId, short producerEpoch, Machine.TransactionEnd transactionEnd) {
        execute(machine -> machine.replayTransactionEnd(offset, producerId, producerEpoch, transactionEnd));
    }

    /** See {@link MachineRuntime#restore}. */
    public void restore(long endOffset, Iterable<R> records) {
        execute(machine -> machine.restore(endOffset, records));
    }

    /** Runs something on the loop's thread with the runtime, for what has no method here. */
    public void execute(Consumer<MachineRuntime<R>> step) {
        loop.execute(() -> run(() -> step.accept(runtime)));
    }

    /** Resigns and leaves the loop. Commands given later are refused as {@link Refusal#NOT_LEADER}. */
    public void close() {
        loop.execute(() -> {
            guard(runtime::resign);
            loop.forget(this);
        });
    }

    void flush() {
        touched = false;
        guard(runtime::flush);
    }

    void tick(long nowMs) {
        guard(() -> runtime.tick(nowMs));
    }

    long nextDeadlineMs() {
        return stopped ? Long.MAX_VALUE : runtime.nextDeadlineMs();
    }

    private void run(Runnable step) {
        if (!stopped) {
            touch();
            guard(step);
        }
    }

    private void touch() {
        if (!touched) {
            touched = true;
            loop.touch(this);
        }
    }

    private void guard(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException defect) {
            LOG.error("{} stops: its state is not to be trusted any more", name, defect);
            stopped = true;
            runtime.resign();
        }
    }
}
