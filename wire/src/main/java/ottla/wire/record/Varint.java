package ottla.wire.record;

import java.nio.ByteBuffer;

/** Zig-zag varints as records hold them: sizes and writing. Reading is in {@link RecordCursor}, where the bounds are known. */
final class Varint {
    private Varint() {}

    static int sizeBytes(int value) {
        return sizeBytes((long) value);
    }

    static int sizeBytes(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        return zigzag == 0 ? 1 : (70 - Long.numberOfLeadingZeros(zigzag)) / 7;
    }

    static void put(ByteBuffer out, long value) {
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }
}
