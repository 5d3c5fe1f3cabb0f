package ottla.log.format;

import java.nio.ByteBuffer;
import ottla.base.Check;

/**
 * An aborted transaction, as an entry of a transaction index holds it. Readers of committed records skip the producer's records
 * from the first offset to the marker, which is the last offset.
 *
 * <pre>
 * 0         2            10             18            26                   34
 * +---------+------------+--------------+-------------+--------------------+
 * | version | producerId | first offset | last offset | last stable offset |
 * +---------+------------+--------------+-------------+--------------------+
 * </pre>
 */
public record AbortedTransaction(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {
    public static final int SIZE_BYTES = Short.BYTES + 4 * Long.BYTES;
    private static final short VERSION = 0;

    /** Reads the entry at the buffer's position and moves past it. */
    public static AbortedTransaction read(ByteBuffer from) {
        short version = from.getShort();
        if (version != VERSION) {
            throw new MalformedFile(SegmentFiles.TRANSACTION_INDEX, "entry of unknown version " + version);
        }
        return new AbortedTransaction(from.getLong(), from.getLong(), from.getLong(), from.getLong());
    }

    public void write(ByteBuffer to) {
        Check.invariant(
                firstOffset <= lastOffset, "a transaction ends where it began or later", firstOffset, lastOffset);
        to.putShort(VERSION)
                .putLong(producerId)
                .putLong(firstOffset)
                .putLong(lastOffset)
                .putLong(lastStableOffset);
    }
}
