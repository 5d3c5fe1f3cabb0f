package ottla.wire.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.compress.Decompression;
import ottla.wire.compress.PlainBytes;
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
 *
 * <p>A cursor that streams decompresses as it goes and holds one record at a time, or less: what the accessors gave of the last
 * record is gone after {@link #advance}. It must be closed; for the others, that does nothing.
 */
public final class RecordCursor implements AutoCloseable {
    /** Each field of a record takes a byte: length, attributes, two deltas, key, value, headers. */
    private static final int SMALLEST_RECORD_BYTES = 7;

    /** With so many bytes, a record's length is known. */
    private static final int LENGTH_BYTES_MAX = 5;

    /** What a cursor that skims still takes in whole, since that is simpler. */
    private static final int SKIMMED_BYTES = 32 * 1024;

    private final BatchView batch;
    private final @Nullable Decompression source;
    private final PlainBytes plain;
    private final int recordBytesMax;
    private final Depth depth;
    private ByteBuffer bytes;
    private final long baseOffset;
    private final long baseTimestamp;
    private final int recordCount;
    private int limit;

    private int readCount;
    private boolean closed;
    private int position;
    private int recordBytes;

    /** The end of the record being read, so that no length reaches into the next one. */
    private int recordEnd;

    /** How much of the record being read is not decompressed yet. Only a cursor that skims lets that happen. */
    private int recordRest;

    private long timestampDelta;
    private int offsetDelta;
    private int keyPosition;
    private int keyBytes;
    private int valuePosition;
    private int valueBytes;
    private int headerCount;
    private int headersPosition;

    private enum Depth {
        /** Every record is there as a whole. */
        WHOLE,
        /** Only what a record says of itself is kept: times, offsets, sizes. */
        SKIM
    }

    private static final PlainBytes NO_PLAIN = PlainBytes.none();

    private RecordCursor(BatchView batch, ByteBuffer bytes, int position, int limit) {
        this(batch, bytes, position, limit, null, NO_PLAIN, Integer.MAX_VALUE, Depth.WHOLE);
        if (recordCount > (limit - position) / SMALLEST_RECORD_BYTES) {
            throw new MalformedMessage(recordCount + " records in " + (limit - position) + " bytes");
        }
    }

    private RecordCursor(
            BatchView batch,
            ByteBuffer bytes,
            int position,
            int limit,
            @Nullable Decompression source,
            PlainBytes plain,
            int recordBytesMax,
            Depth depth) {
        this.batch = batch;
        this.bytes = bytes;
        this.position = position;
        this.limit = limit;
        this.source = source;
        this.plain = plain;
        this.recordBytesMax = recordBytesMax;
        this.depth = depth;
        baseOffset = batch.baseOffset();
        baseTimestamp = batch.baseTimestamp();
        recordCount = batch.recordCount();
    }

    static RecordCursor over(BatchView batch, int maxBytes) {
        if (isInPlace(batch)) {
            return inPlace(batch);
        }
        ByteBuffer plain = batch.codec().decompress(batch.body(), maxBytes);
        return new RecordCursor(batch, plain, plain.position(), plain.limit());
    }

    static RecordCursor streaming(BatchView batch, int recordBytesMax) {
        return isInPlace(batch) ? inPlace(batch) : streaming(batch, recordBytesMax, Depth.WHOLE);
    }

    static RecordCursor skimming(BatchView batch) {
        return isInPlace(batch) ? inPlace(batch) : streaming(batch, Integer.MAX_VALUE, Depth.SKIM);
    }

    private static RecordCursor streaming(BatchView batch, int recordBytesMax, Depth depth) {
        Decompression source = batch.codec().decompression(batch.body());
        return new RecordCursor(
                batch, ByteBuffer.wrap(NOTHING), 0, 0, source, PlainBytes.borrow(), recordBytesMax, depth);
    }

    private static final byte[] NOTHING = {};

    private static boolean isInPlace(BatchView batch) {
        if (batch.headerDefect() != BatchDefect.NONE) {
            throw new MalformedMessage(batch.headerDefect().sentence());
        }
        return !batch.isCompressed() || batch.recordCount() == 0;
    }

    private static RecordCursor inPlace(BatchView batch) {
        int end = batch.position() + batch.sizeBytes();
        return new RecordCursor(batch, batch.buffer(), batch.position() + BatchLayout.HEADER_BYTES, end);
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
        if (readCount == recordCount && (position < limit || more())) {
            throw new MalformedMessage("bytes follow the last record of a batch");
        }
        return true;
    }

    /** Ends the use of a cursor that streams. */
    @Override
    public void close() {
        if (source != null && !closed) {
            closed = true; // bytes that are given back twice would have two users
            source.close();
            plain.giveBack();
        }
    }

    /** Brings a record of so many bytes into memory, as much of it as is wanted. */
    private void load(int length) {
        if (length > recordBytesMax) {
            throw new MalformedMessage(
                    "a record of " + length + " bytes, where at most " + recordBytesMax + " are taken");
        }
        if (depth == Depth.WHOLE || length <= SKIMMED_BYTES) {
            fill(length);
        }
    }

    private void fill(int wantedBytes) {
        boolean more = true;
        while (more && limit - position < wantedBytes) {
            more = more();
        }
    }

    /** Decompresses more behind what was not read yet, which may move. False at the end. */
    private boolean more() {
        if (source == null) {
            return false;
        }
        plain.dropTo(position);
        int end = plain.end() - plain.start();
        boolean ended = false;
        while (!ended && plain.end() - plain.start() == end) {
            ended = !source.next(plain);
        }
        bytes = plain.buffer();
        position = plain.start();
        limit = plain.end();
        return !ended;
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
        return recordBytes;
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
        checkWhole();
        return keyBytes < 0 ? null : bytes.slice(keyPosition, keyBytes);
    }

    /** The value, sharing the bytes under this cursor. */
    public @Nullable ByteBuffer value() {
        checkWhole();
        return valueBytes < 0 ? null : bytes.slice(valuePosition, valueBytes);
    }

    private void checkWhole() {
        Check.invariant(depth == Depth.WHOLE, "a cursor that skims has no keys, values and headers");
    }

    public int headerCount() {
        return headerCount;
    }

    public List<RecordHeader> headers() {
        checkWhole();
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
        if (limit - position < LENGTH_BYTES_MAX && source != null) {
            fill(LENGTH_BYTES_MAX);
        }
        int start = position;
        recordEnd = limit;
        int length = varint();
        recordBytes = position - start + length;
        if (source != null && (length > limit - position || length > recordBytesMax)) {
            load(length);
        }
        if (length >= 0 && length <= limit - position) {
            recordEnd = position + length;
        } else if (length >= 0 && source != null && depth == Depth.SKIM) {
            recordRest = length - (limit - position);
        } else {
            throw new MalformedMessage("a record of " + length + " bytes with " + (limit - position) + " left");
        }
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
        if (headerCount < 0 || headerCount > recordEnd - position + recordRest) {
            throw new MalformedMessage(
                    "a record with " + headerCount + " headers in " + (recordEnd - position + recordRest) + " bytes");
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
        if (position != recordEnd || recordRest > 0) {
            throw new MalformedMessage("a record is shorter than it says");
        }
    }

    private byte int8() {
        if (position >= recordEnd) {
            loadRest();
        }
        return bytes.get(position++);
    }

    private void skip(int sizeBytes) {
        if (sizeBytes > recordEnd - position) {
            skipBeyond(sizeBytes);
        } else {
            position += Math.max(0, sizeBytes);
        }
    }

    /** Only what was read of the record is dropped: nothing that the accessors of a skimming cursor give lies in it. */
    private void loadRest() {
        if (recordRest == 0) {
            throw new MalformedMessage("a record ends in the middle of a field");
        }
        if (!more()) {
            throw new MalformedMessage("a record of " + recordBytes + " bytes is not all there");
        }
        int arrived = Math.min(limit - position, recordRest);
        recordEnd = position + arrived;
        recordRest -= arrived;
    }

    private void skipBeyond(int sizeBytes) {
        long left = (long) recordEnd - position + recordRest;
        if (sizeBytes > left) {
            throw new MalformedMessage("a field of " + sizeBytes + " bytes with " + left + " left");
        }
        int rest = sizeBytes;
        while (rest > recordEnd - position) {
            rest -= recordEnd - position;
            position = recordEnd;
            loadRest();
        }
        position += rest;
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
