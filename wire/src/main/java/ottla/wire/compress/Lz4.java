package ottla.wire.compress;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.xxhash.XXHashFactory;

/**
 * One frame of the LZ4 frame format, little-endian:
 *
 * <pre>
 *   magic 184d2204 | FLG | BD | [content size int64] | header checksum int8
 *   | (block size int32, top bit: stored as it is | block | [block checksum int32])*
 *   | 0 int32 | [content checksum int32]
 * </pre>
 *
 * Written as Kafka's clients write it: independent blocks of 64 KB, no block or content checksums. Read are all block sizes, block
 * checksums (checked), and content size and checksum (passed over: the batch has its own CRC). Blocks that depend on earlier ones
 * and dictionaries are refused, as Kafka refuses them. Bytes after the frame are ignored.
 */
public record Lz4(int level) implements Codec {
    static final Levels LEVELS = new Levels(1, 17, 9);

    private static final int HEADER_BYTES = Integer.BYTES + 3;
    private static final int BLOCK_BYTES = 64 * 1024;

    public Lz4 {
        LEVELS.require(level);
    }

    @Override
    public int id() {
        return 3;
    }

    @Override
    public String name() {
        return "lz4";
    }

    @Override
    public Optional<Levels> levels() {
        return Optional.of(LEVELS);
    }

    @Override
    public Codec atLevel(int other) {
        return new Lz4(other);
    }

    @Override
    public ByteBuffer compress(ByteBuffer plain, int headroomBytes) {
        HeapSpan in = HeapSpan.of(plain);
        int blocks = Math.ceilDiv(in.sizeBytes, BLOCK_BYTES);
        // a block that does not shrink is stored, but the compressor must have had room to try
        int slackBytes = compressor().maxCompressedLength(BLOCK_BYTES) - BLOCK_BYTES;
        int bound = Math.addExact(
                headroomBytes + HEADER_BYTES + Integer.BYTES + slackBytes,
                Math.addExact(in.sizeBytes, Math.multiplyExact(blocks, Integer.BYTES)));
        ByteBuffer out = ByteBuffer.allocate(bound).order(ByteOrder.LITTLE_ENDIAN);
        byte flg = Lz4Decompression.VERSION_1 | Lz4Decompression.INDEPENDENT;
        byte bd = Lz4Decompression.BD_64_KB << 4;
        out.position(headroomBytes).putInt(Lz4Decompression.MAGIC).put(flg).put(bd);
        out.put(Lz4Decompression.headerChecksum(out, headroomBytes + Integer.BYTES, 2));
        for (int from = 0; from < in.sizeBytes; from += BLOCK_BYTES) {
            int plainBytes = Math.min(BLOCK_BYTES, in.sizeBytes - from);
            int at = out.position() + Integer.BYTES;
            int size =
                    compressor().compress(in.array, in.offset + from, plainBytes, out.array(), at, out.capacity() - at);
            if (size < plainBytes) {
                out.putInt(size).position(at + size);
            } else {
                out.putInt(plainBytes | Lz4Decompression.STORED).put(in.array, in.offset + from, plainBytes);
            }
        }
        return out.putInt(0).flip().position(headroomBytes).order(ByteOrder.BIG_ENDIAN);
    }

    @Override
    public OutputStream compression(OutputStream sink) throws IOException {
        return new LZ4FrameOutputStream(
                sink,
                LZ4FrameOutputStream.BLOCKSIZE.SIZE_64KB,
                -1,
                compressor(),
                XXHashFactory.fastestInstance().hash32(),
                LZ4FrameOutputStream.FLG.Bits.BLOCK_INDEPENDENCE);
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        int firstBytes = (int) Math.min(Integer.MAX_VALUE / 2, 4L * compressed.remaining());
        return decompression(compressed).all(new PlainBytes(firstBytes, maxBytes));
    }

    @Override
    public Decompression decompression(ByteBuffer compressed) {
        return new Lz4Decompression(compressed);
    }

    private LZ4Compressor compressor() {
        LZ4Factory factory = LZ4Factory.fastestInstance();
        return level == LEVELS.standard() ? factory.fastCompressor() : factory.highCompressor(level);
    }
}
