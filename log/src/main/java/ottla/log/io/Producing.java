package ottla.log.io;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.log.format.AbortedTransaction;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.CompletedTransaction;
import ottla.log.producer.Producers;
import ottla.log.producer.TransactionCheck;
import ottla.log.producer.Verdict;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.record.BatchView;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;
import ottla.wire.record.RecordCursor;

/** Where batches meet {@link Producers}: opens the markers of transactions, and notes aborted ones in the segment's index. */
final class Producing {
    /** A marker has a few dozen bytes; Kafka never compresses one. */
    private static final int MARKER_BYTES_MAX = 1 << 10;

    private Producing() {}

    static Verdict judge(
            Producers producers, BatchView batch, AppendOrigin origin, TransactionCheck check, long baseOffset) {
        if (!batch.hasProducerId()) {
            return Verdict.ACCEPTED;
        }
        Verdict verdict = producers.judge(batch, origin, check.guard(), baseOffset);
        if (verdict instanceof Verdict.Accepted && batch.isControl() && origin != AppendOrigin.REPLICATION) {
            Optional<EndTransactionMarker> marker = marker(batch);
            if (marker.isEmpty()) {
                return new Verdict.Refused(ErrorCode.INVALID_RECORD, "a control batch that ends no transaction");
            }
            return producers.judgeMarker(
                    batch.producerId(), batch.producerEpoch(), marker.get().coordinatorEpoch(), check.markerEpoch());
        }
        return verdict;
    }

    /** @param indexFrom aborted transactions that end at this offset or later are noted, earlier ones are noted already */
    static void apply(Producers producers, Segment segment, BatchView batch, long indexFrom) {
        if (!batch.hasProducerId()) {
            return;
        }
        if (!batch.isControl()) {
            producers.apply(batch);
            return;
        }
        EndTransactionMarker marker = marker(batch).orElse(null);
        if (marker == null) {
            return;
        }
        @Nullable
        CompletedTransaction ended =
                producers.applyMarker(batch, marker, batch.maxTimestamp()).orElse(null);
        if (ended != null
                && ended.outcome() == CompletedTransaction.Outcome.ABORTED
                && ended.lastOffset() >= indexFrom) {
            segment.addAborted(new AbortedTransaction(
                    ended.producerId(), ended.firstOffset(), ended.lastOffset(), producers.stableOffsetAfter(ended)));
        }
    }

    private static Optional<EndTransactionMarker> marker(BatchView batch) {
        try {
            RecordCursor record = batch.records(MARKER_BYTES_MAX);
            if (!record.advance()) {
                return Optional.empty();
            }
            Optional<ControlType> type = ControlType.ofKey(record.key()).filter(ControlType::endsTransaction);
            return type.map(known -> EndTransactionMarker.read(known, record.value()));
        } catch (MalformedMessage malformed) {
            return Optional.empty();
        }
    }
}
