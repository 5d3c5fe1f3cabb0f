package ottla.wire.compress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import ottla.wire.primitive.MalformedMessage;

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
    private static final byte[] MAGIC = {(byte) 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
    private static final int MAGIC_HEAD = 0x82534e41;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = MAGIC.length + 2 * Integer.BYTES;

    /** The block size of snappy-java's stream, hence of Kafka's own clients. */
    private static final int BLOCK_BYTES = 32 * 1024;

    /** The densest snappy element turns three bytes into 64; the size at a block's start cannot honestly exceed that. */
    private static final int MAX_RATIO = 22;

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
        ByteBuffer out =
                ByteBuffer.allocate(Math.addExact(headroomBytes + HEADER_BYTES, Math.multiplyExact(blocks, perBlock)));
        out.position(headroomBytes).put(MAGIC).putInt(VERSION).putInt(VERSION);
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
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        HeapSpan in = HeapSpan.of(compressed);
        int end = in.offset + in.sizeBytes;
        if (!headerAt(in.array, in.offset, end)) {
            Growing out = new Growing(0, maxBytes);
            block(in.array, in.offset, in.sizeBytes, out);
            return out.result();
        }
        Growing out = new Growing((int) Math.min(Integer.MAX_VALUE / 2, 4L * in.sizeBytes), maxBytes);
        ByteBuffer bytes = ByteBuffer.wrap(in.array);
        int at = in.offset + HEADER_BYTES;
        while (at < end) {
            int size = end - at < Integer.BYTES ? -1 : bytes.getInt(at);
            if (size == MAGIC_HEAD && headerAt(in.array, at, end)) {
                at += HEADER_BYTES;
            } else if (size < 0 || size > end - at - Integer.BYTES) {
                throw new MalformedMessage("a snappy block of " + size + " bytes with " + (end - at) + " left");
            } else {
                block(in.array, at + Integer.BYTES, size, out);
                at += Integer.BYTES + size;
            }
        }
        return out.result();
    }

    private static boolean headerAt(byte[] array, int at, int end) {
        if (end - at < HEADER_BYTES || !Arrays.equals(array, at, at + MAGIC.length, MAGIC, 0, MAGIC.length)) {
            return false;
        }
        int version = ByteBuffer.wrap(array).getInt(at + MAGIC.length);
        if (version < VERSION) {
            throw new MalformedMessage("snappy framing of version " + version);
        }
        return true;
    }

    private static void block(byte[] array, int at, int sizeBytes, Growing out) {
        try {
            int plainBytes = org.xerial.snappy.Snappy.uncompressedLength(array, at, sizeBytes);
            if (plainBytes < 0 || plainBytes > (long) sizeBytes * MAX_RATIO) {
                throw new MalformedMessage(sizeBytes + " bytes of snappy cannot hold " + plainBytes);
            }
            if (out.reserve(plainBytes) < plainBytes) {
                throw out.tooLarge("snappy");
            }
            out.added(org.xerial.snappy.Snappy.uncompress(array, at, sizeBytes, out.array(), out.sizeBytes()));
        } catch (IOException broken) {
            throw new MalformedMessage("not snappy: " + broken.getMessage());
        }
    }
}
