package ottla.log.io;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;

/** One open file of a {@link Disk}. Positions are given, never kept, so that threads can share it. Throws {@link DiskFailure}. */
public interface DiskFile extends AutoCloseable {
    /** Fills the buffer from a position and returns how many bytes it got: fewer than wanted only at the end of the file. */
    int read(ByteBuffer into, long position);

    /** Writes all remaining bytes of the buffer at a position; the buffer's own position moves to its limit. */
    void write(ByteBuffer bytes, long position);

    /**
     * The file itself, for a socket to take these bytes from, after they were read into the system's page cache: the socket then
     * finds them there and does not wait for the disk. Empty if they cannot be had in this way.
     */
    default Optional<FileChannel> warmed(long position, int sizeBytes) {
        return Optional.empty();
    }

    long sizeBytes();

    /** Cuts the file to a size, or does nothing if it is not longer. */
    void truncate(long sizeBytes);

    /** Returns when all written bytes, and the size, would survive a power cut. */
    void sync();

    @Override
    void close();
}
