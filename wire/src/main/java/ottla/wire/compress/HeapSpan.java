package ottla.wire.compress;

import java.nio.ByteBuffer;

/** Where a buffer's remaining bytes lie in an array, for libraries that know only arrays. Copies them if they lie in none. */
final class HeapSpan {
    final byte[] array;
    final int offset;
    final int sizeBytes;

    private HeapSpan(byte[] array, int offset, int sizeBytes) {
        this.array = array;
        this.offset = offset;
        this.sizeBytes = sizeBytes;
    }

    static HeapSpan of(ByteBuffer bytes) {
        int sizeBytes = bytes.remaining();
        if (bytes.hasArray()) {
            return new HeapSpan(bytes.array(), bytes.arrayOffset() + bytes.position(), sizeBytes);
        }
        byte[] copy = new byte[sizeBytes];
        bytes.get(bytes.position(), copy);
        return new HeapSpan(copy, 0, sizeBytes);
    }
}
