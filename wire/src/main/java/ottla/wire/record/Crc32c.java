package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli), computed by the processor over heap and direct buffers. A read-only heap buffer works but is slower. */
public final class Crc32c {
    private Crc32c() {}

    /** The checksum of a range of the buffer, which is left unchanged. */
    public static int of(ByteBuffer buffer, int position, int sizeBytes) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.slice(position, sizeBytes));
        return (int) crc.getValue();
    }
}
