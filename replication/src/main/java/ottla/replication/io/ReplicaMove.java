package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.io.DiskFailure;
import ottla.log.io.FutureLogs;
import ottla.log.io.Log;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.replication.partition.LogMove;
import ottla.replication.partition.LogMove.Standing;
import ottla.replication.partition.LogMove.Step;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchLayout;

/**
 * Carries out one {@link LogMove}: copies a replica's log, a chunk at a time, and lets the copy take its place. The log is read
 * under its replica's lock, or without it where the bytes are on disk; the copy is written without it.
 *
 * <p>The monitor guards the copy and the machine; whoever holds it may take the replica's lock, never the other way round. Life: made
 * when the copy is open, {@link #turn turned} by {@link ReplicaMoves} until it is over, or {@link #giveUp given up}.
 */
final class ReplicaMove {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaMove.class);

    private final Replica replica;
    private final LogStore store;
    private final FutureLogs.Future future;
    private final Log copy;
    private final LogMove machine;
    private boolean begun;

    /** For those who describe the copy without the monitor. */
    private volatile long copyEnd;

    private volatile long copyBytes;

    /** How a turn ended. */
    sealed interface Turn {
        /** There is more to do, once so many bytes have been paid for. */
        record More(int copiedBytes) implements Turn {}

        /** The copy is safe, and the controller is to be asked. */
        record Ask(Uuid directory) implements Turn {}

        /** Nothing to do until something happens. */
        record Rest() implements Turn {}

        /** The target has no room: to be tried again after a while. */
        record NoRoom() implements Turn {}

        /** The log has arrived; the directory that it left may have failed at that. */
        record Arrived(LogDirectory left, Optional<DiskFailure> failure) implements Turn {}

        /** The target failed. */
        record TargetFailed(DiskFailure failure) implements Turn {}

        /** The log cannot be copied, and a new attempt would not help. */
        record Impossible(String reason) implements Turn {}

        /** The replica is not there any more. */
        record Pointless() implements Turn {}
    }

    private record Planned(Step step, Optional<ReadResult> read) {}

    ReplicaMove(Replica replica, LogStore store, FutureLogs.Future future, LogMove.Reporting reporting) {
        this.replica = replica;
        this.store = store;
        this.future = future;
        copy = future.log();
        machine = new LogMove(reporting);
        copyEnd = copy.endOffset();
    }

    Replica replica() {
        return replica;
    }

    LogDirectory target() {
        return future.directory();
    }

    long copyEnd() {
        return copyEnd;
    }

    long copyBytes() {
        return copyBytes;
    }

    private void describe() {
        copyEnd = copy.endOffset();
        copyBytes = copy.sizeBytes();
    }

    /** Does what is next. Waits for disks. */
    synchronized Turn turn(int chunkBytes) {
        if (machine.isOver()) {
            return new Turn.Pointless();
        }
        Optional<Planned> planned = replica.withLog((log, state) -> plan(log, chunkBytes));
        if (planned.isEmpty()) {
            return new Turn.Pointless();
        }
        try {
            copy.configure(replica.config());
            if (!begun) {
                begun = true;
                return begin();
            }
            Turn turn = carryOut(planned.get(), chunkBytes);
            describe();
            return turn;
        } catch (DiskFailure failure) {
            return failed(failure);
        }
    }

    /** What a crash has left of a copy may have holes, which nobody can tell from those that compaction makes: only what was flushed counts. */
    private Turn begin() {
        copy.truncateTo(copy.recoveryPoint());
        describe();
        return new Turn.More(0);
    }

    private static Turn failed(DiskFailure failure) {
        return failure.kind() == DiskFailure.Kind.FULL ? new Turn.NoRoom() : new Turn.TargetFailed(failure);
    }

    private Planned plan(Log log, int chunkBytes) {
        Step step = machine.next(new Standing(
                log.logStartOffset(), log.endOffset(), copy.logStartOffset(), copy.endOffset(), commonEnd(log, copy)));
        return new Planned(
                step,
                step instanceof Step.Copy(long fromOffset)
                        ? Optional.of(log.read(fromOffset, log.endOffset(), chunkBytes, ReadLeast.ONE_BATCH))
                        : Optional.empty());
    }

    /** Up to where two logs have one history (KIP-101). One look may find only that it ends sooner; the next one looks again. */
    private static long commonEnd(Log log, Log copy) {
        OptionalInt latest = copy.latestEpoch();
        long shorter = Math.min(log.endOffset(), copy.endOffset());
        if (latest.isEmpty()) {
            return shorter;
        }
        Optional<EpochEnd> known = log.endOfEpoch(latest.getAsInt());
        if (known.isEmpty() && log.latestEpoch().isPresent()) {
            known = log.endOfEpoch(log.latestEpoch().getAsInt());
        }
        if (known.isEmpty()) {
            return shorter;
        }
        EpochEnd end = known.get();
        if (end.epoch() == latest.getAsInt()) {
            return Math.min(copy.endOffset(), end.endOffset());
        }
        long ours = copy.endOfEpoch(end.epoch()).map(EpochEnd::endOffset).orElse(copy.logStartOffset());
        return Math.min(ours, end.endOffset());
    }

    private Turn carryOut(Planned planned, int chunkBytes) {
        switch (planned.step()) {
            case Step.Cut(long endOffset) -> copy.truncateTo(endOffset);
            case Step.BeginAt(long offset) -> copy.resetTo(offset);
            case Step.StartAt(long offset) -> startAt(offset);
            case Step.Copy from -> {
                return copied(planned.read().orElseThrow());
            }
            case Step.Ask ask -> {
                copy.planFlush().run();
                return new Turn.Ask(target().id().orElse(Uuid.ZERO));
            }
            case Step.Exchange exchange -> {
                copy.planFlush().run();
                return exchange(chunkBytes);
            }
            case Step.Rest rest -> {
                return new Turn.Rest();
            }
            case Step.Done done -> {
                return new Turn.Pointless();
            }
        }
        return new Turn.More(0);
    }

    private void startAt(long offset) {
        copy.advanceLogStart(offset);
        copy.deleteSegmentsBefore(offset);
    }

    private Turn copied(ReadResult read) {
        Payload records;
        try {
            records = bytes(read);
        } catch (DiskFailure failure) {
            return sourceFailed(failure);
        }
        try {
            return append(records);
        } finally {
            records.release();
        }
    }

    private static Payload bytes(ReadResult read) {
        return switch (read) {
            case ReadResult.Batches batches -> batches.records();
            case ReadResult.Cold cold -> cold.read().run();
            case ReadResult.OutOfRange outside -> Payload.EMPTY;
        };
    }

    /** What retention has deleted meanwhile is missing for a good reason, which the next look finds. */
    private Turn sourceFailed(DiskFailure failure) {
        if (failure.kind() != DiskFailure.Kind.ABSENT) {
            replica.withLog((log, state) -> {
                throw failure;
            });
        }
        return new Turn.More(0);
    }

    private Turn append(Payload payload) {
        ByteBuffer records = payload.contiguous();
        if (records.remaining() < BatchLayout.HEADER_BYTES) {
            return new Turn.More(0);
        }
        long firstOffset = records.getLong(records.position() + BatchLayout.BASE_OFFSET);
        if (firstOffset < copy.endOffset() && copy.sizeBytes() == 0) {
            // the log starts in the middle of a batch, as DeleteRecords left it
            copy.resetTo(firstOffset);
        }
        return switch (copy.appendAsFollower(records, Integer.MAX_VALUE)) {
            case AppendResult.Appended appended -> new Turn.More(appended.sizeBytes());
            case AppendResult.AlreadyAppended known -> new Turn.More(0);
            case AppendResult.Refused refused ->
                refused.error() == ErrorCode.KAFKA_STORAGE_ERROR
                        ? new Turn.NoRoom()
                        : new Turn.Impossible(String.valueOf(refused.message()));
        };
    }

    /** The rest is copied, and the copy is the log. Everybody else waits that long: for a chunk at most. */
    private Turn exchange(int chunkBytes) {
        LogDirectory left = store.directoryOf(replica.name()).orElseThrow();
        return replica.withLog((log, state) -> {
                    // a failure to read is the log's own; one to write is the target's
                    Payload rest = copy.endOffset() < log.endOffset()
                            ? bytes(log.read(copy.endOffset(), log.endOffset(), chunkBytes, ReadLeast.ONE_BATCH))
                            : Payload.EMPTY;
                    try {
                        return exchange(log, left, rest);
                    } catch (DiskFailure failure) {
                        return failed(failure);
                    } finally {
                        rest.release();
                    }
                })
                .orElse(new Turn.Pointless());
    }

    private Turn exchange(Log log, LogDirectory left, Payload rest) {
        if (commonEnd(log, copy) < copy.endOffset() || copy.endOffset() < log.logStartOffset()) {
            return new Turn.More(0);
        }
        Turn appended = append(rest);
        if (copy.endOffset() < log.endOffset()) {
            return appended;
        }
        startAt(log.logStartOffset());
        copy.flush(); // the log, which is removed now, may have been
        Optional<DiskFailure> failure = store.futures().promote(replica.name());
        replica.exchange(copy);
        machine.arrived();
        LOG.info(
                "{} has moved from {} to {}",
                replica,
                left.disk().root(),
                target().disk().root());
        return new Turn.Arrived(left, failure);
    }

    /** The controller has answered. */
    synchronized void known() {
        machine.known();
    }

    synchronized LogMove.Aftermath giveUp() {
        return machine.giveUp();
    }
}
