package ottla.replication.quorum;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.RecordCursor;

/**
 * The records of the metadata log and its snapshots as record batches. A metadata record is a batch record without a key; its
 * value is framed:
 *
 * <pre>
 *   frame version (1) uvarint | record type uvarint | record version uvarint | the record in that version
 * </pre>
 */
public final class MetadataBatches {
    /** Kafka's limit for one batch of the metadata log, and so for one atomic change of the metadata. */
    public static final int MAX_BATCH_BYTES = 8 * 1024 * 1024;

    /**
     * Kafka writes metadata uncompressed, but reads any codec. Metadata is text and ids: a batch that swells to more than this
     * is not a batch that any controller wrote.
     */
    private static final int MAX_DECOMPRESSED_BYTES = 16 * MAX_BATCH_BYTES;

    private static final int FRAME_VERSION = 1;

    private MetadataBatches() {}

    /** A batch of metadata records, or empty if it would be larger than {@link #MAX_BATCH_BYTES}. */
    public static Optional<ByteBuffer> write(long baseOffset, int epoch, long timeMs, List<VersionedRecord> records) {
        BatchWriter batch = BatchWriter.at(baseOffset).leaderEpoch(epoch);
        Writer frame = new Writer(256);
        for (VersionedRecord record : records) {
            batch.append(timeMs, null, frame(frame, record));
            if (batch.sizeBytes() > MAX_BATCH_BYTES) {
                return Optional.empty();
            }
        }
        return Optional.of(batch.build());
    }

    /** A batch of control records. */
    public static ByteBuffer writeControl(long baseOffset, int epoch, long timeMs, List<ControlRecord> records) {
        BatchWriter batch = BatchWriter.at(baseOffset).leaderEpoch(epoch);
        for (ControlRecord record : records) {
            ControlMessages.append(batch, timeMs, record);
        }
        return batch.build();
    }

    /** One record's value, valid until the scratch is written again. */
    static ByteBuffer frame(Writer scratch, VersionedRecord record) {
        scratch.clear();
        scratch.unsignedVarint(FRAME_VERSION);
        scratch.unsignedVarint(record.record().recordType());
        scratch.unsignedVarint(record.version());
        record.record().write(scratch, record.version());
        return scratch.written();
    }

    /**
     * The metadata records of a batch that is not a control batch.
     *
     * @throws MalformedMessage on anything that is not the records of a Kafka that this software knows
     */
    public static List<MetadataRecord> read(BatchView batch) {
        List<MetadataRecord> records = new ArrayList<>(batch.recordCount());
        RecordCursor cursor = batch.records(MAX_DECOMPRESSED_BYTES);
        while (cursor.advance()) {
            ByteBuffer value = cursor.value();
            if (value == null) {
                throw new MalformedMessage("a metadata record without a value at offset " + cursor.offset());
            }
            records.add(unframe(value));
        }
        return records;
    }

    /**
     * The control records of a control batch, by offset. Types that this software does not know change nothing here.
     *
     * @throws MalformedMessage if one cannot be read
     */
    public static Map<Long, ControlRecord> readControl(BatchView batch) {
        Map<Long, ControlRecord> records = new HashMap<>();
        RecordCursor cursor = batch.records(MAX_DECOMPRESSED_BYTES);
        while (cursor.advance()) {
            long offset = cursor.offset();
            ControlMessages.read(cursor.key(), cursor.value()).ifPresent(control -> records.put(offset, control));
        }
        return records;
    }

    static MetadataRecord unframe(ByteBuffer value) {
        Reader in = new Reader(value);
        int frameVersion = in.unsignedVarint();
        if (frameVersion != FRAME_VERSION) {
            throw new MalformedMessage("a metadata record in frame version " + frameVersion);
        }
        int type = in.unsignedVarint();
        int version = in.unsignedVarint();
        MetadataRecord record = MetadataRecord.read(type, in, version);
        in.expectEnd();
        return record;
    }
}
