package ottla.wire.compress;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;
import ottla.wire.primitive.MalformedMessage;

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

    private static final int MAGIC = 0x184d2204;
    private static final int VERSION_1 = 0x40;
    private static final int VERSION_MASK = 0xc0;
    private static final int INDEPENDENT = 0x20;
    private static final int BLOCK_CHECKSUM = 0x10;
    private static final int CONTENT_SIZE = 0x08;
    private static final int CONTENT_CHECKSUM = 0x04;
    private static final int FLG_RESERVED = 0x03;
    private static final int BD_RESERVED = 0x8f;
    private static final int BD_64_KB = 4;
    private static final int HEADER_BYTES = Integer.BYTES + 3;
    private static final int STORED = 1 << 31;
    private static final int BLOCK_BYTES = 64 * 1024;

    /** One byte of a match's length stands for 255 bytes at most, and a block's first bytes are cheaper still. */
    private static final int MAX_RATIO = 255;

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
        byte flg = VERSION_1 | INDEPENDENT;
        byte bd = BD_64_KB << 4;
        out.position(headroomBytes).putInt(MAGIC).put(flg).put(bd);
        out.put(headerChecksum(out.array(), headroomBytes + Integer.BYTES, 2));
        for (int from = 0; from < in.sizeBytes; from += BLOCK_BYTES) {
            int plainBytes = Math.min(BLOCK_BYTES, in.sizeBytes - from);
            int at = out.position() + Integer.BYTES;
            int size =
                    compressor().compress(in.array, in.offset + from, plainBytes, out.array(), at, out.capacity() - at);
            if (size < plainBytes) {
                out.putInt(size).position(at + size);
            } else {
                out.putInt(plainBytes | STORED).put(in.array, in.offset + from, plainBytes);
            }
        }
        return out.putInt(0).flip().position(headroomBytes).order(ByteOrder.BIG_ENDIAN);
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        HeapSpan span = HeapSpan.of(compressed);
        ByteBuffer in = ByteBuffer.wrap(span.array, span.offset, span.sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
        need(in, HEADER_BYTES);
        if (in.getInt() != MAGIC) {
            throw new MalformedMessage("not an lz4 frame");
        }
        int headerAt = in.position();
        int flg = in.get();
        int bd = in.get();
        if ((flg & (VERSION_MASK | INDEPENDENT | FLG_RESERVED)) != (VERSION_1 | INDEPENDENT)) {
            throw new MalformedMessage("an lz4 frame of a kind that is not supported: flags " + flg);
        }
        int sizeCode = bd >> 4;
        if ((bd & BD_RESERVED) != 0 || sizeCode < BD_64_KB) {
            throw new MalformedMessage("an lz4 frame of a kind that is not supported: block descriptor " + bd);
        }
        if ((flg & CONTENT_SIZE) != 0) {
            need(in, Long.BYTES + 1);
            in.position(in.position() + Long.BYTES);
        }
        if (headerChecksum(span.array, headerAt, in.position() - headerAt) != in.get()) {
            throw new MalformedMessage("an lz4 frame's header does not match its checksum");
        }
        Growing out = new Growing((int) Math.min(Integer.MAX_VALUE / 2, 4L * span.sizeBytes), maxBytes);
        blocks(in, span.array, flg, 1 << (8 + 2 * sizeCode), out);
        return out.result();
    }

    private static void blocks(ByteBuffer in, byte[] array, int flg, int blockBytes, Growing out) {
        while (true) {
            need(in, Integer.BYTES);
            int word = in.getInt();
            int size = word & ~STORED;
            if (size == 0) {
                if ((flg & CONTENT_CHECKSUM) != 0) {
                    need(in, Integer.BYTES);
                }
                return;
            }
            if (size > blockBytes) {
                throw new MalformedMessage("an lz4 block of " + size + " bytes, the frame allows " + blockBytes);
            }
            need(in, size);
            int at = in.position();
            in.position(at + size);
            if (word < 0) {
                stored(array, at, size, out);
            } else {
                packed(array, at, size, blockBytes, out);
            }
            if ((flg & BLOCK_CHECKSUM) != 0) {
                need(in, Integer.BYTES);
                if (in.getInt() != hash().hash(array, at, size, 0)) {
                    throw new MalformedMessage("an lz4 block does not match its checksum");
                }
            }
        }
    }

    private static void stored(byte[] array, int at, int sizeBytes, Growing out) {
        if (out.reserve(sizeBytes) < sizeBytes) {
            throw out.tooLarge("lz4");
        }
        System.arraycopy(array, at, out.array(), out.sizeBytes(), sizeBytes);
        out.added(sizeBytes);
    }

    private static void packed(byte[] array, int at, int sizeBytes, int blockBytes, Growing out) {
        int possible = (int) Math.min(blockBytes, (long) sizeBytes * MAX_RATIO);
        int room = Math.min(possible, out.reserve(possible));
        try {
            out.added(LZ4Factory.fastestInstance()
                    .safeDecompressor()
                    .decompress(array, at, sizeBytes, out.array(), out.sizeBytes(), room));
        } catch (LZ4Exception broken) {
            throw room < possible ? out.tooLarge("lz4") : new MalformedMessage("not lz4: " + broken.getMessage());
        }
    }

    private LZ4Compressor compressor() {
        LZ4Factory factory = LZ4Factory.fastestInstance();
        return level == LEVELS.standard() ? factory.fastCompressor() : factory.highCompressor(level);
    }

    private static byte headerChecksum(byte[] array, int at, int sizeBytes) {
        return (byte) (hash().hash(array, at, sizeBytes, 0) >> 8);
    }

    private static XXHash32 hash() {
        return XXHashFactory.fastestInstance().hash32();
    }

    private static void need(ByteBuffer in, int sizeBytes) {
        if (in.remaining() < sizeBytes) {
            throw new MalformedMessage(
                    "an lz4 frame ends early: " + sizeBytes + " bytes wanted, " + in.remaining() + " left");
        }
    }
}
