package ottla.wire.compress;

import java.nio.ByteBuffer;
import java.util.Arrays;
import ottla.wire.primitive.MalformedMessage;

/**
 * Decompressed bytes as they come: an array that more is added to at the end, up to a limit, while a reader drops what it has
 * seen from the start.
 *
 * <p>Owned by one thread. {@link #borrow} reuses the memory of the last one that this thread gave back, because most batches
 * that are opened are small, and zeroing an array would cost more than filling it.
 */
public final class PlainBytes {
    /** What a thread may keep: a block of lz4 as all clients write them, and the beginning of the next. */
    private static final int KEPT_BYTES_MAX = 256 * 1024;

    private static final int ARRAY_BYTES_MAX = Integer.MAX_VALUE - 8;

    private static final ThreadLocal<PlainBytes> KEPT = new ThreadLocal<>();

    private final int maxBytes;
    private byte[] array;
    private ByteBuffer buffer;
    private byte[] input = new byte[0];
    private int start;
    private int end;

    PlainBytes(int firstBytes, int maxBytes) {
        this.maxBytes = Math.min(maxBytes, ARRAY_BYTES_MAX);
        array = new byte[Math.min(firstBytes, this.maxBytes)];
        buffer = ByteBuffer.wrap(array);
    }

    /** For who decompresses nothing. */
    public static PlainBytes none() {
        return new PlainBytes(0, 0);
    }

    /** Bytes without a limit of their own, for a reader that drops them. To be given back. */
    public static PlainBytes borrow() {
        PlainBytes kept = KEPT.get();
        if (kept == null) {
            return new PlainBytes(0, ARRAY_BYTES_MAX);
        }
        KEPT.remove();
        kept.start = 0;
        kept.end = 0;
        return kept;
    }

    /** Ends the use of borrowed bytes. */
    public void giveBack() {
        if (array.length <= KEPT_BYTES_MAX && input.length <= KEPT_BYTES_MAX) {
            KEPT.set(this);
        }
    }

    byte[] array() {
        return array;
    }

    /** The bytes are from {@link #start} to {@link #end} of this buffer, until more is added. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Where the bytes begin that were not dropped. */
    public int start() {
        return start;
    }

    public int end() {
        return end;
    }

    /** Forgets everything before a position. What follows may move when more is added. */
    public void dropTo(int position) {
        start = position;
    }

    int sizeBytes() {
        return end - start;
    }

    /** Makes room for as much of {@code wantedBytes} as the limit allows and returns how many bytes there are then. */
    int reserve(int wantedBytes) {
        int size = end - start;
        int wanted = (int) Math.min(maxBytes, (long) size + wantedBytes);
        if (wanted > array.length - start) {
            int doubled = (int) Math.min(maxBytes, 2L * array.length);
            byte[] before = array;
            if (wanted > array.length) {
                array = new byte[Math.max(wanted, doubled)];
                buffer = ByteBuffer.wrap(array);
            }
            System.arraycopy(before, start, array, 0, size);
            start = 0;
            end = size;
        }
        return Math.min(array.length - end, maxBytes - size);
    }

    void added(int moreBytes) {
        end += moreBytes;
    }

    /** An array for compressed bytes that lie in none, valid until the next call. */
    byte[] input(int sizeBytes) {
        if (input.length < sizeBytes) {
            input = new byte[Math.max(sizeBytes, Math.min(2 * input.length, KEPT_BYTES_MAX))];
        }
        return input;
    }

    MalformedMessage tooLarge(String codec) {
        return new MalformedMessage(codec + " data decompresses to more than " + maxBytes + " bytes");
    }

    ByteBuffer result() {
        return ByteBuffer.wrap(start == 0 ? array : Arrays.copyOfRange(array, start, end), 0, end - start)
                .slice();
    }
}
