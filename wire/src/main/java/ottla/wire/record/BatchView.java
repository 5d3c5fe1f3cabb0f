package ottla.wire.record;

import static ottla.wire.record.BatchLayout.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import ottla.base.Check;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.MalformedMessage;

/**
 * A record batch where it lies: every accessor reads the buffer, the stamps write it, and neither moves the buffer's position. A
 * view costs one small object and is valid as long as the bytes are; it has no owner thread of its own, the buffer has.
 *
 * <p>A view exists only over a whole batch with a whole header, which {@link Batches} sees to. What the header says is trusted no
 * further until {@link #headerDefect} is {@link BatchDefect#NONE}.
 */
public final class BatchView {
    private final ByteBuffer buffer;
    private final int position;

    /** A view of the batch that begins at {@code position}; the whole of it lies before the buffer's limit. */
    public BatchView(ByteBuffer buffer, int position) {
        Check.invariant(buffer.order() == ByteOrder.BIG_ENDIAN, "a batch's buffer is big-endian");
        Check.invariant(
                buffer.limit() - position >= HEADER_BYTES, "a whole header", buffer.limit() - position, HEADER_BYTES);
        this.buffer = buffer;
        this.position = position;
        int sizeBytes = sizeBytes();
        Check.invariant(sizeBytes >= HEADER_BYTES, "a batch has a header", sizeBytes, HEADER_BYTES);
        Check.invariant(sizeBytes <= buffer.limit() - position, "a whole batch", sizeBytes, buffer.limit() - position);
    }

    /** Where the batch begins in its buffer. */
    public int position() {
        return position;
    }

    /** The size of the whole batch, header included. */
    public int sizeBytes() {
        return buffer.getInt(position + LENGTH) + COUNTED_FROM;
    }

    /** The whole batch, sharing these bytes. */
    public ByteBuffer bytes() {
        return buffer.slice(position, sizeBytes());
    }

    /** What follows the header, compressed or not, sharing these bytes. */
    public ByteBuffer body() {
        return buffer.slice(position + HEADER_BYTES, sizeBytes() - HEADER_BYTES);
    }

    public long baseOffset() {
        return buffer.getLong(position + BASE_OFFSET);
    }

    /** The offset of the last record, also when a compaction has since removed it. */
    public long lastOffset() {
        return baseOffset() + lastOffsetDelta();
    }

    /** The offset at which the next batch may begin. */
    public long endOffset() {
        return lastOffset() + 1;
    }

    public int lastOffsetDelta() {
        return buffer.getInt(position + LAST_OFFSET_DELTA);
    }

    public int partitionLeaderEpoch() {
        return buffer.getInt(position + LEADER_EPOCH);
    }

    public byte magic() {
        return buffer.get(position + MAGIC);
    }

    public int checksum() {
        return buffer.getInt(position + CRC);
    }

    public int attributes() {
        return buffer.getShort(position + ATTRIBUTES);
    }

    public int codecId() {
        return attributes() & CODEC_MASK;
    }

    /** The codec of the records; a batch without a header defect has a known one. */
    public Codec codec() {
        int id = codecId();
        Check.invariant(id < Codec.ALL.size(), "a known codec", id, Codec.ALL.size());
        return Codec.ALL.get(id);
    }

    public boolean isCompressed() {
        return codecId() != 0;
    }

    public TimestampType timestampType() {
        return (attributes() & APPEND_TIME) == 0 ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME;
    }

    public boolean isTransactional() {
        return (attributes() & TRANSACTIONAL) != 0;
    }

    public boolean isControl() {
        return (attributes() & CONTROL) != 0;
    }

    /** When a compaction may drop the tombstones in this batch, if one has set that yet. */
    public OptionalLong deleteHorizonMs() {
        return (attributes() & DELETE_HORIZON) == 0 ? OptionalLong.empty() : OptionalLong.of(baseTimestamp());
    }

    /** What the records' timestamps are relative to. */
    public long baseTimestamp() {
        return buffer.getLong(position + BASE_TIMESTAMP);
    }

    public long maxTimestamp() {
        return buffer.getLong(position + MAX_TIMESTAMP);
    }

    public long producerId() {
        return buffer.getLong(position + PRODUCER_ID);
    }

    public boolean hasProducerId() {
        return producerId() > NO_PRODUCER_ID;
    }

    public short producerEpoch() {
        return buffer.getShort(position + PRODUCER_EPOCH);
    }

    public int baseSequence() {
        return buffer.getInt(position + BASE_SEQUENCE);
    }

    public boolean hasSequence() {
        return baseSequence() != NO_SEQUENCE;
    }

    /** The sequence of the last record, {@link BatchLayout#NO_SEQUENCE} if the batch has none. */
    public int lastSequence() {
        return sequenceAfter(baseSequence(), lastOffsetDelta());
    }

    public int recordCount() {
        return buffer.getInt(position + RECORD_COUNT);
    }

    public int computeChecksum() {
        return Crc32c.of(buffer, position + ATTRIBUTES, sizeBytes() - ATTRIBUTES);
    }

    public boolean isChecksumValid() {
        return checksum() == computeChecksum();
    }

    /** What the header contradicts itself in, the checksum aside: that one costs a pass over the bytes. */
    public BatchDefect headerDefect() {
        byte magic = magic();
        if (magic != MAGIC_2) {
            return magic == 0 || magic == 1 ? BatchDefect.MAGIC_OLD : BatchDefect.MAGIC_UNKNOWN;
        }
        if (codecId() >= Codec.ALL.size()) {
            return BatchDefect.CODEC_UNKNOWN;
        }
        if (recordCount() < 0) {
            return BatchDefect.COUNT_NEGATIVE;
        }
        return lastOffsetDelta() < 0 ? BatchDefect.LAST_OFFSET_DELTA_NEGATIVE : BatchDefect.NONE;
    }

    /** As {@link #headerDefect}; and a batch that gets a new place in a log has records, since only compaction empties one. */
    public BatchDefect appendedDefect() {
        BatchDefect defect = headerDefect();
        return defect == BatchDefect.NONE && recordCount() == 0 ? BatchDefect.EMPTY : defect;
    }

    /** As {@link #appendedDefect}, and what Kafka demands besides from a batch that a producer sends. */
    public BatchDefect producedDefect() {
        BatchDefect defect = appendedDefect();
        if (defect != BatchDefect.NONE) {
            return defect;
        }
        if (baseOffset() != 0) {
            return BatchDefect.BASE_OFFSET_NOT_ZERO;
        }
        if (recordCount() - 1 != lastOffsetDelta()) {
            return BatchDefect.COUNT_NOT_OFFSETS;
        }
        if (isControl()) {
            return BatchDefect.CONTROL;
        }
        return hasProducerId() && baseSequence() < 0 ? BatchDefect.SEQUENCE_NEGATIVE : BatchDefect.NONE;
    }

    /** Gives the batch its place in a log. The checksum does not cover it. */
    public void stampBaseOffset(long baseOffset) {
        buffer.putLong(position + BASE_OFFSET, baseOffset);
    }

    /** Says in which leader's time the batch was appended. The checksum does not cover it. */
    public void stampLeaderEpoch(int leaderEpoch) {
        buffer.putInt(position + LEADER_EPOCH, leaderEpoch);
    }

    /** Makes the batch's timestamps the leader's append time, and renews the checksum, which covers that. */
    public void stampAppendTime(long appendTimeMs) {
        if (timestampType() == TimestampType.LOG_APPEND_TIME && maxTimestamp() == appendTimeMs) {
            return;
        }
        buffer.putShort(position + ATTRIBUTES, (short) ((attributes() & KNOWN_ATTRIBUTES) | APPEND_TIME));
        buffer.putLong(position + MAX_TIMESTAMP, appendTimeMs);
        stampChecksum();
    }

    /** Makes the producer's timestamps count, the latest of which is given, and renews the checksum. */
    public void stampMaxTimestamp(long maxTimestampMs) {
        if (timestampType() == TimestampType.CREATE_TIME && maxTimestamp() == maxTimestampMs) {
            return;
        }
        buffer.putShort(position + ATTRIBUTES, (short) (attributes() & KNOWN_ATTRIBUTES & ~APPEND_TIME));
        buffer.putLong(position + MAX_TIMESTAMP, maxTimestampMs);
        stampChecksum();
    }

    private void stampChecksum() {
        buffer.putInt(position + CRC, computeChecksum());
    }

    /**
     * A cursor before the first record. Uncompressed records are read where they lie. Once there is a cursor, {@link #recordCount}
     * is in proportion to the bytes and may be allocated by; before that it is whatever the sender wrote.
     *
     * @param maxBytes what the records may take when decompressed
     * @throws MalformedMessage if the records cannot be decompressed within that, or cannot be as many as the header says
     */
    public RecordCursor records(int maxBytes) {
        return RecordCursor.over(this, maxBytes);
    }

    /**
     * As {@link #records}, but records are decompressed one at a time as the cursor goes, so that memory holds one of them (and a
     * block of the codec), however many there are. To be closed.
     *
     * @param recordBytesMax what one record may take
     */
    public RecordCursor streamRecords(int recordBytesMax) {
        return RecordCursor.streaming(this, recordBytesMax);
    }

    /**
     * As {@link #streamRecords}, for who wants times, offsets and sizes only: keys, values and headers are checked and passed over,
     * so that no record is too large.
     */
    public RecordCursor skimRecords() {
        return RecordCursor.skimming(this);
    }

    /** The records as objects, for code that is not hot. {@code hasNext} throws what {@link RecordCursor#advance} does. */
    public Iterable<RecordView> recordViews(int maxBytes) {
        return () -> new RecordViews(records(maxBytes));
    }

    /** The sequence that is {@code count} after {@code sequence}, if that is one at all; 0 follows the largest one. */
    public static int sequenceAfter(int sequence, int count) {
        return sequence < 0 ? NO_SEQUENCE : (sequence + count) & Integer.MAX_VALUE;
    }

    @Override
    public String toString() {
        return "batch " + baseOffset() + ".." + lastOffset() + " of " + recordCount() + " records, " + sizeBytes()
                + " bytes, attributes " + attributes();
    }

    ByteBuffer buffer() {
        return buffer;
    }

    private static final class RecordViews implements Iterator<RecordView> {
        private final RecordCursor cursor;
        private Step step = Step.UNKNOWN;

        RecordViews(RecordCursor cursor) {
            this.cursor = cursor;
        }

        @Override
        public boolean hasNext() {
            if (step == Step.UNKNOWN) {
                step = cursor.advance() ? Step.READY : Step.ENDED;
            }
            return step == Step.READY;
        }

        @Override
        public RecordView next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            step = Step.UNKNOWN;
            return cursor.view();
        }

        private enum Step {
            UNKNOWN,
            READY,
            ENDED
        }
    }
}
