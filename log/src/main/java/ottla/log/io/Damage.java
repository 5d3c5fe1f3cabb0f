package ottla.log.io;

import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;

/**
 * Where a segment stops making sense, and whether more follows: a torn tail, which every crash may leave, or a hole in the middle,
 * which a broken disk makes, or a power cut that let later writes reach the disk and an earlier one not. What follows a hole is cut
 * off all the same, as Kafka does, because a log without gaps is worth more; but the operator is to know how much that was.
 *
 * @param sizeBytes of the file before it is cut
 * @param soundBytes how many bytes of sound batches follow, at most as many as were looked for
 * @param soundEndOffset where the last of those ends, -1 if there are none
 */
record Damage(
        String file, int position, long offset, String reason, int sizeBytes, long soundBytes, long soundEndOffset) {
    private static final Logger LOG = LoggerFactory.getLogger(Damage.class);

    private static final int WINDOW_BYTES = 1 << 20;

    /** Looks at what follows the sound batches of a segment, whose end offset is given. */
    static Damage find(Segment segment, int sizeBytes, long endOffset) {
        int position = segment.sizeBytes();
        long soundBytes = 0;
        long soundEndOffset = -1;
        int at = nextSound(segment.data(), position + 1, sizeBytes, endOffset);
        if (at >= 0) {
            BatchScan scan = new BatchScan(segment.data(), at, sizeBytes);
            while (scan.advance() && scan.sound()) {
                soundBytes += scan.sizeBytes();
                soundEndOffset = scan.lastOffset() + 1;
            }
        }
        String reason = reason(segment, position, sizeBytes, endOffset);
        return new Damage(segment.toString(), position, endOffset, reason, sizeBytes, soundBytes, soundEndOffset);
    }

    void report() {
        if (soundEndOffset < 0) {
            LOG.warn(
                    "{}: torn at position {} (offset {}): {}. The {} bytes from there on are cut off",
                    file,
                    position,
                    offset,
                    reason,
                    sizeBytes - position);
        } else {
            LOG.warn(
                    "{}: damaged in the middle, at position {} (offset {}): {}. Sound batches follow up to offset {} ({} bytes),"
                            + " and they are lost: the {} bytes from the damage on are cut off, and all later segments",
                    file,
                    position,
                    offset,
                    reason,
                    soundEndOffset,
                    soundBytes,
                    sizeBytes - position);
        }
    }

    private static String reason(Segment segment, int position, int sizeBytes, long endOffset) {
        BatchScan scan = new BatchScan(segment.data(), position, sizeBytes);
        if (!scan.advance()) {
            return "no whole batch begins there";
        }
        if (!scan.sound()) {
            BatchDefect defect = scan.batch().headerDefect();
            return (defect == BatchDefect.NONE ? BatchDefect.CHECKSUM_MISMATCH : defect).sentence();
        }
        return "the batch there begins at offset " + scan.baseOffset() + ", where at least " + endOffset + " is due";
    }

    /** The position of the next batch that is sound beyond doubt, -1 if there is none. */
    private static int nextSound(LogFile file, int from, int end, long minOffset) {
        ByteBuffer window = ByteBuffer.allocate(Math.clamp(end - from, 0, WINDOW_BYTES));
        int start = from;
        while (end - start >= BatchLayout.HEADER_BYTES) {
            window.clear().limit(Math.min(window.capacity(), end - start));
            int count = file.read(window, start);
            if (count < BatchLayout.HEADER_BYTES) {
                return -1;
            }
            int last = count - BatchLayout.HEADER_BYTES;
            for (int i = 0; i <= last; i++) {
                if (plausible(window, i, end - start - i, minOffset) && sound(file, start + i, end)) {
                    return start + i;
                }
            }
            start += last + 1;
        }
        return -1;
    }

    private static boolean plausible(ByteBuffer window, int at, int room, long minOffset) {
        if (window.get(at + BatchLayout.MAGIC) != BatchLayout.MAGIC_2) {
            return false;
        }
        long sizeBytes = (long) window.getInt(at + BatchLayout.LENGTH) + BatchLayout.COUNTED_FROM;
        long baseOffset = window.getLong(at + BatchLayout.BASE_OFFSET);
        return sizeBytes >= BatchLayout.HEADER_BYTES
                && sizeBytes <= room
                && baseOffset >= minOffset
                && baseOffset - minOffset <= Integer.MAX_VALUE;
    }

    private static boolean sound(LogFile file, int position, int end) {
        BatchScan scan = new BatchScan(file, position, end);
        return scan.advance() && scan.sound();
    }
}
