package ottla.log.retain;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import ottla.log.append.Admission;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.RecordCursor;
import ottla.wire.record.TimestampType;

/**
 * What compaction leaves of a batch: the newest record of each key, tombstones and markers until their time has come, nothing of
 * aborted transactions, and no record without a key.
 *
 * <p>A tombstone, or a marker that nothing is left of, may go {@code delete.retention.ms} after a pass first found it to be so. That
 * pass stamps the time into the batch as its base timestamp (KIP-534), so that it counts from when readers could know, whatever
 * the records' own timestamps are.
 *
 * <p>Used for one pass over a log, by one thread, for every batch in order.
 */
public final class BatchCleaning {
    private final KeyOffsets newest;
    private final CleanedTransactions transactions;
    private final Terms terms;
    private Map<Long, LastBatch> lastBatches = Map.of();

    /** Of the batch in hand: the records that stay, by their place in it. */
    private final BitSet kept = new BitSet();

    /**
     * What one pass goes by.
     *
     * @param endOffset the end of what may be cleaned: the batch that ends there is kept, if empty, so that the log's end stays
     */
    public record Terms(long deleteRetentionMs, long endOffset, long nowMs) {}

    /** What is left of a batch. */
    public sealed interface Left {
        Left NOTHING = new Nothing();
        Left ALL = new All();

        record Nothing() implements Left {}

        /** The batch as it is. */
        record All() implements Left {}

        /** This batch in its place, at the same offsets. */
        record Rewritten(ByteBuffer batch) implements Left {}
    }

    public BatchCleaning(KeyOffsets newest, CleanedTransactions transactions, Terms terms) {
        this.newest = newest;
        this.transactions = transactions;
        this.terms = terms;
    }

    /** What each producer's state rests on, as of now. */
    public void onProducers(Map<Long, LastBatch> now) {
        lastBatches = now;
    }

    /** Throws {@link ottla.wire.primitive.MalformedMessage} if the batch cannot be read. */
    public Left clean(BatchView batch) {
        boolean discarded = transactions.discards(batch);
        boolean emptyMarker = discarded && batch.isControl();
        boolean dropped = discarded && (!batch.isControl() || horizonPassed(batch));
        boolean standsEmpty = isLastBatch(batch) || batch.endOffset() == terms.endOffset();
        if (dropped && !standsEmpty) {
            return Left.NOTHING;
        }
        if (dropped) {
            return emptied(batch);
        }
        int tombstones = survey(batch);
        if (kept.isEmpty()) {
            return standsEmpty ? emptied(batch) : Left.NOTHING;
        }
        boolean horizonDue =
                (tombstones > 0 || emptyMarker) && batch.deleteHorizonMs().isEmpty();
        if (kept.cardinality() == batch.recordCount() && !horizonDue) {
            return Left.ALL;
        }
        return new Left.Rewritten(rewritten(batch, horizonDue));
    }

    private boolean isLastBatch(BatchView batch) {
        if (!batch.hasProducerId()) {
            return false;
        }
        @Nullable LastBatch last = lastBatches.get(batch.producerId());
        return last != null && last.is(batch);
    }

    /** Decides about each record, and says how many of those that are kept are tombstones. */
    private int survey(BatchView batch) {
        kept.clear();
        int tombstones = 0;
        RecordCursor record = batch.records(Admission.OPENED_BYTES_MAX);
        for (int index = 0; record.advance(); index++) {
            if (keeps(batch, record)) {
                kept.set(index);
                tombstones += record.hasValue() ? 0 : 1;
            }
        }
        return tombstones;
    }

    private boolean keeps(BatchView batch, RecordCursor record) {
        if (batch.isControl() || record.offset() > newest.latestOffset()) {
            return true;
        }
        @Nullable ByteBuffer key = record.key();
        if (key == null || record.offset() < newest.offset(key)) {
            return false;
        }
        return record.hasValue() || !horizonPassed(batch);
    }

    private boolean horizonPassed(BatchView batch) {
        OptionalLong horizonMs = batch.deleteHorizonMs();
        return horizonMs.isPresent() && horizonMs.getAsLong() <= terms.nowMs();
    }

    private Left emptied(BatchView batch) {
        return new Left.Rewritten(like(batch).lastOffset(batch.lastOffset()).empty(batch.maxTimestamp()));
    }

    private ByteBuffer rewritten(BatchView batch, boolean horizonDue) {
        BatchWriter writer = like(batch).compressedWith(batch.codec());
        if (horizonDue) {
            writer.deleteHorizon(terms.nowMs() + terms.deleteRetentionMs());
        } else {
            batch.deleteHorizonMs().ifPresent(writer::deleteHorizon);
        }
        RecordCursor record = batch.records(Admission.OPENED_BYTES_MAX);
        for (int index = 0; record.advance(); index++) {
            if (kept.get(index)) {
                writer.append(record.view());
            }
        }
        return writer.lastOffset(batch.lastOffset()).build();
    }

    /** The header of a batch, for other records. */
    private static BatchWriter like(BatchView batch) {
        BatchWriter writer = BatchWriter.at(batch.baseOffset()).leaderEpoch(batch.partitionLeaderEpoch());
        writer.producer(batch.producerId(), batch.producerEpoch(), batch.baseSequence());
        if (batch.isTransactional()) {
            writer.transactional();
        }
        if (batch.isControl()) {
            writer.control();
        }
        if (batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            writer.appendTime(batch.maxTimestamp());
        }
        return writer;
    }
}
