package ottla.wire.compress;

import java.nio.ByteBuffer;
import java.util.Optional;
import ottla.wire.primitive.MalformedMessage;

/** Bytes as they are. Here only so that code which compresses needs no second path: both directions copy. */
public record None() implements Codec {
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
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        if (compressed.remaining() > maxBytes) {
            throw new MalformedMessage(compressed.remaining() + " bytes, at most " + maxBytes + " allowed");
        }
        return compress(compressed, 0);
    }
}
