package ottla.wire.compress;

import java.nio.ByteBuffer;
import java.util.Arrays;
import ottla.wire.primitive.MalformedMessage;

/** The result of a decompression while its size is not yet known: an array that doubles, up to a limit. Lives for one call. */
final class Growing {
    private final int maxBytes;
    private byte[] array;
    private int sizeBytes;

    Growing(int firstBytes, int maxBytes) {
        this.maxBytes = maxBytes;
        array = new byte[Math.min(firstBytes, maxBytes)];
    }

    /** Makes room for as much of {@code wantedBytes} as the limit allows and returns how many bytes there are then. */
    int reserve(int wantedBytes) {
        int wanted = (int) Math.min(maxBytes, (long) sizeBytes + wantedBytes);
        if (wanted > array.length) {
            int doubled = (int) Math.min(maxBytes, 2L * array.length);
            array = Arrays.copyOf(array, Math.max(wanted, doubled));
        }
        return array.length - sizeBytes;
    }

    byte[] array() {
        return array;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    void added(int moreBytes) {
        sizeBytes += moreBytes;
    }

    MalformedMessage tooLarge(String codec) {
        return new MalformedMessage(codec + " data decompresses to more than " + maxBytes + " bytes");
    }

    ByteBuffer result() {
        return ByteBuffer.wrap(array, 0, sizeBytes).slice();
    }
}
