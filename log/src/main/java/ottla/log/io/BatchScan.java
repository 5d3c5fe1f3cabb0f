package ottla.log.io;

import java.nio.ByteBuffer;
import ottla.base.Check;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;

/**
 * Steps through the batches in a stretch of a segment's file, reading it in parts. Headers are believed only as far as they are
 * possible: a batch that would reach beyond the stretch ends the scan, and {@link #position} then tells where whole batches end.
 *
 * <p>Owned by one thread.
 */
final class BatchScan {
    /** A scan from an index entry passes one interval of the index and one batch: usually one read. */
    private static final int READ_BYTES = 8 << 10;

    private final LogFile file;
    private final long end;
    private ByteBuffer buffer;

    /** The part of the file that the buffer holds begins here. */
    private long bufferPosition;

    private long position;
    private long nextPosition;

    BatchScan(LogFile file, long position, long end) {
        this(file, position, end, READ_BYTES);
    }

    /** As the other, with reads of at least so many bytes, for a scan that looks at everything. */
    BatchScan(LogFile file, long position, long end, int readBytes) {
        this(file, position, end, ByteBuffer.allocate(readBytes));
    }

    /** As the other, with memory that is lent to it: a batch that does not fit gets some of its own. */
    BatchScan(LogFile file, long position, long end, ByteBuffer buffer) {
        this.file = file;
        this.end = end;
        nextPosition = position;
        this.position = position;
        this.buffer = buffer.clear().limit(0);
    }

    /** Goes to the next batch that lies wholly in the stretch. */
    boolean advance() {
        position = nextPosition;
        if (end - position < BatchLayout.HEADER_BYTES || !load(BatchLayout.HEADER_BYTES)) {
            return false;
        }
        long sizeBytes = (long) buffer.getInt(at(BatchLayout.LENGTH)) + BatchLayout.COUNTED_FROM;
        if (sizeBytes < BatchLayout.HEADER_BYTES
                || sizeBytes > end - position
                || buffer.get(at(BatchLayout.MAGIC)) != BatchLayout.MAGIC_2) {
            return false;
        }
        nextPosition = position + sizeBytes;
        return true;
    }

    /** Where the present batch begins, or where the whole batches end. */
    int position() {
        return (int) position;
    }

    int sizeBytes() {
        return (int) (nextPosition - position);
    }

    long baseOffset() {
        return buffer.getLong(at(BatchLayout.BASE_OFFSET));
    }

    long lastOffset() {
        return baseOffset() + buffer.getInt(at(BatchLayout.LAST_OFFSET_DELTA));
    }

    int leaderEpoch() {
        return buffer.getInt(at(BatchLayout.LEADER_EPOCH));
    }

    long maxTimestamp() {
        return buffer.getLong(at(BatchLayout.MAX_TIMESTAMP));
    }

    boolean hasProducerId() {
        return buffer.getLong(at(BatchLayout.PRODUCER_ID)) >= 0;
    }

    /** The whole batch, valid until the next step. The file must not be cut meanwhile. */
    BatchView batch() {
        boolean whole = load(sizeBytes());
        Check.invariant(whole, "a batch within the file");
        return new BatchView(buffer, at(0));
    }

    /** Whether the present batch is whole and its checksum right. */
    boolean sound() {
        if (!load(sizeBytes())) {
            return false;
        }
        BatchView batch = new BatchView(buffer, at(0));
        return batch.headerDefect() == BatchDefect.NONE && batch.isChecksumValid();
    }

    private int at(int field) {
        return (int) (position - bufferPosition) + field;
    }

    /** Makes sure that so many bytes from the present position on are in the buffer. */
    private boolean load(int sizeBytes) {
        if (position >= bufferPosition && position + sizeBytes <= bufferPosition + buffer.limit()) {
            return true;
        }
        int known = keepFromPosition(sizeBytes);
        bufferPosition = position;
        buffer.limit((int) Math.min(buffer.capacity(), end - position));
        file.read(buffer, position + known);
        buffer.flip();
        return buffer.limit() >= sizeBytes;
    }

    /** Moves what is there of the present batch to the front of a buffer that is large enough for it, and says how much that is. */
    private int keepFromPosition(int sizeBytes) {
        long skipped = position - bufferPosition;
        if (skipped >= 0 && skipped < buffer.limit()) {
            buffer.position((int) skipped);
        } else {
            buffer.position(buffer.limit());
        }
        if (buffer.capacity() < sizeBytes) {
            buffer = ByteBuffer.allocate(sizeBytes).put(buffer);
        } else {
            buffer.compact();
        }
        return buffer.position();
    }
}
