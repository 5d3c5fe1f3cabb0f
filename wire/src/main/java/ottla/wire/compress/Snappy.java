package ottla.wire.compress;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.xerial.snappy.SnappyOutputStream;

/**
 * Snappy in the framing of snappy-java's streams, which is what every Kafka client understands:
 *
 * <pre>
 *   82 "SNAPPY" 00 | version int32 | oldest compatible version int32 | (size int32 | snappy block)*
 * </pre>
 *
 * A further header may stand where a block is due (streams put one after the other). Data without the header is taken for one
 * bare snappy block, as Kafka does: librdkafka and others have sent it so.
 */
public record Snappy() implements Codec {
    /** The block size of snappy-java's stream, hence of Kafka's own clients. */
    private static final int BLOCK_BYTES = 32 * 1024;

    @Override
    public int id() {
        return 2;
    }

    @Override
    public String name() {
        return "snappy";
    }

    @Override
    public Optional<Levels> levels() {
        return Optional.empty();
    }

    @Override
    public Codec atLevel(int level) {
        return this;
    }

    @Override
    public ByteBuffer compress(ByteBuffer plain, int headroomBytes) {
        HeapSpan in = HeapSpan.of(plain);
        int blocks = Math.ceilDiv(in.sizeBytes, BLOCK_BYTES);
        int perBlock = Integer.BYTES
                + org.xerial.snappy.Snappy.maxCompressedLength(Math.min(BLOCK_BYTES, Math.max(1, in.sizeBytes)));
        ByteBuffer out = ByteBuffer.allocate(
                Math.addExact(headroomBytes + SnappyDecompression.HEADER_BYTES, Math.multiplyExact(blocks, perBlock)));
        out.position(headroomBytes)
                .put(SnappyDecompression.MAGIC)
                .putInt(SnappyDecompression.VERSION)
                .putInt(SnappyDecompression.VERSION);
        try {
            for (int from = 0; from < in.sizeBytes; from += BLOCK_BYTES) {
                int blockBytes = Math.min(BLOCK_BYTES, in.sizeBytes - from);
                int at = out.position() + Integer.BYTES;
                int size = org.xerial.snappy.Snappy.compress(in.array, in.offset + from, blockBytes, out.array(), at);
                out.putInt(size).position(at + size);
            }
        } catch (IOException impossible) {
            throw new IllegalStateException("snappy cannot compress " + in.sizeBytes + " bytes", impossible);
        }
        return out.flip().position(headroomBytes);
    }

    @Override
    public OutputStream compression(OutputStream sink) {
        return new SnappyOutputStream(sink, BLOCK_BYTES);
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        return decompression(compressed).all(new PlainBytes(0, maxBytes));
    }

    @Override
    public Decompression decompression(ByteBuffer compressed) {
        return new SnappyDecompression(compressed);
    }
}
