package ottla.wire.compress;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** RFC 1952: a ten-byte header without any of the optional fields, deflated bytes, CRC-32 and size. */
public record Gzip(int level) implements Codec {
    static final Levels LEVELS = new Levels(1, Deflater.BEST_COMPRESSION, Deflater.DEFAULT_COMPRESSION);

    private static final int HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;
    private static final int STEP_BYTES = 16 * 1024;
    private static final int INPUT_BYTES = 8 * 1024;

    public Gzip {
        LEVELS.require(level);
    }

    @Override
    public int id() {
        return 1;
    }

    @Override
    public String name() {
        return "gzip";
    }

    @Override
    public Optional<Levels> levels() {
        return Optional.of(LEVELS);
    }

    @Override
    public Codec atLevel(int other) {
        return new Gzip(other);
    }

    @Override
    public ByteBuffer compress(ByteBuffer plain, int headroomBytes) {
        int guess = headroomBytes + HEADER_BYTES + TRAILER_BYTES + Math.max(64, plain.remaining() / 2);
        byte[] out = new byte[guess];
        int size = headroomBytes;
        out[size] = 0x1f;
        out[size + 1] = (byte) 0x8b;
        out[size + 2] = Deflater.DEFLATED;
        out[size + 9] = (byte) 0xff; // made on an unknown system
        size += HEADER_BYTES;
        Deflater deflater = new Deflater(level, true);
        try {
            deflater.setInput(plain.duplicate());
            deflater.finish();
            while (!deflater.finished()) {
                size += deflater.deflate(out, size, out.length - size);
                if (out.length - size < TRAILER_BYTES) {
                    out = Arrays.copyOf(out, out.length * 2);
                }
            }
        } finally {
            deflater.end();
        }
        CRC32 crc = new CRC32();
        crc.update(plain.duplicate());
        ByteBuffer result = ByteBuffer.wrap(out);
        result.order(ByteOrder.LITTLE_ENDIAN)
                .putInt(size, (int) crc.getValue())
                .putInt(size + 4, plain.remaining())
                .order(ByteOrder.BIG_ENDIAN);
        return result.limit(size + TRAILER_BYTES).position(headroomBytes);
    }

    @Override
    public OutputStream compression(OutputStream sink) throws IOException {
        return new GZIPOutputStream(sink) {
            {
                def.setLevel(level);
            }
        };
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        return decompression(compressed).all(new PlainBytes(Math.max(STEP_BYTES, compressed.remaining()), maxBytes));
    }

    @Override
    public Decompression decompression(ByteBuffer compressed) {
        return new StreamDecompression(name(), compressed, in -> new GZIPInputStream(in, INPUT_BYTES));
    }
}
