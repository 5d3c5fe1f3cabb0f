package ottla.log.producer;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a partition remembers of one producer: its epoch, its last batches, and where its open transaction began. Owned by
 * {@link Producers}, which alone changes it.
 *
 * <p>Five batches are remembered, because a client may have that many requests in flight and repeat any of them.
 */
public final class ProducerState {
    static final int BATCHES_MAX = 5;
    static final short NO_EPOCH = -1;
    static final int NO_COORDINATOR_EPOCH = -1;
    static final long NO_OFFSET = -1;

    private final long producerId;
    private final int[] lastSequences = new int[BATCHES_MAX];
    private final int[] offsetDeltas = new int[BATCHES_MAX];
    private final long[] lastOffsets = new long[BATCHES_MAX];
    private final long[] timestamps = new long[BATCHES_MAX];

    /** The batches are a ring: {@code newest} is the slot of the last one. */
    private int newest = BATCHES_MAX - 1;

    private int batchCount;
    private short epoch = NO_EPOCH;
    private int coordinatorEpoch = NO_COORDINATOR_EPOCH;
    private long lastTimestampMs = -1;
    private long transactionFirstOffset = NO_OFFSET;

    ProducerState(long producerId) {
        this.producerId = producerId;
    }

    public long producerId() {
        return producerId;
    }

    /** -1 if nothing is known. */
    public short epoch() {
        return epoch;
    }

    /** -1 if no transaction of this producer ended here. */
    public int coordinatorEpoch() {
        return coordinatorEpoch;
    }

    public long lastTimestampMs() {
        return lastTimestampMs;
    }

    /** Where the open transaction began. */
    public OptionalLong transactionFirstOffset() {
        return transactionFirstOffset == NO_OFFSET ? OptionalLong.empty() : OptionalLong.of(transactionFirstOffset);
    }

    public OptionalInt lastSequenceKnown() {
        return batchCount == 0 ? OptionalInt.empty() : OptionalInt.of(lastSequences[newest]);
    }

    /** -1 if no batch is remembered. */
    int lastSequence() {
        return batchCount == 0 ? Sequences.NONE : lastSequences[newest];
    }

    /** -1 if no batch is remembered. */
    public long lastOffset() {
        return batchCount == 0 ? NO_OFFSET : lastOffsets[newest];
    }

    int lastOffsetDelta() {
        return batchCount == 0 ? 0 : offsetDeltas[newest];
    }

    boolean inTransaction() {
        return transactionFirstOffset != NO_OFFSET;
    }

    /** The slot of a remembered batch with exactly these sequences, or -1. */
    int find(short batchEpoch, int firstSequence, int lastSequence) {
        if (batchEpoch != epoch) {
            return -1;
        }
        for (int i = 0; i < batchCount; i++) {
            int slot = (newest - i + BATCHES_MAX) % BATCHES_MAX;
            if (lastSequences[slot] == lastSequence
                    && Sequences.minus(lastSequence, offsetDeltas[slot]) == firstSequence) {
                return slot;
            }
        }
        return -1;
    }

    Verdict.Duplicate duplicate(int slot) {
        return new Verdict.Duplicate(lastOffsets[slot] - offsetDeltas[slot], lastOffsets[slot], timestamps[slot]);
    }

    void add(short batchEpoch, int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        enter(batchEpoch);
        newest = (newest + 1) % BATCHES_MAX;
        lastSequences[newest] = lastSequence;
        lastOffsets[newest] = lastOffset;
        offsetDeltas[newest] = offsetDelta;
        timestamps[newest] = timestampMs;
        batchCount = Math.min(batchCount + 1, BATCHES_MAX);
        lastTimestampMs = timestampMs;
    }

    void begin(long firstOffset) {
        transactionFirstOffset = firstOffset;
    }

    void end(short markerEpoch, int markerCoordinatorEpoch, long timestampMs) {
        enter(markerEpoch);
        coordinatorEpoch = markerCoordinatorEpoch;
        lastTimestampMs = timestampMs;
        transactionFirstOffset = NO_OFFSET;
    }

    void restore(short knownEpoch, int knownCoordinatorEpoch, long timestampMs, long firstOffset) {
        epoch = knownEpoch;
        coordinatorEpoch = knownCoordinatorEpoch;
        lastTimestampMs = timestampMs;
        transactionFirstOffset = firstOffset;
    }

    /** A new epoch begins a new numbering: what is remembered of the old one can no longer be repeated. */
    private void enter(short nextEpoch) {
        if (nextEpoch != epoch) {
            batchCount = 0;
            epoch = nextEpoch;
        }
    }
}
