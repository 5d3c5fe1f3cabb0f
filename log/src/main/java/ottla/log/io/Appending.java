package ottla.log.io;

import java.nio.ByteBuffer;
import ottla.base.ErrorCode;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.producer.TransactionCheck;
import ottla.log.producer.Verdict;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/** How batches come into a log: judged, stamped, written, and noted in all that is derived from them. Under the log's lock. */
final class Appending {
    private final LogState state;
    private final Rolling rolling;

    Appending(LogState state, Rolling rolling) {
        this.state = state;
        this.rolling = rolling;
    }

    AppendResult asLeader(Admission.Decided.Admitted admitted, int leaderEpoch, TransactionCheck check) {
        ByteBuffer records = admitted.records();
        int sizeBytes = records.remaining();
        if (sizeBytes > state.config.rollBytes()) {
            return AppendResult.Refused.of(
                    ErrorCode.RECORD_LIST_TOO_LARGE,
                    sizeBytes + " bytes of records, where a segment has at most " + state.config.rollBytes());
        }
        long nextOffset = state.endOffset;
        long maxTimestamp = Segment.NO_TIMESTAMP;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            switch (Producing.judge(state.producers, batch, admitted.origin(), check, nextOffset)) {
                case Verdict.Accepted accepted -> {}
                case Verdict.Duplicate known -> {
                    return new AppendResult.AlreadyAppended(
                            known.baseOffset(), known.lastOffset(), known.timestampMs());
                }
                case Verdict.Refused refused -> {
                    return AppendResult.Refused.of(refused.error(), refused.message());
                }
            }
            batch.stampBaseOffset(nextOffset);
            batch.stampLeaderEpoch(leaderEpoch);
            maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp());
            nextOffset = batch.endOffset();
        }
        long baseOffset = state.endOffset;
        try {
            write(records, baseOffset, nextOffset - 1, maxTimestamp);
        } catch (DiskFailure failure) {
            return refuseIfFull(failure);
        }
        return new AppendResult.Appended(baseOffset, nextOffset - 1, admitted.appendTimeMs(), sizeBytes);
    }

    AppendResult asFollower(ByteBuffer records, int leaderEpoch) {
        Batches batches = Batches.in(records);
        long nextOffset = state.endOffset;
        int end = records.position();
        while (batches.advance() && batches.batch().partitionLeaderEpoch() <= leaderEpoch) {
            BatchView batch = batches.batch();
            BatchDefect defect = batch.headerDefect();
            if (defect == BatchDefect.NONE && !batch.isChecksumValid()) {
                defect = BatchDefect.CHECKSUM_MISMATCH;
            }
            if (defect != BatchDefect.NONE) {
                return AppendResult.Refused.of(
                        defect.error(), defect.sentence() + ", in the batch at offset " + batch.baseOffset());
            }
            if (batch.baseOffset() < nextOffset) {
                return AppendResult.Refused.of(
                        ErrorCode.INVALID_RECORD,
                        "a batch at offset " + batch.baseOffset() + " after the log's end " + nextOffset);
            }
            nextOffset = batch.endOffset();
            end = batch.position() + batch.sizeBytes();
        }
        if (batches.defect() != BatchDefect.NONE) {
            return AppendResult.Refused.of(
                    batches.defect().error(), batches.defect().sentence());
        }
        int sizeBytes = end - records.position();
        if (sizeBytes == 0) {
            return new AppendResult.Appended(state.endOffset, state.endOffset - 1, Segment.NO_TIMESTAMP, 0);
        }
        long firstOffset = records.getLong(records.position() + BatchLayout.BASE_OFFSET);
        try {
            writeInParts(records.slice(records.position(), sizeBytes));
        } catch (DiskFailure failure) {
            return refuseIfFull(failure);
        }
        return new AppendResult.Appended(firstOffset, nextOffset - 1, Segment.NO_TIMESTAMP, sizeBytes);
    }

    /** A leader may send more at once than a segment of this log holds. */
    private void writeInParts(ByteBuffer records) {
        int start = 0;
        int end = 0;
        long firstOffset = -1;
        long lastOffset = -1;
        long maxTimestamp = Segment.NO_TIMESTAMP;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            if (end > start && end + batch.sizeBytes() - start > state.config.rollBytes()) {
                write(records.slice(start, end - start), firstOffset, lastOffset, maxTimestamp);
                start = end;
                maxTimestamp = Segment.NO_TIMESTAMP;
            }
            firstOffset = end == start ? batch.baseOffset() : firstOffset;
            lastOffset = batch.lastOffset();
            maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp());
            end += batch.sizeBytes();
        }
        write(records.slice(start, end - start), firstOffset, lastOffset, maxTimestamp);
    }

    /** One write for the whole set. Nothing of the log's state changes before it has succeeded. */
    private void write(ByteBuffer records, long baseOffset, long lastOffset, long maxTimestamp) {
        state.flushing.requireSound();
        Segment active = rolling.ifDue(records.remaining(), baseOffset, lastOffset, maxTimestamp);
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            noteEpoch(batches.batch());
        }
        active.write(records.duplicate());
        state.shell.full().written();
        note(active, records, baseOffset);
        state.endOffset = lastOffset + 1;
        state.producers.advance(state.endOffset);
    }

    /** The records are in the file: from here on, there is no way back, and a disk that is full is as bad as a broken one. */
    private void note(Segment active, ByteBuffer records, long baseOffset) {
        try {
            Batches batches = Batches.in(records);
            while (batches.advance()) {
                BatchView batch = batches.batch();
                active.note(batch, state.config.indexIntervalBytes());
                state.tail.append(records, batch.position(), batch.sizeBytes(), batch.baseOffset(), batch.lastOffset());
                Producing.apply(state.producers, active, batch, baseOffset);
            }
        } catch (DiskFailure failure) {
            throw failure.kind() == DiskFailure.Kind.FULL ? failure.asBroken("in the middle of an append") : failure;
        }
    }

    private void noteEpoch(BatchView batch) {
        int epoch = batch.partitionLeaderEpoch();
        boolean changed = epoch >= 0 && state.epochs.assign(epoch, batch.baseOffset()) == LeaderEpochs.Change.CHANGED;
        if (changed || state.epochUnwritten) {
            state.saveEpochs();
        }
    }

    private AppendResult refuseIfFull(DiskFailure failure) {
        if (failure.kind() != DiskFailure.Kind.FULL) {
            throw failure;
        }
        state.shell.refused(failure);
        return AppendResult.Refused.of(ErrorCode.KAFKA_STORAGE_ERROR, "the log directory is full");
    }
}
