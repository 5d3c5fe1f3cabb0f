package ottla.log.io;

import java.nio.ByteBuffer;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.producer.Producers;

/**
 * Takes the batches of a log, in order, into what is derived from them beside the indexes by offset and time: producers, leader
 * epochs and aborted transactions.
 *
 * <p>Used once, by the thread that opens or cuts the log.
 */
final class Replay {
    /** For whoever reads everything: few calls, and what was read is still in the processor's cache when it is looked at. */
    static final int READ_BYTES = 256 << 10;

    private final Producers producers;
    private final LeaderEpochs epochs;

    /** Below this offset the producers know everything. */
    private final long known;

    /** Aborted transactions that end here or later are noted in their segment's index, too. */
    private final long indexFrom;

    private int latestEpoch;

    Replay(Producers producers, LeaderEpochs epochs, long indexFrom) {
        this.producers = producers;
        this.epochs = epochs;
        this.indexFrom = indexFrom;
        known = producers.endOffset();
        latestEpoch = epochs.latest().orElse(-1);
    }

    /** Takes what the producers do not know yet, up to an offset where a segment or the log ends: they are as of there then. */
    void upTo(long endOffset, Segments segments, ReadBuffers buffers) {
        if (known >= endOffset) {
            return;
        }
        ReadBuffers.Lent lent = buffers.lend(READ_BYTES);
        try {
            for (Segment segment : segments.between(known, endOffset)) {
                take(segment, lent.buffer());
            }
        } finally {
            lent.giveBack();
        }
        producers.advance(endOffset);
    }

    private void take(Segment segment, ByteBuffer buffer) {
        BatchScan scan = new BatchScan(segment.data(), segment.positionBefore(known), segment.sizeBytes(), buffer);
        while (scan.advance()) {
            if (scan.lastOffset() >= known) {
                take(segment, scan);
            }
        }
    }

    /** Takes the batch that a scan has come to. */
    void take(Segment segment, BatchScan scan) {
        // The start of an epoch that is known already is not where the first batch that is left of it begins.
        if (scan.leaderEpoch() > latestEpoch) {
            latestEpoch = scan.leaderEpoch();
            epochs.assign(latestEpoch, scan.baseOffset());
        }
        if (scan.hasProducerId() && scan.baseOffset() >= known) {
            Producing.apply(producers, segment, scan.batch(), indexFrom);
        }
    }
}
