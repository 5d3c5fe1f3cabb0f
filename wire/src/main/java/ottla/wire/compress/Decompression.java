package ottla.wire.compress;

import java.nio.ByteBuffer;
import ottla.wire.primitive.MalformedMessage;

/**
 * A decompression that goes a part at a time, so that what comes of a batch need never be in memory as a whole. A part is what the
 * codec cannot divide: a block of lz4 (at most 4 MB) or snappy, a few KB of gzip or zstd.
 *
 * <p>Owned by one thread, and to be closed. The source must stay as it is until then.
 */
public interface Decompression extends AutoCloseable {
    /**
     * Adds the next part, which may be empty.
     *
     * @return false if there was none
     * @throws MalformedMessage if the bytes are not of this codec or are cut off
     */
    boolean next(PlainBytes out);

    @Override
    void close();

    /** All that is left, as one buffer. */
    default ByteBuffer all(PlainBytes out) {
        try (this) {
            boolean more = true;
            while (more) {
                more = next(out);
            }
            return out.result();
        }
    }
}
