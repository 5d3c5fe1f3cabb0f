package ottla.wire.record;

import static ottla.wire.record.BatchLayout.*;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.Message;
import ottla.wire.primitive.Writer;

/**
 * Builds one record batch: first what the header is to say, then the records in the order of their offsets, then {@link #build}.
 *
 * <p>Owned by one thread, used once. The records stand in one growing heap buffer with room for the header before them, so that an
 * uncompressed batch is never copied. Those of a large batch with a codec are compressed as they come, so that what they take
 * when they are not never has to be in memory.
 */
public final class BatchWriter {
    private static final int FIRST_BYTES = 512;

    /** Plain records that gather before they are compressed. Nearly all batches have less, and are compressed at once. */
    private static final int GATHERED_BYTES = 1 << 20;

    private final long baseOffset;
    private Codec codec = Codec.NONE;
    private int attributes;
    private int leaderEpoch = NO_LEADER_EPOCH;
    private long producerId = NO_PRODUCER_ID;
    private short producerEpoch = NO_PRODUCER_EPOCH;
    private int baseSequence = NO_SEQUENCE;
    private long appendTimeMs = NO_TIMESTAMP;
    private long baseTimestamp = NO_TIMESTAMP;
    private long maxTimestamp = NO_TIMESTAMP;
    private long lastOffset;
    private int recordCount;
    private ByteBuffer buffer;
    private final Packed packed = new Packed();
    private long packedPlainBytes;
    private @Nullable OutputStream packing;
    private State state = State.OPEN;

    private BatchWriter(long baseOffset) {
        this.baseOffset = baseOffset;
        lastOffset = baseOffset - 1;
        buffer = ByteBuffer.allocate(FIRST_BYTES).position(HEADER_BYTES);
    }

    /** A batch whose first record has the given offset. */
    public static BatchWriter at(long baseOffset) {
        return new BatchWriter(baseOffset);
    }

    public BatchWriter compressedWith(Codec chosen) {
        codec = chosen;
        return this;
    }

    public BatchWriter leaderEpoch(int epoch) {
        leaderEpoch = epoch;
        return this;
    }

    public BatchWriter producer(long id, short epoch, int firstSequence) {
        producerId = id;
        producerEpoch = epoch;
        baseSequence = firstSequence;
        return this;
    }

    public BatchWriter transactional() {
        attributes |= TRANSACTIONAL;
        return this;
    }

    /** Makes this a control batch, also if its records are copied from one by {@link #append(RecordView)}. */
    public BatchWriter control() {
        attributes |= CONTROL;
        return this;
    }

    /** Makes the append time count instead of the records' own times, which stay in the records. */
    public BatchWriter appendTime(long timeMs) {
        attributes |= APPEND_TIME;
        appendTimeMs = timeMs;
        return this;
    }

    /** Sets the time from which a compaction may drop this batch's tombstones (KIP-534). To be called before any record. */
    public BatchWriter deleteHorizon(long timeMs) {
        Check.invariant(recordCount == 0, "the delete horizon is the base of the records' timestamps");
        attributes |= DELETE_HORIZON;
        baseTimestamp = timeMs;
        return this;
    }

    public BatchWriter append(long timestampMs, @Nullable ByteBuffer key, @Nullable ByteBuffer value) {
        return append(timestampMs, key, value, List.of());
    }

    public BatchWriter append(
            long timestampMs, @Nullable ByteBuffer key, @Nullable ByteBuffer value, List<RecordHeader> headers) {
        return appendAt(lastOffset + 1, timestampMs, key, value, headers);
    }

    /** Appends a record with the offset and the time it has; the sequence follows from the offset. */
    public BatchWriter append(RecordView record) {
        return appendAt(record.offset(), record.timestampMs(), record.key(), record.value(), record.headers());
    }

    /** Appends a control record and makes this a control batch. */
    public BatchWriter appendControl(long timestampMs, ControlType type, ByteBuffer value) {
        return control().append(timestampMs, type.key(), value);
    }

    /** As {@link #appendControl(long, ControlType, ByteBuffer)}, with a message of the raft protocol as the value. */
    public BatchWriter appendControl(long timestampMs, ControlType type, Message message, int version) {
        Writer value = new Writer(64);
        message.write(value, version);
        return appendControl(timestampMs, type, value.toBuffer());
    }

    /** Appends a record at an offset that may leave a gap to the one before. */
    public BatchWriter appendAt(
            long offset,
            long timestampMs,
            @Nullable ByteBuffer key,
            @Nullable ByteBuffer value,
            List<RecordHeader> headers) {
        Check.invariant(state == State.OPEN, "a batch is built once");
        Check.invariant(offset > lastOffset, "offsets ascend", offset, lastOffset);
        Check.invariant(offset - baseOffset <= Integer.MAX_VALUE, "offsets of one batch", offset, baseOffset);
        Check.invariant(timestampMs >= NO_TIMESTAMP, "a timestamp", timestampMs, NO_TIMESTAMP);
        if (recordCount == 0 && (attributes & DELETE_HORIZON) == 0) {
            baseTimestamp = timestampMs;
        }
        int offsetDelta = (int) (offset - baseOffset);
        long timestampDelta = timestampMs - baseTimestamp;
        int bodyBytes = bodyBytes(offsetDelta, timestampDelta, key, value, headers);
        reserve(bodyBytes + Varint.sizeBytes(bodyBytes));
        Varint.put(buffer, bodyBytes);
        buffer.put((byte) 0);
        Varint.put(buffer, timestampDelta);
        Varint.put(buffer, offsetDelta);
        putNullable(key);
        putNullable(value);
        Varint.put(buffer, headers.size());
        for (RecordHeader header : headers) {
            putNullable(ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8)));
            putNullable(header.value());
        }
        lastOffset = offset;
        maxTimestamp = Math.max(maxTimestamp, timestampMs);
        recordCount++;
        if (codec.id() != 0 && buffer.position() - HEADER_BYTES >= GATHERED_BYTES) {
            pack();
        }
        return this;
    }

    private void pack() {
        try {
            OutputStream out = packing;
            if (out == null) {
                packed.write(new byte[HEADER_BYTES]);
                out = codec.compression(packed);
                packing = out;
            }
            int size = buffer.position() - HEADER_BYTES;
            out.write(buffer.array(), HEADER_BYTES, size);
            packedPlainBytes += size;
            buffer.position(HEADER_BYTES);
        } catch (IOException impossible) {
            throw new IllegalStateException("memory takes what is written", impossible);
        }
    }

    /** Compressed bytes. */
    private static final class Packed extends ByteArrayOutputStream {
        Packed() {
            super(0);
        }

        ByteBuffer bytes() {
            return ByteBuffer.wrap(buf, 0, count);
        }
    }

    /** Lets the batch reach to an offset whose record a compaction has removed. */
    public BatchWriter lastOffset(long offset) {
        Check.invariant(offset >= lastOffset, "a batch's last offset", offset, lastOffset);
        lastOffset = offset;
        return this;
    }

    public int recordCount() {
        return recordCount;
    }

    /** The size of the batch so far, as if it were not compressed. */
    public long sizeBytes() {
        return packedPlainBytes + buffer.position();
    }

    /** What the batch will have at least, compressed as it is to be. */
    public long leastBytes() {
        return codec.id() == 0 ? sizeBytes() : packed.size();
    }

    /** How much {@link #sizeBytes} would grow by a record that follows the last one. */
    public int recordBytes(
            long timestampMs, @Nullable ByteBuffer key, @Nullable ByteBuffer value, List<RecordHeader> headers) {
        long base = recordCount == 0 && (attributes & DELETE_HORIZON) == 0 ? timestampMs : baseTimestamp;
        int bodyBytes = bodyBytes((int) (lastOffset + 1 - baseOffset), timestampMs - base, key, value, headers);
        return bodyBytes + Varint.sizeBytes(bodyBytes);
    }

    /** Ends the batch. The result is a heap buffer of its own, from its position to its limit. */
    public ByteBuffer build() {
        Check.invariant(recordCount > 0, "a batch without records is made by empty()");
        return finish();
    }

    /**
     * Ends a batch that has no records (any more) and stands for its offsets and its producer's last sequence only. Such a batch
     * is not compressed, whatever codec was chosen, and has no delete horizon.
     */
    public ByteBuffer empty(long timestampMs) {
        Check.invariant(recordCount == 0, "an empty batch has no records", recordCount, 0);
        codec = Codec.NONE;
        attributes &= ~DELETE_HORIZON;
        baseTimestamp = NO_TIMESTAMP;
        maxTimestamp = timestampMs;
        return finish();
    }

    private ByteBuffer finish() {
        Check.invariant(state == State.OPEN, "a batch is built once");
        Check.invariant(lastOffset >= baseOffset, "a batch has an offset", lastOffset, baseOffset);
        state = State.BUILT;
        ByteBuffer out = buffer.duplicate().flip();
        if (packing != null) {
            pack();
            out = packedBytes(packing);
        } else if (codec.id() != 0) {
            out = codec.compress(out.position(HEADER_BYTES), HEADER_BYTES).position(0);
        }
        out.putLong(BASE_OFFSET, baseOffset)
                .putInt(LENGTH, out.limit() - COUNTED_FROM)
                .putInt(LEADER_EPOCH, leaderEpoch)
                .put(MAGIC, MAGIC_2)
                .putShort(ATTRIBUTES, (short) (attributes | codec.id()))
                .putInt(LAST_OFFSET_DELTA, (int) (lastOffset - baseOffset))
                .putLong(BASE_TIMESTAMP, baseTimestamp)
                .putLong(MAX_TIMESTAMP, (attributes & APPEND_TIME) == 0 ? maxTimestamp : appendTimeMs)
                .putLong(PRODUCER_ID, producerId)
                .putShort(PRODUCER_EPOCH, producerEpoch)
                .putInt(BASE_SEQUENCE, baseSequence)
                .putInt(RECORD_COUNT, recordCount);
        return out.putInt(CRC, Crc32c.of(out, ATTRIBUTES, out.limit() - ATTRIBUTES));
    }

    private ByteBuffer packedBytes(OutputStream open) {
        try {
            open.close();
        } catch (IOException impossible) {
            throw new IllegalStateException("memory takes what is written", impossible);
        }
        return packed.bytes();
    }

    private void putNullable(@Nullable ByteBuffer bytes) {
        if (bytes == null) {
            Varint.put(buffer, -1);
        } else {
            Varint.put(buffer, bytes.remaining());
            buffer.put(bytes.duplicate());
        }
    }

    private void reserve(int sizeBytes) {
        if (buffer.remaining() < sizeBytes) {
            int wanted = Math.addExact(buffer.position(), sizeBytes);
            int doubled = (int) Math.min(Integer.MAX_VALUE - 8, 2L * buffer.capacity());
            buffer = ByteBuffer.allocate(Math.max(wanted, doubled)).put(buffer.flip());
        }
    }

    private static int bodyBytes(
            int offsetDelta,
            long timestampDelta,
            @Nullable ByteBuffer key,
            @Nullable ByteBuffer value,
            List<RecordHeader> headers) {
        long size = 1L
                + Varint.sizeBytes(timestampDelta)
                + Varint.sizeBytes(offsetDelta)
                + nullableBytes(key)
                + nullableBytes(value)
                + Varint.sizeBytes(headers.size());
        for (RecordHeader header : headers) {
            int keyBytes = header.key().getBytes(StandardCharsets.UTF_8).length;
            size += Varint.sizeBytes(keyBytes) + keyBytes + nullableBytes(header.value());
        }
        return Math.toIntExact(size);
    }

    private static long nullableBytes(@Nullable ByteBuffer bytes) {
        return bytes == null ? 1 : (long) Varint.sizeBytes(bytes.remaining()) + bytes.remaining();
    }

    private enum State {
        OPEN,
        BUILT
    }
}
