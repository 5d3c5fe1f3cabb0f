package ottla.log.retain;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ottla.log.format.AbortedTransaction;
import ottla.wire.record.BatchView;
import ottla.wire.record.ControlType;
import ottla.wire.record.RecordCursor;

/**
 * Which batches belong to aborted transactions, and which markers end transactions of which nothing is left. It must see every
 * batch, in order.
 *
 * <p>Used for one pass over a log, by one thread.
 */
public final class CleanedTransactions {
    private static final int MARKER_BYTES_MAX = 1 << 10;

    private final PriorityQueue<AbortedTransaction> ahead =
            new PriorityQueue<>(Comparator.comparingLong(AbortedTransaction::firstOffset));

    /** Aborted transactions that the pass is within, by producer. */
    private final Map<Long, Aborted> aborted = new HashMap<>();

    /** Producers of whose present transaction, which will be committed, a batch was seen. */
    private final Set<Long> committed = new HashSet<>();

    private List<AbortedTransaction> kept = new ArrayList<>();

    private static final class Aborted {
        private final AbortedTransaction transaction;
        private Seen seen = Seen.NOTHING;

        Aborted(AbortedTransaction transaction) {
            this.transaction = transaction;
        }
    }

    private enum Seen {
        NOTHING,
        DATA
    }

    /** @param all the aborted transactions that touch what the pass will see */
    public CleanedTransactions(List<AbortedTransaction> all) {
        ahead.addAll(all);
    }

    /** Whether the next batch holds aborted data, or a marker of which no data was seen. */
    public boolean discards(BatchView batch) {
        while (!ahead.isEmpty() && ahead.peek().firstOffset() <= batch.lastOffset()) {
            AbortedTransaction next = ahead.remove();
            aborted.putIfAbsent(next.producerId(), new Aborted(next));
        }
        if (batch.isControl()) {
            return discardsMarker(batch);
        }
        if (!batch.isTransactional()) {
            return false;
        }
        @Nullable Aborted within = aborted.get(batch.producerId());
        if (within != null) {
            within.seen = Seen.DATA;
            return true;
        }
        committed.add(batch.producerId());
        return false;
    }

    private boolean discardsMarker(BatchView batch) {
        RecordCursor record = batch.records(MARKER_BYTES_MAX);
        if (!record.advance()) {
            return true; // emptied by an earlier pass
        }
        Optional<ControlType> type = ControlType.ofKey(record.key());
        if (type.equals(Optional.of(ControlType.COMMIT))) {
            return !committed.remove(batch.producerId());
        }
        if (!type.equals(Optional.of(ControlType.ABORT))) {
            return false;
        }
        @Nullable Aborted ended = aborted.remove(batch.producerId());
        if (ended == null || ended.seen == Seen.NOTHING) {
            return true;
        }
        kept.add(ended.transaction);
        return false;
    }

    /** The transactions whose markers were found worth keeping since this was last asked: entries of the new index. */
    public List<AbortedTransaction> takeKept() {
        if (kept.isEmpty()) {
            return List.of();
        }
        List<AbortedTransaction> taken = kept;
        kept = new ArrayList<>();
        return taken;
    }
}
