package ottla.wire.compress;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import ottla.wire.primitive.MalformedMessage;

/** Bytes as they are. Here only so that code which compresses needs no second path: both directions copy. */
public record None() implements Codec {
    private static final int STEP_BYTES = 16 * 1024;

    @Override
    public int id() {
        return 0;
    }

    @Override
    public String name() {
        return "none";
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
        ByteBuffer copy = ByteBuffer.allocate(Math.addExact(headroomBytes, plain.remaining()));
        copy.put(headroomBytes, plain, plain.position(), plain.remaining());
        return copy.position(headroomBytes);
    }

    @Override
    public OutputStream compression(OutputStream sink) {
        return sink;
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        if (compressed.remaining() > maxBytes) {
            throw new MalformedMessage(compressed.remaining() + " bytes, at most " + maxBytes + " allowed");
        }
        return compress(compressed, 0);
    }

    @Override
    public Decompression decompression(ByteBuffer compressed) {
        ByteBuffer rest = compressed.duplicate();
        return new Decompression() {
            @Override
            public boolean next(PlainBytes out) {
                int count = Math.min(rest.remaining(), out.reserve(Math.min(rest.remaining(), STEP_BYTES)));
                rest.get(out.array(), out.end(), count);
                out.added(count);
                return count > 0;
            }

            @Override
            public void close() {}
        };
    }
}
