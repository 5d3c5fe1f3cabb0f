package ottla.wire.compress;

import java.io.IOException;
import java.nio.ByteBuffer;
import ottla.wire.primitive.MalformedMessage;

/** Reads what {@link Snappy} draws, block by block. A bare block, which has no framing, is one part, whatever its size. */
final class SnappyDecompression implements Decompression {
    static final byte[] MAGIC = {(byte) 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
    static final int VERSION = 1;
    static final int HEADER_BYTES = MAGIC.length + 2 * Integer.BYTES;

    private static final int MAGIC_HEAD = 0x82534e41;
    private static final long MAGIC_WHOLE = 0x82534e4150505900L;

    /** The densest snappy element turns three bytes into 64; the size at a block's start cannot honestly exceed that. */
    private static final int MAX_RATIO = 22;

    private final ByteBuffer in;
    private final boolean framed;

    SnappyDecompression(ByteBuffer compressed) {
        in = compressed.slice();
        framed = headerAt(0);
        if (framed) {
            in.position(HEADER_BYTES);
        }
    }

    @Override
    public boolean next(PlainBytes out) {
        if (!framed) {
            if (in.position() > 0) {
                return false;
            }
            block(in.remaining(), out);
            in.position(Math.max(1, in.limit()));
            return true;
        }
        if (!in.hasRemaining()) {
            return false;
        }
        int size = in.remaining() < Integer.BYTES ? -1 : in.getInt(in.position());
        if (size == MAGIC_HEAD && headerAt(in.position())) {
            in.position(in.position() + HEADER_BYTES);
        } else if (size < 0 || size > in.remaining() - Integer.BYTES) {
            throw new MalformedMessage("a snappy block of " + size + " bytes with " + in.remaining() + " left");
        } else {
            in.position(in.position() + Integer.BYTES);
            block(size, out);
            in.position(in.position() + size);
        }
        return true;
    }

    private boolean headerAt(int position) {
        if (in.limit() - position < HEADER_BYTES || in.getLong(position) != MAGIC_WHOLE) {
            return false;
        }
        int version = in.getInt(position + MAGIC.length);
        if (version < VERSION) {
            throw new MalformedMessage("snappy framing of version " + version);
        }
        return true;
    }

    private void block(int sizeBytes, PlainBytes out) {
        byte[] array;
        int from = 0;
        if (in.hasArray()) {
            array = in.array();
            from = in.arrayOffset() + in.position();
        } else {
            array = out.input(sizeBytes);
            in.get(in.position(), array, 0, sizeBytes);
        }
        try {
            int plainBytes = org.xerial.snappy.Snappy.uncompressedLength(array, from, sizeBytes);
            if (plainBytes < 0 || plainBytes > (long) sizeBytes * MAX_RATIO) {
                throw new MalformedMessage(sizeBytes + " bytes of snappy cannot hold " + plainBytes);
            }
            if (out.reserve(plainBytes) < plainBytes) {
                throw out.tooLarge("snappy");
            }
            out.added(org.xerial.snappy.Snappy.uncompress(array, from, sizeBytes, out.array(), out.end()));
        } catch (IOException broken) {
            throw new MalformedMessage("not snappy: " + broken.getMessage());
        }
    }

    @Override
    public void close() {}
}
