package ottla.wire.compress;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import ottla.wire.primitive.MalformedMessage;

/** For codecs whose library reads a stream: gzip and zstd. */
final class StreamDecompression implements Decompression {
    private static final int STEP_BYTES = 16 * 1024;

    private final InputStream in;
    private final String codec;

    /** What a library makes of a stream of compressed bytes. */
    interface Opening {
        InputStream open(InputStream compressed) throws IOException;
    }

    StreamDecompression(String codec, ByteBuffer compressed, Opening opening) {
        this.codec = codec;
        try {
            in = opening.open(new BufferInput(compressed));
        } catch (IOException broken) {
            throw malformed(broken);
        }
    }

    @Override
    public boolean next(PlainBytes out) {
        try {
            int room = out.reserve(STEP_BYTES);
            if (room == 0) {
                if (in.read() >= 0) {
                    throw out.tooLarge(codec);
                }
                return false;
            }
            int count = in.read(out.array(), out.end(), room);
            out.added(Math.max(0, count));
            return count >= 0;
        } catch (IOException broken) {
            throw malformed(broken);
        }
    }

    private MalformedMessage malformed(IOException broken) {
        return new MalformedMessage("not " + codec + ": " + broken.getMessage());
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException impossible) {
            throw new IllegalStateException("a stream over memory closes", impossible);
        }
    }

    /** A buffer's remaining bytes as a stream; the buffer itself is left unchanged. */
    private static final class BufferInput extends InputStream {
        private final ByteBuffer bytes;

        BufferInput(ByteBuffer source) {
            bytes = source.duplicate();
        }

        @Override
        public int read() {
            return bytes.hasRemaining() ? bytes.get() & 0xff : -1;
        }

        @Override
        public int read(byte[] into, int offset, int sizeBytes) {
            if (sizeBytes == 0) {
                return 0;
            }
            int count = Math.min(sizeBytes, bytes.remaining());
            bytes.get(into, offset, count);
            return count == 0 ? -1 : count;
        }

        @Override
        public int available() {
            return bytes.remaining();
        }
    }
}
