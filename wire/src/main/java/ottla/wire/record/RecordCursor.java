package ottla.wire.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.primitive.MalformedMessage;

/**
 * Steps through the records of one batch without an object per record:
 *
 * <pre>
 *   record: length varint | attributes int8 | timestamp delta varlong | offset delta varint
 *           | key length varint, -1 for null | key | value length varint, -1 for null | value
 *           | header count varint | (key length varint | key | value length varint, -1 for null | value)*
 * </pre>
 *
 * {@link #advance} checks a whole record, headers included, before any accessor sees it: every length lies within the record, the
 * record is exactly as long as it says, and nothing follows the last one. Owned by one thread; valid as long as the batch's bytes.
 */
public final class RecordCursor {
    /** Each field of a record takes a byte: length, attributes, two deltas, key, value, headers. */
    private static final int SMALLEST_RECORD_BYTES = 7;

    private final BatchView batch;
    private final ByteBuffer bytes;
    private final long baseOffset;
    private final long baseTimestamp;
    private final int recordCount;
    private final int limit;

    private int readCount;
    private int position;
    private int recordPosition;

    /** The end of the record being read, so that no length reaches into the next one. */
    private int recordEnd;

    private long timestampDelta;
    private int offsetDelta;
    private int keyPosition;
    private int keyBytes;
    private int valuePosition;
    private int valueBytes;
    private int headerCount;
    private int headersPosition;

    private RecordCursor(BatchView batch, ByteBuffer bytes, int position, int limit) {
        this.batch = batch;
        this.bytes = bytes;
        this.position = position;
        this.limit = limit;
        baseOffset = batch.baseOffset();
        baseTimestamp = batch.baseTimestamp();
        recordCount = batch.recordCount();
        if (recordCount > (limit - position) / SMALLEST_RECORD_BYTES) {
            throw new MalformedMessage(recordCount + " records in " + (limit - position) + " bytes");
        }
    }

    static RecordCursor over(BatchView batch, int maxBytes) {
        if (batch.headerDefect() != BatchDefect.NONE) {
            throw new MalformedMessage(batch.headerDefect().sentence());
        }
        if (!batch.isCompressed() || batch.recordCount() == 0) {
            int end = batch.position() + batch.sizeBytes();
            return new RecordCursor(batch, batch.buffer(), batch.position() + BatchLayout.HEADER_BYTES, end);
        }
        ByteBuffer plain = batch.codec().decompress(batch.body(), maxBytes);
        return new RecordCursor(batch, plain, plain.position(), plain.limit());
    }

    /**
     * Goes to the next record.
     *
     * @return false after the last one
     * @throws MalformedMessage if the bytes are not a record, or are not as many records as the batch says
     */
    public boolean advance() {
        if (readCount == recordCount) {
            return false;
        }
        readRecord();
        readCount++;
        if (readCount == recordCount && position < limit) {
            throw new MalformedMessage((limit - position) + " bytes follow the last record of a batch");
        }
        return true;
    }

    public long offset() {
        return baseOffset + offsetDelta;
    }

    public int offsetDelta() {
        return offsetDelta;
    }

    /** The record's timestamp: the batch's append time if that is what counts, else the producer's. */
    public long timestampMs() {
        return batch.timestampType() == TimestampType.LOG_APPEND_TIME
                ? batch.maxTimestamp()
                : baseTimestamp + timestampDelta;
    }

    public int sequence() {
        return BatchView.sequenceAfter(batch.baseSequence(), offsetDelta);
    }

    /** The size of the whole record, its length included. */
    public int sizeBytes() {
        return position - recordPosition;
    }

    public boolean hasKey() {
        return keyBytes >= 0;
    }

    public boolean hasValue() {
        return valueBytes >= 0;
    }

    /** The key's size, -1 for null. */
    public int keyBytes() {
        return keyBytes;
    }

    /** The value's size, -1 for null. */
    public int valueBytes() {
        return valueBytes;
    }

    /** The key, sharing the bytes under this cursor. */
    public @Nullable ByteBuffer key() {
        return keyBytes < 0 ? null : bytes.slice(keyPosition, keyBytes);
    }

    /** The value, sharing the bytes under this cursor. */
    public @Nullable ByteBuffer value() {
        return valueBytes < 0 ? null : bytes.slice(valuePosition, valueBytes);
    }

    public int headerCount() {
        return headerCount;
    }

    public List<RecordHeader> headers() {
        if (headerCount == 0) {
            return List.of();
        }
        List<RecordHeader> headers = new ArrayList<>(headerCount);
        int after = position;
        position = headersPosition;
        for (int i = 0; i < headerCount; i++) {
            byte[] key = new byte[varint()];
            bytes.get(position, key);
            position += key.length;
            int size = varint();
            ByteBuffer value = size < 0 ? null : bytes.slice(position, size);
            position += Math.max(0, size);
            headers.add(new RecordHeader(new String(key, StandardCharsets.UTF_8), value));
        }
        Check.invariant(position == after, "headers are read as they were checked", position, after);
        return headers;
    }

    /** The present record as an object of its own, sharing the same bytes. */
    public RecordView view() {
        return new RecordView(offset(), timestampMs(), sequence(), key(), value(), headers());
    }

    private void readRecord() {
        recordPosition = position;
        recordEnd = limit;
        int length = varint();
        if (length < 0 || length > limit - position) {
            throw new MalformedMessage("a record of " + length + " bytes with " + (limit - position) + " left");
        }
        recordEnd = position + length;
        int8(); // the record's own attributes: none are defined
        timestampDelta = varlong();
        offsetDelta = varint();
        keyBytes = Math.max(-1, varint());
        keyPosition = position;
        skip(keyBytes);
        valueBytes = Math.max(-1, varint());
        valuePosition = position;
        skip(valueBytes);
        headerCount = varint();
        if (headerCount < 0 || headerCount > recordEnd - position) {
            throw new MalformedMessage(
                    "a record with " + headerCount + " headers in " + (recordEnd - position) + " bytes");
        }
        headersPosition = position;
        for (int i = 0; i < headerCount; i++) {
            int keySize = varint();
            if (keySize < 0) {
                throw new MalformedMessage("a record's header without a key");
            }
            skip(keySize);
            skip(varint());
        }
        if (position != recordEnd) {
            throw new MalformedMessage("a record is " + (recordEnd - position) + " bytes shorter than it says");
        }
    }

    private byte int8() {
        if (position >= recordEnd) {
            throw new MalformedMessage("a record ends in the middle of a field");
        }
        return bytes.get(position++);
    }

    private void skip(int sizeBytes) {
        if (sizeBytes > recordEnd - position) {
            throw new MalformedMessage("a field of " + sizeBytes + " bytes with " + (recordEnd - position) + " left");
        }
        position += Math.max(0, sizeBytes);
    }

    /** At most five bytes. Bits beyond the 32nd are dropped, as Kafka does: they must not decide whether a batch is readable. */
    private int varint() {
        int raw = int8();
        if (raw >= 0) {
            return (raw >>> 1) ^ -(raw & 1);
        }
        raw &= 0x7f;
        for (int shift = 7; shift < 35; shift += 7) {
            byte next = int8();
            raw |= (next & 0x7f) << shift;
            if (next >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw new MalformedMessage("a varint of more than five bytes");
    }

    /** At most ten bytes. */
    private long varlong() {
        long raw = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = int8();
            raw |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw new MalformedMessage("a varlong of more than ten bytes");
    }
}
