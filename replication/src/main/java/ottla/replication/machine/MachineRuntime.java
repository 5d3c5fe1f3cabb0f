package ottla.replication.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;

/**
 * Runs one {@link Machine} over one log:
 *
 * <pre>
 *                     load                lead
 *      STANDBY --------------> LOADING ----------> LEADING
 *         ^  |                    |        lead       | ^
 *         |  +--------------------|-------------------|-+
 *         +-----------------------+-------------------+
 *                             resign
 * </pre>
 *
 * <p>While leading, a command decides, its records are applied at the offsets where they will stand, and they are gathered with
 * those of the commands after it until {@link #flush} appends them as one batch. Its answer is given when its last record is
 * committed. What the log refuses, or what never commits, is taken back through the {@link Versions}. If the log puts a batch
 * elsewhere than expected (it may write records of its own), the batch is applied again where it stands.
 *
 * <p>As a standby, or while loading, the machine is fed with {@link #replay}.
 *
 * <p>Owned by one thread. Completions are called on it and must not call back into the runtime: its shell queues commands. Pure:
 * time, log and answers are handed in.
 */
public final class MachineRuntime<R> {
    /**
     * One batch gathers at most this many records. With some 150 bytes per committed offset this stays well below the smallest
     * {@code max.message.bytes} anybody uses, and above it a larger batch saves nothing.
     */
    public static final int BATCH_RECORD_COUNT_MAX = 512;

    /** A timer whose command could not be written is tried again after this long, as Kafka does. */
    public static final long TIMER_RETRY_MS = 500;

    private final Machine<R> machine;
    private final Versions versions;
    private final MachineTimers<R> timers;
    private final Consumer<RuntimeException> defects;

    /** In the order of their last offsets, the gathered ones at the end. */
    private final ArrayDeque<Pending<?>> pending = new ArrayDeque<>();

    private final List<R> gathered = new ArrayList<>();
    private Role role = Role.STANDBY;
    private @Nullable MachineLog<R> log;
    private long nextOffset;
    private long gatheredBaseOffset;
    private long committedEndOffset;
    private long nextExpiryMs = Long.MAX_VALUE;

    /** What the runtime does with commands. */
    public enum Role {
        STANDBY,
        LOADING,
        LEADING
    }

    /**
     * The machine, the registry that all of its collections were made with, the timers that its commands set, and where to tell
     * of exceptions that commands throw.
     */
    public MachineRuntime(
            Machine<R> machine, Versions versions, MachineTimers<R> timers, Consumer<RuntimeException> defects) {
        this.machine = machine;
        this.versions = versions;
        this.timers = timers;
        this.defects = defects;
    }

    public Role role() {
        return role;
    }

    /** Where the next record will stand, if the log writes nothing of its own before. */
    public long nextOffset() {
        return nextOffset;
    }

    public long committedEndOffset() {
        return committedEndOffset;
    }

    /** Whether {@link #flush} has something to do. */
    public boolean hasGathered() {
        return !gathered.isEmpty();
    }

    public int pendingCount() {
        return pending.size();
    }

    /** From now on commands are refused as {@link Refusal#LOADING}; {@link #replay} feeds the machine. */
    public void load() {
        Check.invariant(role == Role.STANDBY, "a standby begins to load");
        role = Role.LOADING;
    }

    /** Takes commands from now on and writes them to this log. All that stands in it must have been replayed. */
    public void lead(MachineLog<R> log) {
        Check.invariant(role != Role.LEADING, "leads once");
        role = Role.LEADING;
        this.log = log;
        nextOffset = log.endOffset();
        gatheredBaseOffset = nextOffset;
        committed(log.committedEndOffset());
    }

    /** Leadership is lost: takes back what is not committed and refuses everybody who waits. Harmless as a standby. */
    public void resign() {
        role = Role.STANDBY;
        log = null;
        timers.clear();
        gathered.clear();
        versions.rollBackTo(committedEndOffset);
        nextOffset = committedEndOffset;
        refuse(0, Refusal.NOT_LEADER);
    }

    /** Applies a batch read from the log, as a standby or while loading. Its offsets have no gaps. */
    public void replay(long baseOffset, List<R> records) {
        beginReplay(baseOffset);
        for (R record : records) {
            versions.writeAt(nextOffset);
            machine.apply(nextOffset, record);
            nextOffset++;
        }
        endReplay();
    }

    /** Applies a batch that belongs to a transaction. */
    public void replayInTransaction(long baseOffset, long producerId, short producerEpoch, List<R> records) {
        beginReplay(baseOffset);
        for (R record : records) {
            versions.writeAt(nextOffset);
            machine.applyInTransaction(nextOffset, producerId, producerEpoch, record);
            nextOffset++;
        }
        endReplay();
    }

    /** Applies a transaction's marker. */
    public void replayTransactionEnd(
            long offset, long producerId, short producerEpoch, Machine.TransactionEnd transactionEnd) {
        beginReplay(offset);
        versions.writeAt(offset);
        machine.endTransaction(offset, producerId, producerEpoch, transactionEnd);
        nextOffset = offset + 1;
        endReplay();
    }

    /** Replaces all state by that of a snapshot, which covers the log below {@code endOffset}. */
    public void restore(long endOffset, Iterable<R> records) {
        Check.invariant(role != Role.LEADING, "a leader is not restored from a snapshot");
        Check.invariant(endOffset > 0 && endOffset >= nextOffset, "a snapshot is ahead", endOffset, nextOffset);
        long offset = endOffset - 1;
        versions.writeAt(offset);
        machine.clear();
        for (R record : records) {
            machine.apply(offset, record);
        }
        nextOffset = endOffset;
        endReplay();
        committed(endOffset);
    }

    /**
     * Decides, applies and gathers. The completion is called once: on refusal, or when the records and all that was decided
     * before are committed; {@code deadlineMs} bounds the wait.
     */
    public <A> void submit(
            Command<R, A> command, long nowMs, long deadlineMs, Consumer<? super Outcome<A>> completion) {
        MachineLog<R> log = this.log;
        if (log == null) {
            completion.accept(new Outcome.Refused<>(role == Role.LOADING ? Refusal.LOADING : Refusal.NOT_LEADER));
            return;
        }
        if (gathered.isEmpty()) {
            gatheredBaseOffset = Math.max(nextOffset, log.endOffset());
            nextOffset = gatheredBaseOffset;
        }
        Decision<R, A> decision;
        try {
            decision = command.decide(nowMs);
            applyDecided(decision.records());
        } catch (RuntimeException defect) {
            defects.accept(defect);
            completion.accept(new Outcome.Refused<>(Refusal.BROKEN));
            return;
        }
        gathered.addAll(decision.records());
        if (nextOffset <= committedEndOffset) {
            completion.accept(new Outcome.Answered<>(decision.answer()));
            return;
        }
        pending.addLast(new Pending<A>(nextOffset, deadlineMs, decision.answer(), completion));
        nextExpiryMs = Math.min(nextExpiryMs, deadlineMs);
        if (gathered.size() >= BATCH_RECORD_COUNT_MAX) {
            flush();
        }
    }

    /** Answers from committed state. Works in every role but while loading, when there is no state worth reading. */
    public <A> Outcome<A> query(Query<A> query) {
        if (role == Role.LOADING) {
            return new Outcome.Refused<>(Refusal.LOADING);
        }
        try {
            return new Outcome.Answered<>(query.answer(committedEndOffset));
        } catch (RuntimeException defect) {
            defects.accept(defect);
            return new Outcome.Refused<>(Refusal.BROKEN);
        }
    }

    /** Appends what was gathered. The shell calls it when no command waits, so that an idle machine adds no delay. */
    public void flush() {
        MachineLog<R> log = this.log;
        if (log == null || gathered.isEmpty()) {
            return;
        }
        switch (log.append(gathered)) {
            case MachineLog.Append.Appended appended -> {
                if (appended.baseOffset() != gatheredBaseOffset) {
                    applyElsewhere(appended.baseOffset());
                }
                gathered.clear();
            }
            case MachineLog.Append.Refused refused -> refused(log, refused.refusal());
        }
        if (role == Role.LEADING) {
            committed(log.committedEndOffset());
        }
    }

    /** Everything below {@code endOffset} is committed. */
    public void committed(long endOffset) {
        if (endOffset <= committedEndOffset) {
            return;
        }
        committedEndOffset = endOffset;
        versions.forgetBefore(endOffset);
        for (Pending<?> first = pending.peekFirst();
                first != null && first.endOffset <= endOffset;
                first = pending.peekFirst()) {
            pending.removeFirst();
            first.answer();
        }
    }

    /** Runs the timers that are due and refuses those who waited too long for the commit. */
    public void tick(long nowMs) {
        if (role == Role.LEADING) {
            for (var due = timers.pollDue(nowMs); due != null; due = timers.pollDue(nowMs)) {
                fire(due.key(), due.command(), nowMs);
            }
        }
        flush();
        if (nowMs >= nextExpiryMs) {
            expire(nowMs);
        }
    }

    /** No {@link #tick} is needed before this. */
    public long nextDeadlineMs() {
        return role == Role.LEADING ? Math.min(nextExpiryMs, timers.nextDeadlineMs()) : nextExpiryMs;
    }

    private <A> void fire(Object key, Command<R, A> command, long nowMs) {
        submit(command, nowMs, Long.MAX_VALUE, outcome -> {
            if (outcome instanceof Outcome.Refused<A> refused
                    && refused.refusal().passing()
                    && role == Role.LEADING
                    && !timers.isScheduled(key)) {
                timers.schedule(key, nowMs + TIMER_RETRY_MS, command);
            }
        });
    }

    private void applyDecided(List<R> records) {
        long baseOffset = nextOffset;
        if (records.isEmpty()) {
            return;
        }
        try {
            for (R record : records) {
                versions.writeAt(nextOffset);
                machine.apply(nextOffset, record);
                nextOffset++;
            }
            machine.batchApplied(nextOffset);
        } catch (RuntimeException defect) {
            nextOffset = baseOffset;
            versions.rollBackTo(baseOffset);
            throw defect;
        } finally {
            versions.close();
        }
    }

    /** The log wrote something of its own first: the decisions stand, but at later offsets. */
    private void applyElsewhere(long baseOffset) {
        Check.invariant(baseOffset > gatheredBaseOffset, "a log does not go backwards", baseOffset, gatheredBaseOffset);
        long shift = baseOffset - gatheredBaseOffset;
        versions.rollBackTo(gatheredBaseOffset);
        nextOffset = baseOffset;
        applyDecided(List.copyOf(gathered));
        for (Iterator<Pending<?>> newest = pending.descendingIterator(); newest.hasNext(); ) {
            Pending<?> one = newest.next();
            if (one.endOffset <= gatheredBaseOffset) {
                break;
            }
            one.endOffset += shift;
        }
    }

    private void refused(MachineLog<R> log, Refusal refusal) {
        if (refusal == Refusal.NOT_LEADER) {
            resign();
            return;
        }
        if (refusal == Refusal.TOO_LARGE && appendSingly(log)) {
            return;
        }
        if (role == Role.LEADING) {
            takeBack(gatheredBaseOffset, refusal);
        }
    }

    /**
     * The gathered decisions do not fit into one batch: appends them one by one. Says whether that was possible; the decisions
     * that were not appended are still gathered then, and {@code gatheredBaseOffset} is where they begin.
     */
    private boolean appendSingly(MachineLog<R> log) {
        List<R> rest = List.copyOf(gathered);
        long baseOffset = gatheredBaseOffset;
        List<Long> ends = new ArrayList<>();
        for (Pending<?> one : pending) {
            if (one.endOffset > baseOffset && (ends.isEmpty() || ends.getLast() < one.endOffset)) {
                ends.add(one.endOffset);
            }
        }
        if (ends.size() < 2) {
            return false;
        }
        for (long endOffset : ends) {
            List<R> decided = rest.subList((int) (gatheredBaseOffset - baseOffset), (int) (endOffset - baseOffset));
            if (!(log.append(decided) instanceof MachineLog.Append.Appended appended)) {
                return false;
            }
            if (appended.baseOffset() != gatheredBaseOffset) {
                // Two rare things at once, and half of the batch is written: reading it back is the simple way out.
                resign();
                return false;
            }
            gatheredBaseOffset = endOffset;
        }
        gathered.clear();
        return true;
    }

    private void takeBack(long endOffset, Refusal refusal) {
        gathered.clear();
        versions.rollBackTo(endOffset);
        nextOffset = endOffset;
        refuse(endOffset, refusal);
    }

    /** Refuses all who wait for something at or above {@code endOffset}, oldest first. */
    private void refuse(long endOffset, Refusal refusal) {
        ArrayDeque<Pending<?>> losers = new ArrayDeque<>();
        while (!pending.isEmpty() && pending.peekLast().endOffset > endOffset) {
            losers.addFirst(pending.removeLast());
        }
        losers.forEach(one -> one.refuse(refusal));
    }

    private void expire(long nowMs) {
        List<Pending<?>> late = new ArrayList<>();
        nextExpiryMs = Long.MAX_VALUE;
        for (Iterator<Pending<?>> all = pending.iterator(); all.hasNext(); ) {
            Pending<?> one = all.next();
            if (one.deadlineMs <= nowMs) {
                late.add(one);
                all.remove();
            } else {
                nextExpiryMs = Math.min(nextExpiryMs, one.deadlineMs);
            }
        }
        late.forEach(one -> one.refuse(Refusal.TIMED_OUT));
    }

    private void beginReplay(long baseOffset) {
        Check.invariant(role != Role.LEADING, "a leader does not replay");
        Check.invariant(baseOffset >= nextOffset, "replays in the order of offsets", baseOffset, nextOffset);
        nextOffset = baseOffset;
    }

    private void endReplay() {
        machine.batchApplied(nextOffset);
        versions.close();
    }

    /** Somebody who waits for the commit of what stands below {@code endOffset}. */
    private static final class Pending<A> {
        long endOffset;
        final long deadlineMs;
        private final A answer;
        private final Consumer<? super Outcome<A>> completion;

        Pending(long endOffset, long deadlineMs, A answer, Consumer<? super Outcome<A>> completion) {
            this.endOffset = endOffset;
            this.deadlineMs = deadlineMs;
            this.answer = answer;
            this.completion = completion;
        }

        void answer() {
            completion.accept(new Outcome.Answered<>(answer));
        }

        void refuse(Refusal refusal) {
            completion.accept(new Outcome.Refused<>(refusal));
        }
    }
}
