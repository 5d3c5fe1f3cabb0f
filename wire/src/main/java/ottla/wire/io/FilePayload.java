package ottla.wire.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import ottla.wire.primitive.Payload;

/**
 * Record bytes that are in a file, and were lately in the system's page cache: a socket takes them from there without a copy
 * through this process (sendfile). The file stays open until the release.
 */
public interface FilePayload extends Payload {
    FileChannel channel();

    /** Where in the file the bytes begin. */
    long position();

    /** The bytes read into memory, for whoever cannot take them from the file. */
    @Override
    default List<ByteBuffer> pieces() {
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes());
        try {
            while (bytes.hasRemaining() && channel().read(bytes, position() + bytes.position()) >= 0) {}
        } catch (IOException failure) {
            throw new UncheckedIOException("reading " + sizeBytes() + " bytes from a log", failure);
        }
        return List.of(bytes.flip());
    }
}
