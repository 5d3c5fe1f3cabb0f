package ottla.log.io;

import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.LogConfig;

/**
 * Reads what a crash may have left unfinished of a log, once: the log ends after its last whole and sound batch, indexes are made
 * anew, and what else is derived from batches takes in each one that stays.
 *
 * <p>Used once, by the thread that opens the log.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final LogFiles files;
    private final Segments segments;
    private final LogConfig config;
    private final Replay replay;
    private long endOffset;

    /** @param replay has taken everything before the segment in which the recovery begins */
    Recovery(LogFiles files, Segments segments, LogConfig config, Replay replay) {
        this.files = files;
        this.segments = segments;
        this.config = config;
        this.replay = replay;
    }

    /**
     * Examines every batch beyond an offset, cuts the log after the last sound one before the first that is not, and says where it
     * ends.
     */
    long run(long fromOffset, ReadBuffers buffers) {
        ReadBuffers.Lent lent = buffers.lend(Replay.READ_BYTES);
        try {
            return run(fromOffset, lent.buffer());
        } finally {
            lent.giveBack();
        }
    }

    private long run(long fromOffset, ByteBuffer buffer) {
        Segment start = segments.holding(fromOffset);
        endOffset = start.baseOffset();
        boolean cut = false;
        for (Segment segment : segments.beginningAt(start.baseOffset())) {
            // Writes reach the disk in any order: a segment may be there although the end of the one before was lost.
            // Only compaction leaves such gaps on purpose.
            boolean gap = segment.baseOffset() > endOffset && !config.compacts();
            if (cut || gap || segment.baseOffset() < endOffset) {
                LOG.warn(
                        "Dropping {} with {} bytes: the log ends at offset {} before it",
                        segment,
                        segment.sizeBytes(),
                        endOffset);
                segments.remove(segment);
                segment.setAside();
                segment.delete();
                cut = true;
                continue;
            }
            cut = !examine(segment, segment == start ? fromOffset : segment.baseOffset(), buffer);
        }
        if (cut) {
            files.disk().syncDirectory(files.directory().name());
        }
        return endOffset;
    }

    /**
     * Makes a segment's indexes anew, all of them, because a flush syncs only the batches; but checksums are reckoned only from an
     * offset on. False if the segment had to be cut.
     */
    private boolean examine(Segment segment, long fromOffset, ByteBuffer buffer) {
        int sizeBytes = Math.toIntExact(segment.data().measure());
        segment.forgetIndexes();
        BatchScan scan = new BatchScan(segment.data(), 0, sizeBytes, buffer);
        endOffset = segment.baseOffset();
        while (scan.advance()) {
            boolean examined = scan.lastOffset() >= fromOffset;
            if (scan.baseOffset() < endOffset || !segment.reaches(scan.lastOffset()) || (examined && !scan.sound())) {
                break;
            }
            segment.note(scan.maxTimestamp(), scan.lastOffset(), scan.sizeBytes(), config.indexIntervalBytes());
            replay.take(segment, scan);
            endOffset = scan.lastOffset() + 1;
        }
        boolean whole = segment.sizeBytes() == sizeBytes;
        if (!whole) {
            Damage.find(segment, sizeBytes, endOffset).report();
            segment.data().truncate(segment.sizeBytes());
            segment.data().sync();
        }
        // What is whole is not synced: nobody was promised that it is, and a start would wait for all that a killed
        // process left to the system. The recovery point stays where it is until a flush has caught up.
        if (segment == segments.active()) {
            segment.writeIndexes();
        } else {
            segment.seal();
        }
        return whole;
    }
}
