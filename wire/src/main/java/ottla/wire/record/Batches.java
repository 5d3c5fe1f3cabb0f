package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;
import ottla.base.Check;
import ottla.wire.primitive.Payload;

/**
 * Walks over the record batches in a buffer, as they come from a producer, from another broker or from a file read in parts.
 *
 * <pre>
 *   while (batches.advance()) { ... batches.batch() ... }
 *   batches.defect()         a size or format that no batch has: the bytes from position() on are not batches
 *   batches.trailingBytes()  what is left otherwise: the beginning of a batch that is not wholly here, or 0
 * </pre>
 *
 * Owned by one thread. The buffer's position and limit are read once and never changed.
 */
public final class Batches {
    /** The smallest length of a message of format 0. What is smaller is no batch at all, whatever its magic. */
    private static final int OLDEST_LENGTH = 14;

    private final ByteBuffer buffer;
    private final int maxBatchBytes;
    private final int limit;
    private int position;
    private int nextPosition;
    private BatchDefect defect = BatchDefect.NONE;

    private Batches(ByteBuffer buffer, int maxBatchBytes) {
        this.buffer = buffer;
        this.maxBatchBytes = maxBatchBytes;
        limit = buffer.limit();
        position = buffer.position();
        nextPosition = position;
    }

    /** The batches in what remains of the buffer. */
    public static Batches in(ByteBuffer buffer) {
        return in(buffer, Integer.MAX_VALUE);
    }

    /** As {@link #in(ByteBuffer)}; a batch of more than {@code maxBatchBytes} is a defect even where it would fit. */
    public static Batches in(ByteBuffer buffer, int maxBatchBytes) {
        return new Batches(buffer, maxBatchBytes);
    }

    /** The batches of a payload. One piece is read (and stamped) in place; several are put together in a copy. */
    public static Batches in(Payload payload) {
        return in(payload.pieces().size() == 1 ? payload.pieces().getFirst() : payload.contiguous());
    }

    /** Goes to the next whole batch, if there is one and its size and format are possible. */
    public boolean advance() {
        position = nextPosition;
        int left = limit - position;
        if (defect != BatchDefect.NONE || left < BatchLayout.KNOWN_BY) {
            return false;
        }
        int length = buffer.getInt(position + BatchLayout.LENGTH);
        byte magic = buffer.get(position + BatchLayout.MAGIC);
        if (length < OLDEST_LENGTH) {
            defect = BatchDefect.LENGTH_TOO_SMALL;
            return false;
        }
        if (magic != BatchLayout.MAGIC_2) {
            defect = magic == 0 || magic == 1 ? BatchDefect.MAGIC_OLD : BatchDefect.MAGIC_UNKNOWN;
            return false;
        }
        if (length < BatchLayout.HEADER_BYTES - BatchLayout.COUNTED_FROM) {
            defect = BatchDefect.LENGTH_TOO_SMALL;
            return false;
        }
        if (length > maxBatchBytes - BatchLayout.COUNTED_FROM) {
            defect = BatchDefect.LENGTH_TOO_LARGE;
            return false;
        }
        if (length > left - BatchLayout.COUNTED_FROM) {
            return false;
        }
        nextPosition = position + BatchLayout.COUNTED_FROM + length;
        return true;
    }

    /** The batch that the last successful {@link #advance} found. */
    public BatchView batch() {
        Check.invariant(nextPosition > position, "there is a batch only after a successful advance");
        return new BatchView(buffer, position);
    }

    /** Where the present batch begins; after the last one, where the whole batches end. */
    public int position() {
        return position;
    }

    /** Why no further batch was found, if it was not the end of the bytes. */
    public BatchDefect defect() {
        return defect;
    }

    /** How many bytes follow the whole batches seen so far. */
    public int trailingBytes() {
        return limit - nextPosition;
    }

    /** The whole batches as a plain iteration, for code that knows its bytes to be sound; it ends at the first defect. */
    public static Iterable<BatchView> each(ByteBuffer buffer) {
        return () -> new Iterator<>() {
            private final Batches batches = in(buffer);
            private boolean ready = batches.advance();

            @Override
            public boolean hasNext() {
                return ready;
            }

            @Override
            public BatchView next() {
                if (!ready) {
                    throw new NoSuchElementException();
                }
                BatchView batch = batches.batch();
                ready = batches.advance();
                return batch;
            }
        };
    }
}
