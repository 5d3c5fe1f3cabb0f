package ottla.log.append;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.CompressionType;
import ottla.log.LogConfig;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordCursor;
import ottla.wire.record.RecordView;
import ottla.wire.record.TimestampType;

/**
 * Decides whether records may be appended by a leader, as far as that depends on the records and the topic's settings alone, so
 * that it needs no lock. What is admitted is complete but for its offsets and leader epoch.
 *
 * <p>The records stay where they are: timestamps are stamped into the given buffer. Only a topic that wants another codec than
 * the producer chose gets a new buffer. One pass computes the checksum; one walk over uncompressed records checks each of them.
 * A compressed batch is opened only if something within it must be seen: keys for a compacted topic, single timestamps for
 * {@code message.timestamp.before.max.ms}, everything for another codec. Otherwise its header is taken at its word, as the
 * checksum does.
 */
public final class Admission {
    /**
     * What a batch may hold when it is opened: 128 times the default of {@code max.message.bytes}. Real data does not compress
     * that well, and a batch made to exhaust memory must not.
     */
    public static final int OPENED_BYTES_MAX = 128 << 20;

    /** Errors listed in one answer. A client shows the first few; a batch of millions of bad records must not make a long list. */
    private static final int RECORD_ERRORS_MAX = 1_000;

    private final TopicPartition partition;
    private final LogConfig config;
    private final AppendOrigin origin;
    private final long nowMs;

    private Admission(TopicPartition partition, LogConfig config, AppendOrigin origin, long nowMs) {
        this.partition = partition;
        this.config = config;
        this.origin = origin;
        this.nowMs = nowMs;
    }

    /** What was decided. */
    public sealed interface Decided {
        /**
         * The batches may be appended.
         *
         * @param records the batches and nothing else, writable: offsets and leader epoch are yet to be stamped
         * @param appendTimeMs -1 if the producer's timestamps count
         */
        record Admitted(ByteBuffer records, AppendOrigin origin, long appendTimeMs) implements Decided {}

        record Refused(Refusal refusal) implements Decided {}
    }

    /**
     * @param records what a producer or coordinator sent, from position to limit, writable, and changed only if admitted
     */
    public static Decided decide(
            TopicPartition partition, ByteBuffer records, LogConfig config, AppendOrigin origin, long nowMs) {
        return new Admission(partition, config, origin, nowMs).decide(records);
    }

    private Decided decide(ByteBuffer records) {
        Batches batches = Batches.in(records);
        int count = 0;
        boolean recode = false;
        while (batches.advance()) {
            BatchView batch = batches.batch();
            count++;
            Refusal refusal = origin == AppendOrigin.CLIENT && count > 1
                    ? Refusal.of(ErrorCode.INVALID_RECORD, "a producer sends one batch for a partition at a time")
                    : check(batch);
            if (refusal != null) {
                return new Decided.Refused(refusal);
            }
            recode |= targetId(batch) != batch.codecId();
        }
        if (batches.defect() != BatchDefect.NONE) {
            return refused(batches.defect());
        }
        if (count == 0) {
            return new Decided.Refused(Refusal.of(ErrorCode.INVALID_RECORD, "there is no whole record batch"));
        }
        ByteBuffer whole = records.slice(records.position(), batches.position() - records.position());
        return recode ? recode(whole) : stampTimes(whole);
    }

    /** What is wrong with a batch as it was sent, in the order in which Kafka looks. */
    private @Nullable Refusal check(BatchView batch) {
        boolean produced = origin == AppendOrigin.CLIENT;
        if (produced && batch.baseOffset() != 0) {
            return refusal(BatchDefect.BASE_OFFSET_NOT_ZERO);
        }
        if (batch.sizeBytes() > config.maxMessageBytes()) {
            return tooLarge(batch.sizeBytes());
        }
        if (!batch.isChecksumValid()) {
            return refusal(BatchDefect.CHECKSUM_MISMATCH);
        }
        BatchDefect defect = produced ? batch.producedDefect() : batch.headerDefect();
        if (defect != BatchDefect.NONE) {
            return refusal(defect);
        }
        if (produced && batch.hasProducerId() && batch.baseSequence() < 0) {
            return Refusal.of(
                    ErrorCode.INVALID_RECORD,
                    "producer " + batch.producerId() + " sends a batch with sequence " + batch.baseSequence());
        }
        return null;
    }

    private Decided stampTimes(ByteBuffer records) {
        boolean appendTime = config.messageTimestampType() == TimestampType.LOG_APPEND_TIME;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            Refusal refusal = mustOpen(batch) ? checkRecords(batch) : null;
            if (refusal != null) {
                return new Decided.Refused(refusal);
            }
            if (appendTime) {
                batch.stampAppendTime(nowMs);
            }
        }
        return new Decided.Admitted(records, origin, appendTime ? nowMs : BatchLayout.NO_TIMESTAMP);
    }

    private boolean mustOpen(BatchView batch) {
        if (!batch.isCompressed() || config.compacts() || batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            return true;
        }
        // A header that is out of range is opened, too, to tell which of the records are.
        return config.messageTimestampType() == TimestampType.CREATE_TIME
                && (config.messageTimestampBeforeMaxMs() != Long.MAX_VALUE || timeRefused(batch.maxTimestamp()));
    }

    /** Walks over the records, and makes the header's largest timestamp what it is. */
    private @Nullable Refusal checkRecords(BatchView batch) {
        boolean createTime = config.messageTimestampType() == TimestampType.CREATE_TIME;
        boolean brokersTime = !createTime && batch.timestampType() == TimestampType.LOG_APPEND_TIME;
        boolean keysWanted = config.compacts();
        boolean dense = origin == AppendOrigin.CLIENT;
        List<RecordError> errors = List.of();
        boolean timeError = false;
        long maxTimestamp = BatchLayout.NO_TIMESTAMP;
        int index = 0;
        try {
            RecordCursor record = batch.records(OPENED_BYTES_MAX);
            while (record.advance()) {
                long timestampMs = record.timestampMs();
                maxTimestamp = Math.max(maxTimestamp, timestampMs);
                if (dense && record.offsetDelta() != index) {
                    return Refusal.of(
                            ErrorCode.INVALID_RECORD,
                            "record " + index + " of a batch says that it is number " + record.offsetDelta());
                }
                if (keysWanted && !record.hasKey()) {
                    errors = add(errors, index, "a compacted topic takes no record without a key");
                } else if (brokersTime) {
                    errors = add(errors, index, "only a broker sets append time");
                    timeError = true;
                } else if (createTime && timeRefused(timestampMs)) {
                    errors = add(errors, index, timeError(timestampMs));
                    timeError = true;
                }
                index++;
            }
        } catch (MalformedMessage malformed) {
            return Refusal.of(ErrorCode.INVALID_RECORD, "unreadable records: " + malformed.getMessage());
        }
        if (!errors.isEmpty()) {
            return timeError ? timeRefusal(errors) : keyRefusal(errors);
        }
        if (createTime) {
            batch.stampMaxTimestamp(maxTimestamp);
        }
        return null;
    }

    private boolean timeRefused(long timestampMs) {
        return timestampMs != BatchLayout.NO_TIMESTAMP
                && (nowMs - timestampMs > config.messageTimestampBeforeMaxMs()
                        || timestampMs - nowMs > config.messageTimestampAfterMaxMs());
    }

    private String timeError(long timestampMs) {
        return "its timestamp " + timestampMs + " is not between " + config.messageTimestampBeforeMaxMs()
                + " ms before and " + config.messageTimestampAfterMaxMs() + " ms after the broker's time " + nowMs;
    }

    private static Refusal timeRefusal(List<RecordError> errors) {
        return new Refusal(ErrorCode.INVALID_TIMESTAMP, "records with timestamps out of range", errors);
    }

    private Refusal keyRefusal(List<RecordError> errors) {
        return new Refusal(ErrorCode.INVALID_RECORD, "records without a key for compacted topic " + partition, errors);
    }

    private static List<RecordError> add(List<RecordError> errors, int index, String message) {
        List<RecordError> grown = errors.isEmpty() ? new ArrayList<>() : errors;
        if (grown.size() < RECORD_ERRORS_MAX) {
            grown.add(new RecordError(index, message));
        }
        return grown;
    }

    private int targetId(BatchView batch) {
        return config.compressionType() == CompressionType.PRODUCER
                ? batch.codecId()
                : target(batch).id();
    }

    private Codec target(BatchView batch) {
        return switch (config.compressionType()) {
            case PRODUCER -> batch.codec();
            case UNCOMPRESSED -> Codec.NONE;
            case GZIP -> Codec.GZIP.atLevel(config.compressionGzipLevel());
            case SNAPPY -> Codec.SNAPPY;
            case LZ4 -> Codec.LZ4.atLevel(config.compressionLz4Level());
            case ZSTD -> Codec.ZSTD.atLevel(config.compressionZstdLevel());
        };
    }

    /** Writes the batches anew with the codec that the topic wants, after checking every record. */
    private Decided recode(ByteBuffer records) {
        List<ByteBuffer> rewritten = new ArrayList<>();
        int sizeBytes = 0;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            Refusal refusal = checkRecords(batch);
            if (refusal != null) {
                return new Decided.Refused(refusal);
            }
            ByteBuffer bytes = rewrite(batch);
            if (bytes.remaining() > config.maxMessageBytes()) {
                return new Decided.Refused(tooLarge(bytes.remaining()));
            }
            rewritten.add(bytes);
            sizeBytes += bytes.remaining();
        }
        ByteBuffer whole = rewritten.getFirst();
        if (rewritten.size() > 1) {
            whole = ByteBuffer.allocate(sizeBytes);
            for (ByteBuffer bytes : rewritten) {
                whole.put(bytes);
            }
            whole.flip();
        }
        boolean appendTime = config.messageTimestampType() == TimestampType.LOG_APPEND_TIME;
        return new Decided.Admitted(whole, origin, appendTime ? nowMs : BatchLayout.NO_TIMESTAMP);
    }

    private ByteBuffer rewrite(BatchView batch) {
        BatchWriter writer = BatchWriter.at(batch.baseOffset())
                .compressedWith(target(batch))
                .producer(batch.producerId(), batch.producerEpoch(), batch.baseSequence());
        if (batch.isTransactional()) {
            writer.transactional();
        }
        if (batch.isControl()) {
            writer.control();
        }
        if (config.messageTimestampType() == TimestampType.LOG_APPEND_TIME) {
            writer.appendTime(nowMs);
        }
        for (RecordView record : batch.recordViews(OPENED_BYTES_MAX)) {
            writer.append(record);
        }
        return writer.build();
    }

    private Refusal tooLarge(int sizeBytes) {
        return Refusal.of(
                ErrorCode.MESSAGE_TOO_LARGE,
                "a batch of " + sizeBytes + " bytes for " + partition + ", where max.message.bytes is "
                        + config.maxMessageBytes());
    }

    private static Decided refused(BatchDefect defect) {
        return new Decided.Refused(refusal(defect));
    }

    private static Refusal refusal(BatchDefect defect) {
        return Refusal.of(defect.error(), defect.sentence());
    }
}
