package ottla.wire.compress;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.ZstdException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import ottla.wire.primitive.MalformedMessage;

/**
 * Zstandard frames (RFC 8878), written with their content size, read with or without it. {@link #decompress} goes straight into
 * the result and so needs no window: a frame that announces a window of gigabytes costs nothing. {@link #decompression} needs the
 * window and takes none above 128 MB, as all of Kafka's clients.
 */
public record Zstd(int level) implements Codec {
    static final Levels LEVELS = new Levels(-131_072, 22, 3);

    /** The densest block: a run of 128 KB in four bytes. Frame headers only make this worse. */
    private static final long MAX_RATIO = 128 * 1024 / 4;

    /** Frames from streams do not tell their size. Text shrinks three- to tenfold, so most need one attempt, the rest few. */
    private static final int USUAL_RATIO = 8;

    private static final int GROWTH = 4;

    public Zstd {
        LEVELS.require(level);
    }

    @Override
    public int id() {
        return 4;
    }

    @Override
    public String name() {
        return "zstd";
    }

    @Override
    public Optional<Levels> levels() {
        return Optional.of(LEVELS);
    }

    @Override
    public Codec atLevel(int other) {
        return new Zstd(other);
    }

    @Override
    public ByteBuffer compress(ByteBuffer plain, int headroomBytes) {
        HeapSpan in = HeapSpan.of(plain);
        int bound = Math.toIntExact(com.github.luben.zstd.Zstd.compressBound(in.sizeBytes));
        byte[] out = new byte[Math.addExact(headroomBytes, bound)];
        long size = com.github.luben.zstd.Zstd.compressByteArray(
                out, headroomBytes, bound, in.array, in.offset, in.sizeBytes, level);
        return ByteBuffer.wrap(out).limit(headroomBytes + (int) size).position(headroomBytes);
    }

    @Override
    public OutputStream compression(OutputStream sink) throws IOException {
        return new ZstdOutputStreamNoFinalizer(sink, RecyclingBufferPool.INSTANCE, level);
    }

    @Override
    public ByteBuffer decompress(ByteBuffer compressed, int maxBytes) {
        HeapSpan in = HeapSpan.of(compressed);
        if (in.sizeBytes == 0) {
            throw new MalformedMessage("an empty zstd stream");
        }
        int possible = (int) Math.min(maxBytes, in.sizeBytes * MAX_RATIO);
        long announced = com.github.luben.zstd.Zstd.getFrameContentSize(in.array, in.offset, in.sizeBytes);
        int room = (int) Math.min(possible, announced > 0 ? announced : (long) USUAL_RATIO * in.sizeBytes);
        while (true) {
            byte[] out = new byte[room];
            try {
                long size =
                        com.github.luben.zstd.Zstd.decompressByteArray(out, 0, room, in.array, in.offset, in.sizeBytes);
                return ByteBuffer.wrap(out, 0, (int) size).slice();
            } catch (ZstdException refusal) {
                if (refusal.getErrorCode() != com.github.luben.zstd.Zstd.errDstSizeTooSmall()) {
                    throw new MalformedMessage("not zstd: " + refusal.getMessage());
                }
            }
            if (room == possible) {
                throw new MalformedMessage("zstd data decompresses to more than " + possible + " bytes");
            }
            room = (int) Math.min(possible, (long) room * GROWTH);
        }
    }

    @Override
    public Decompression decompression(ByteBuffer compressed) {
        return new StreamDecompression(
                name(), compressed, in -> new ZstdInputStreamNoFinalizer(in, RecyclingBufferPool.INSTANCE));
    }
}
