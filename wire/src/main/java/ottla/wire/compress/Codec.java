package ottla.wire.compress;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import ottla.wire.primitive.MalformedMessage;

/**
 * One of the codecs that a record batch may name in the lowest three bits of its attributes, with the level it compresses at.
 *
 * <p>A codec is an immutable value without state, so any thread may use it. Sources may be heap, direct or read-only buffers, and
 * their position and limit are not changed; results are heap buffers that belong to the caller.
 */
public sealed interface Codec permits None, Gzip, Snappy, Lz4, Zstd {
    Codec NONE = new None();
    Codec GZIP = new Gzip(Gzip.LEVELS.standard());
    Codec SNAPPY = new Snappy();
    Codec LZ4 = new Lz4(Lz4.LEVELS.standard());
    Codec ZSTD = new Zstd(Zstd.LEVELS.standard());

    /** All codecs at their standard level, each at the index that is its id. */
    List<Codec> ALL = List.of(NONE, GZIP, SNAPPY, LZ4, ZSTD);

    /** The number in the batch's attributes. */
    int id();

    /** The name in {@code compression.type}. */
    String name();

    /** The levels that {@code compression.<name>.level} allows; empty for a codec that has none. */
    Optional<Levels> levels();

    /** This codec at another level, which {@link #levels} must allow. A codec without levels returns itself. */
    Codec atLevel(int level);

    /**
     * Compresses what remains in {@code plain}.
     *
     * @return a heap buffer whose position is {@code headroomBytes}: as many bytes before it are free for a header
     */
    ByteBuffer compress(ByteBuffer plain, int headroomBytes);

    /**
     * Compresses what is written into the result, for data that must not be in memory as a whole. To be closed before {@code sink}
     * is complete; the sink is not to be used otherwise until then.
     */
    OutputStream compression(OutputStream sink) throws IOException;

    /**
     * Decompresses what remains in {@code compressed}. Memory is taken in proportion to what the bytes can possibly yield, never
     * to what they claim, and never much beyond {@code maxBytes}.
     *
     * @throws MalformedMessage if the bytes are not of this codec, are cut off, or hold more than {@code maxBytes}
     */
    ByteBuffer decompress(ByteBuffer compressed, int maxBytes);

    /**
     * Decompresses what remains in {@code compressed} a part at a time, without a limit to the whole.
     *
     * @throws MalformedMessage if the bytes do not begin as this codec's do
     */
    Decompression decompression(ByteBuffer compressed);

    /** The codec with that id, at its standard level. */
    static Optional<Codec> of(int id) {
        return id >= 0 && id < ALL.size() ? Optional.of(ALL.get(id)) : Optional.empty();
    }

    /** The codec with that name in {@code compression.type}, at its standard level. */
    static Optional<Codec> named(String name) {
        return ALL.stream().filter(codec -> codec.name().equals(name)).findFirst();
    }
}
