package ottla.wire.compress;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import net.jpountz.xxhash.XXHash32;
import net.jpountz.xxhash.XXHashFactory;
import ottla.wire.primitive.MalformedMessage;

/** Reads the frame that {@link Lz4} draws, block by block. */
final class Lz4Decompression implements Decompression {
    static final int MAGIC = 0x184d2204;
    static final int VERSION_1 = 0x40;
    static final int INDEPENDENT = 0x20;
    static final int BD_64_KB = 4;
    static final int STORED = 1 << 31;

    private static final int VERSION_MASK = 0xc0;
    private static final int BLOCK_CHECKSUM = 0x10;
    private static final int CONTENT_SIZE = 0x08;
    private static final int CONTENT_CHECKSUM = 0x04;
    private static final int FLG_RESERVED = 0x03;
    private static final int BD_RESERVED = 0x8f;
    private static final int HEADER_BYTES = Integer.BYTES + 3;
    private static final LZ4SafeDecompressor BLOCKS =
            LZ4Factory.fastestInstance().safeDecompressor();

    /** One byte of a match's length stands for 255 bytes at most, and a block's first bytes are cheaper still. */
    private static final int MAX_RATIO = 255;

    private final ByteBuffer in;
    private final int flg;
    private final int blockBytes;
    private boolean ended;

    Lz4Decompression(ByteBuffer compressed) {
        in = compressed.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        need(HEADER_BYTES);
        if (in.getInt() != MAGIC) {
            throw new MalformedMessage("not an lz4 frame");
        }
        int headerAt = in.position();
        flg = in.get();
        int bd = in.get();
        if ((flg & (VERSION_MASK | INDEPENDENT | FLG_RESERVED)) != (VERSION_1 | INDEPENDENT)) {
            throw new MalformedMessage("an lz4 frame of a kind that is not supported: flags " + flg);
        }
        int sizeCode = bd >> 4;
        if ((bd & BD_RESERVED) != 0 || sizeCode < BD_64_KB) {
            throw new MalformedMessage("an lz4 frame of a kind that is not supported: block descriptor " + bd);
        }
        if ((flg & CONTENT_SIZE) != 0) {
            need(Long.BYTES + 1);
            in.position(in.position() + Long.BYTES);
        }
        if (headerChecksum(in, headerAt, in.position() - headerAt) != in.get()) {
            throw new MalformedMessage("an lz4 frame's header does not match its checksum");
        }
        blockBytes = 1 << (8 + 2 * sizeCode);
    }

    static byte headerChecksum(ByteBuffer bytes, int at, int sizeBytes) {
        return (byte) (hash().hash(bytes, at, sizeBytes, 0) >> 8);
    }

    private static XXHash32 hash() {
        return XXHashFactory.fastestInstance().hash32();
    }

    @Override
    public boolean next(PlainBytes out) {
        if (ended) {
            return false;
        }
        need(Integer.BYTES);
        int word = in.getInt();
        int size = word & ~STORED;
        if (size == 0) {
            if ((flg & CONTENT_CHECKSUM) != 0) {
                need(Integer.BYTES);
            }
            ended = true;
            return false;
        }
        if (size > blockBytes) {
            throw new MalformedMessage("an lz4 block of " + size + " bytes, the frame allows " + blockBytes);
        }
        need(size);
        int at = in.position();
        in.position(at + size);
        if (word < 0) {
            stored(at, size, out);
        } else {
            packed(at, size, out);
        }
        if ((flg & BLOCK_CHECKSUM) != 0) {
            need(Integer.BYTES);
            if (in.getInt() != hash().hash(in, at, size, 0)) {
                throw new MalformedMessage("an lz4 block does not match its checksum");
            }
        }
        return true;
    }

    private void stored(int at, int sizeBytes, PlainBytes out) {
        if (out.reserve(sizeBytes) < sizeBytes) {
            throw out.tooLarge("lz4");
        }
        in.get(at, out.array(), out.end(), sizeBytes);
        out.added(sizeBytes);
    }

    private void packed(int at, int sizeBytes, PlainBytes out) {
        byte[] array;
        int from = 0;
        if (in.hasArray()) {
            array = in.array();
            from = in.arrayOffset() + at;
        } else {
            array = out.input(sizeBytes);
            in.get(at, array, 0, sizeBytes);
        }
        int possible = (int) Math.min(blockBytes, (long) sizeBytes * MAX_RATIO);
        int room = Math.min(possible, out.reserve(possible));
        try {
            out.added(BLOCKS.decompress(array, from, sizeBytes, out.array(), out.end(), room));
        } catch (LZ4Exception broken) {
            throw room < possible ? out.tooLarge("lz4") : new MalformedMessage("not lz4: " + broken.getMessage());
        }
    }

    private void need(int sizeBytes) {
        if (in.remaining() < sizeBytes) {
            throw new MalformedMessage(
                    "an lz4 frame ends early: " + sizeBytes + " bytes wanted, " + in.remaining() + " left");
        }
    }

    @Override
    public void close() {}
}
