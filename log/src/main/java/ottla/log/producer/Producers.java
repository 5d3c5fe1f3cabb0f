package ottla.log.producer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.producer.CompletedTransaction.Outcome;
import ottla.wire.message.storage.ProducerSnapshot;
import ottla.wire.record.BatchView;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/**
 * What a partition knows of its producers: enough to write each batch once and in order (KIP-98), and to tell which transactions
 * are open. {@link #judge} decides and changes nothing; {@link #apply} is the only mutator and never refuses, because a batch
 * that is in the log has been judged by whoever led the partition then.
 *
 * <p>Owned by the log, under its partition's lock. State at any offset equals the state after replaying the log up to it, less
 * what has expired.
 */
public final class Producers {
    private final TopicPartition partition;
    private final Map<Long, ProducerState> byId = new HashMap<>();
    private final Verifications verifications = new Verifications();

    /** Open transactions by the offset of their first record. */
    private final TreeMap<Long, Long> openTransactions = new TreeMap<>();

    /** Ended transactions whose marker is not yet below the high watermark: first offset to the marker's offset. */
    private final TreeMap<Long, Long> unreplicatedTransactions = new TreeMap<>();

    /** Most batches come from the producer of the batch before. */
    private @Nullable ProducerState latest;

    private long endOffset;

    public Producers(TopicPartition partition) {
        this.partition = partition;
    }

    /** Every batch below this offset is reflected here. */
    public long endOffset() {
        return endOffset;
    }

    public void advance(long nextEndOffset) {
        endOffset = nextEndOffset;
    }

    public int count() {
        return byId.size();
    }

    public Collection<ProducerState> all() {
        return Collections.unmodifiableCollection(byId.values());
    }

    public Optional<ProducerState> state(long producerId) {
        return Optional.ofNullable(find(producerId));
    }

    /**
     * Begins to verify, or joins who does, that a producer's open transaction includes this partition.
     *
     * @param sequence the first of the batch that waits
     */
    public VerificationStart beginVerification(
            long producerId, int sequence, short epoch, EpochBump epochBump, long nowMs) {
        ProducerState state = find(producerId);
        if (state != null && epoch < state.epoch()) {
            return new VerificationStart.Refused(ErrorCode.INVALID_PRODUCER_EPOCH, fenced(state, epoch));
        }
        return state != null && isOngoing(state, epoch)
                ? new VerificationStart.NotWanted()
                : new VerificationStart.Wanted(verifications.begin(producerId, sequence, epoch, epochBump, nowMs));
    }

    /** Whether a batch about to be appended at {@code baseOffset} may be. Markers are judged by {@link #judgeMarker} besides. */
    public Verdict judge(BatchView batch, AppendOrigin origin, VerificationGuard guard, long baseOffset) {
        if (!batch.hasProducerId() || origin == AppendOrigin.REPLICATION) {
            return Verdict.ACCEPTED;
        }
        ProducerState state = find(batch.producerId());
        if (origin == AppendOrigin.CLIENT && state != null) {
            int slot = state.find(batch.producerEpoch(), batch.baseSequence(), batch.lastSequence());
            if (slot >= 0) {
                return state.duplicate(slot);
            }
        }
        if (batch.isTransactional() && (state == null || !isOngoing(state, batch.producerEpoch()))) {
            Verdict verified = judgeFirst(state, batch, guard);
            if (!(verified instanceof Verdict.Accepted)) {
                return verified;
            }
        }
        if (batch.isControl()) {
            return Verdict.ACCEPTED;
        }
        if (state != null && batch.producerEpoch() < state.epoch()) {
            return new Verdict.Refused(ErrorCode.INVALID_PRODUCER_EPOCH, fenced(state, batch.producerEpoch()));
        }
        Verdict order = origin == AppendOrigin.CLIENT ? judgeSequence(state, batch, baseOffset) : Verdict.ACCEPTED;
        if (order instanceof Verdict.Accepted && state != null && state.inTransaction() && !batch.isTransactional()) {
            return new Verdict.Refused(
                    ErrorCode.INVALID_TXN_STATE,
                    named(state, baseOffset) + " has a transaction open and may only write within it");
        }
        return order;
    }

    private static boolean isOngoing(ProducerState state, short epoch) {
        return state.inTransaction() && state.epoch() == epoch;
    }

    /** A batch that would begin a transaction in this partition: the coordinator must know of it (KIP-890). */
    private Verdict judgeFirst(@Nullable ProducerState state, BatchView batch, VerificationGuard guard) {
        if (state != null && batch.producerEpoch() < state.epoch()) {
            return new Verdict.Refused(ErrorCode.INVALID_PRODUCER_EPOCH, fenced(state, batch.producerEpoch()));
        }
        boolean verified = guard == VerificationGuard.NOT_WANTED
                || batch.isControl()
                || verifications.admits(batch.producerId(), guard);
        return verified
                ? Verdict.ACCEPTED
                : new Verdict.Refused(
                        ErrorCode.INVALID_TXN_STATE,
                        "producer " + batch.producerId() + " writes to " + partition
                                + " outside of any transaction that its coordinator knows of");
    }

    private Verdict judgeSequence(@Nullable ProducerState state, BatchView batch, long baseOffset) {
        int next = batch.baseSequence();
        Verifications.Open open = verifications.of(batch.producerId()).orElse(null);
        if (open != null && next > open.lowestSequence) {
            return outOfOrder(batch, baseOffset, "before one with sequence " + open.lowestSequence + " that waits");
        }
        if (state == null || state.lastSequenceKnown().isEmpty()) {
            if (open != null && open.epochBump == EpochBump.SUPPORTED && next != 0) {
                return outOfOrder(batch, baseOffset, "as the first of its transaction, instead of 0");
            }
        }
        if (state == null || state.epoch() == ProducerState.NO_EPOCH) {
            return Verdict.ACCEPTED;
        }
        if (batch.producerEpoch() != state.epoch()) {
            return next == 0
                    ? Verdict.ACCEPTED
                    : outOfOrder(
                            batch, baseOffset, "instead of 0 in a new epoch; its epoch so far is " + state.epoch());
        }
        return Sequences.follows(next, state.lastSequence())
                ? Verdict.ACCEPTED
                : outOfOrder(batch, baseOffset, "after " + state.lastSequence());
    }

    private Verdict outOfOrder(BatchView batch, long baseOffset, String where) {
        return new Verdict.Refused(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                "producer " + batch.producerId() + " in epoch " + batch.producerEpoch() + " at offset " + baseOffset
                        + " of " + partition + " sends sequence " + batch.baseSequence() + " " + where);
    }

    /** Whether a marker may end the producer's transaction. */
    public Verdict judgeMarker(
            long producerId, short epoch, int coordinatorEpoch, TransactionCheck.MarkerEpoch markerEpoch) {
        ProducerState state = find(producerId);
        if (state == null) {
            return Verdict.ACCEPTED;
        }
        boolean raised = markerEpoch == TransactionCheck.MarkerEpoch.RAISED;
        // The coordinator repeats a marker until it is answered, and cannot raise the largest epoch.
        boolean mayRepeat = epoch == state.epoch() && (!raised || !state.inTransaction() || epoch == Short.MAX_VALUE);
        if (epoch < state.epoch() || (epoch == state.epoch() && !mayRepeat)) {
            return new Verdict.Refused(ErrorCode.INVALID_PRODUCER_EPOCH, fenced(state, epoch));
        }
        return state.coordinatorEpoch() <= coordinatorEpoch
                ? Verdict.ACCEPTED
                : new Verdict.Refused(
                        ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                        "producer " + producerId + " in " + partition + ": a coordinator of epoch " + coordinatorEpoch
                                + " comes after one of epoch " + state.coordinatorEpoch());
    }

    private String fenced(ProducerState state, short epoch) {
        return "producer " + state.producerId() + " in " + partition + " is in epoch " + epoch + ", but epoch "
                + state.epoch() + " has been seen";
    }

    /** Takes in a batch of data that is in the log, with its offsets. */
    public void apply(BatchView batch) {
        if (!batch.hasProducerId()) {
            return;
        }
        if (batch.isTransactional()) {
            verifications.end(batch.producerId());
        }
        ProducerState state = findOrCreate(batch.producerId());
        state.add(
                batch.producerEpoch(),
                batch.lastSequence(),
                batch.lastOffset(),
                (int) (batch.lastOffset() - batch.baseOffset()),
                batch.maxTimestamp());
        if (batch.isTransactional() && !state.inTransaction()) {
            state.begin(batch.baseOffset());
            openTransactions.put(batch.baseOffset(), state.producerId());
        }
    }

    /** Takes in a marker that is in the log; tells which transaction it ended, if one was open. */
    public Optional<CompletedTransaction> applyMarker(BatchView batch, EndTransactionMarker marker, long timestampMs) {
        if (!verifications.isOfNext(batch.producerId(), batch.producerEpoch())) {
            verifications.end(batch.producerId());
        }
        ProducerState state = findOrCreate(batch.producerId());
        OptionalLong firstOffset = state.transactionFirstOffset();
        state.end(batch.producerEpoch(), marker.coordinatorEpoch(), timestampMs);
        if (firstOffset.isEmpty()) {
            return Optional.empty();
        }
        long first = firstOffset.getAsLong();
        openTransactions.remove(first);
        unreplicatedTransactions.put(first, batch.lastOffset());
        Outcome outcome = marker.type() == ControlType.ABORT ? Outcome.ABORTED : Outcome.COMMITTED;
        return Optional.of(new CompletedTransaction(state.producerId(), first, batch.lastOffset(), outcome));
    }

    /** The last stable offset right after a transaction ended, as the transaction index records it. */
    public long stableOffsetAfter(CompletedTransaction ended) {
        return openTransactions.isEmpty() ? ended.lastOffset() + 1 : openTransactions.firstKey();
    }

    /** The first offset of the oldest transaction that is open, or whose end is not yet replicated. */
    public OptionalLong firstUnstableOffset() {
        long open = openTransactions.isEmpty() ? Long.MAX_VALUE : openTransactions.firstKey();
        long unreplicated = unreplicatedTransactions.isEmpty() ? Long.MAX_VALUE : unreplicatedTransactions.firstKey();
        long first = Math.min(open, unreplicated);
        return first == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(first);
    }

    /** Forgets ended transactions whose marker everybody has. */
    public void onHighWatermark(long highWatermark) {
        while (!unreplicatedTransactions.isEmpty()
                && unreplicatedTransactions.firstEntry().getValue() < highWatermark) {
            unreplicatedTransactions.pollFirstEntry();
        }
    }

    /** Forgets transactions that ended below the log's new start. */
    public void onLogStart(long logStartOffset) {
        unreplicatedTransactions.values().removeIf(lastOffset -> lastOffset < logStartOffset);
        endOffset = Math.max(endOffset, logStartOffset);
    }

    /** Forgets producers that have been silent too long and have no transaction open. */
    public void expire(long nowMs, long expirationMs) {
        byId.values().removeIf(state -> expired(state.inTransaction(), state.lastTimestampMs(), nowMs, expirationMs));
        verifications.expire(nowMs, expirationMs);
        latest = null;
    }

    private static boolean expired(boolean inTransaction, long lastTimestampMs, long nowMs, long expirationMs) {
        return !inTransaction && nowMs - lastTimestampMs >= expirationMs;
    }

    public void clear(long atOffset) {
        byId.clear();
        openTransactions.clear();
        unreplicatedTransactions.clear();
        latest = null;
        endOffset = atOffset;
    }

    public List<ProducerSnapshot.ProducerEntry> snapshot() {
        List<ProducerSnapshot.ProducerEntry> entries = new ArrayList<>(byId.size());
        for (ProducerState state : byId.values()) {
            entries.add(new ProducerSnapshot.ProducerEntry(
                    state.producerId(),
                    state.epoch(),
                    state.lastSequence(),
                    state.lastOffset(),
                    state.lastOffsetDelta(),
                    state.lastTimestampMs(),
                    state.coordinatorEpoch(),
                    state.transactionFirstOffset().orElse(ProducerState.NO_OFFSET)));
        }
        return entries;
    }

    /** Replaces everything by a snapshot taken at an offset, less what has expired since. */
    public void load(List<ProducerSnapshot.ProducerEntry> entries, long atOffset, long nowMs, long expirationMs) {
        clear(atOffset);
        for (ProducerSnapshot.ProducerEntry entry : entries) {
            boolean inTransaction = entry.currentTxnFirstOffset() >= 0;
            if (expired(inTransaction, entry.timestamp(), nowMs, expirationMs)) {
                continue;
            }
            ProducerState state = findOrCreate(entry.producerId());
            if (entry.lastOffset() >= 0) {
                state.add(
                        entry.epoch(),
                        entry.lastSequence(),
                        entry.lastOffset(),
                        entry.offsetDelta(),
                        entry.timestamp());
            }
            long firstOffset = inTransaction ? entry.currentTxnFirstOffset() : ProducerState.NO_OFFSET;
            state.restore(entry.epoch(), entry.coordinatorEpoch(), entry.timestamp(), firstOffset);
            if (inTransaction) {
                openTransactions.put(firstOffset, entry.producerId());
            }
        }
    }

    private String named(ProducerState state, long baseOffset) {
        return "producer " + state.producerId() + " at offset " + baseOffset + " of " + partition;
    }

    private @Nullable ProducerState find(long producerId) {
        ProducerState recent = latest;
        if (recent != null && recent.producerId() == producerId) {
            return recent;
        }
        ProducerState state = byId.get(producerId);
        if (state != null) {
            latest = state;
        }
        return state;
    }

    private ProducerState findOrCreate(long producerId) {
        ProducerState state = find(producerId);
        if (state == null) {
            state = new ProducerState(producerId);
            byId.put(producerId, state);
            latest = state;
        }
        return state;
    }
}
