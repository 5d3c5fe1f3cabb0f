package ottla.log.append;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
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
import ottla.wire.record.TimestampType;

/**
 * Decides whether records may be appended by a leader, as far as that depends on the records and the topic's settings alone, so
 * that it needs no lock. What is admitted is complete but for its offsets and leader epoch.
 *
 * <p>The records stay where they are: timestamps are stamped into the given buffer. Only a topic that wants another codec than
 * the producer chose, or a producer that cannot count, gets a new buffer. One pass computes the checksum, one walk checks each
 * record, decompressing a block at a time: a header that lies would otherwise be found out by every consumer, the cleaner and
 * the search by time, for as long as the batch is kept.
 *
 * <p>The checks come in Kafka's order, so that a batch with two faults gets the same error.
 */
public final class Admission {
    /** What one record may take while a batch is written anew with another codec. */
    public static final int OPENED_BYTES_MAX = 128 << 20;

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
        while (batches.advance()) {
            count++;
            Refusal refusal = check(batches.batch());
            if (refusal != null) {
                return new Decided.Refused(refusal);
            }
        }
        if (batches.defect() != BatchDefect.NONE) {
            return refused(batches.defect());
        }
        if (count == 0) {
            return refused(ErrorCode.INVALID_RECORD, "there is no whole record batch");
        }
        if (count > 1) {
            return refused(ErrorCode.INVALID_RECORD, "one batch is appended to a partition at a time");
        }
        return checkRecords(records.slice(records.position(), batches.position() - records.position()));
    }

    /** What is wrong with the bytes of a batch, whatever it holds. */
    private @Nullable Refusal check(BatchView batch) {
        if (origin == AppendOrigin.CLIENT && batch.baseOffset() != 0) {
            return refusal(BatchDefect.BASE_OFFSET_NOT_ZERO);
        }
        if (batch.sizeBytes() > config.maxMessageBytes()) {
            return tooLarge(batch.sizeBytes());
        }
        if (!batch.isChecksumValid()) {
            return refusal(BatchDefect.CHECKSUM_MISMATCH);
        }
        return batch.codecId() < Codec.ALL.size() ? null : refusal(BatchDefect.CODEC_UNKNOWN);
    }

    private Decided checkRecords(ByteBuffer records) {
        RecordCheck check = new RecordCheck(partition, config, nowMs);
        boolean appendTime = config.messageTimestampType() == TimestampType.LOG_APPEND_TIME;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            BatchDefect defect = origin == AppendOrigin.CLIENT ? batch.producedDefect() : batch.appendedDefect();
            if (defect != BatchDefect.NONE) {
                return refused(defect);
            }
            Refusal refusal = check.check(batch);
            if (refusal != null) {
                return new Decided.Refused(refusal);
            }
            if (mustRewrite(batch, check)) {
                Refusal unfit = unfitToRewrite(batch, check);
                if (unfit != null) {
                    return new Decided.Refused(unfit);
                }
                return rewrite(batch, appendTime);
            } else if (appendTime) {
                batch.stampAppendTime(nowMs);
            } else {
                batch.stampMaxTimestamp(check.maxTimestamp());
            }
        }
        return new Decided.Admitted(records, origin, appendTime ? nowMs : BatchLayout.NO_TIMESTAMP);
    }

    /** Kafka writes plain records as they are numbered, and consumers then meet offsets of other batches. */
    private boolean mustRewrite(BatchView batch, RecordCheck checked) {
        return !TopicCodec.isKept(config, batch) || (origin == AppendOrigin.CLIENT && !checked.isDense());
    }

    /** The cases in which Kafka's own rewriting fails, with the error that its clients get then. */
    private @Nullable Refusal unfitToRewrite(BatchView batch, RecordCheck checked) {
        if (!checked.isDense() && batch.isCompressed() && TopicCodec.isKept(config, batch)) {
            return Refusal.of(ErrorCode.UNKNOWN_SERVER_ERROR, "compressed records that do not count up from 0");
        }
        if (checked.hasNegativeTime()) {
            return Refusal.of(ErrorCode.UNKNOWN_SERVER_ERROR, "a record with a negative timestamp");
        }
        boolean anyone = batch.producerId() == BatchLayout.NO_PRODUCER_ID;
        boolean halfKnown = !anyone
                && (batch.producerEpoch() == BatchLayout.NO_PRODUCER_EPOCH
                        || (batch.baseSequence() < 0 && !batch.isControl()));
        if (halfKnown || (anyone && batch.isTransactional())) {
            return Refusal.of(ErrorCode.UNKNOWN_SERVER_ERROR, "a producer without an id, an epoch or a sequence");
        }
        return null;
    }

    /** Writes a batch anew, with the codec that the topic wants and its records numbered from 0. */
    private Decided rewrite(BatchView batch, boolean appendTime) {
        BatchWriter writer = BatchWriter.at(batch.baseOffset())
                .compressedWith(TopicCodec.isKept(config, batch) ? batch.codec() : TopicCodec.of(config))
                .producer(batch.producerId(), batch.producerEpoch(), batch.baseSequence());
        if (batch.isTransactional()) {
            writer.transactional();
        }
        if (batch.isControl()) {
            writer.control();
        }
        if (appendTime) {
            writer.appendTime(nowMs);
        }
        try (RecordCursor record = batch.streamRecords(OPENED_BYTES_MAX)) {
            while (record.advance()) {
                writer.append(record.timestampMs(), record.key(), record.value(), record.headers());
                if (writer.leastBytes() > config.maxMessageBytes()) {
                    return new Decided.Refused(tooLarge(writer.leastBytes()));
                }
            }
        } catch (MalformedMessage malformed) {
            return refused(ErrorCode.INVALID_RECORD, "unreadable records: " + malformed.getMessage());
        }
        ByteBuffer rewritten = writer.build();
        return rewritten.remaining() > config.maxMessageBytes()
                ? new Decided.Refused(tooLarge(rewritten.remaining()))
                : new Decided.Admitted(rewritten, origin, appendTime ? nowMs : BatchLayout.NO_TIMESTAMP);
    }

    private Refusal tooLarge(long sizeBytes) {
        return Refusal.of(
                ErrorCode.MESSAGE_TOO_LARGE,
                "a batch of " + sizeBytes + " bytes for " + partition + ", where max.message.bytes is "
                        + config.maxMessageBytes());
    }

    private static Decided refused(BatchDefect defect) {
        return new Decided.Refused(refusal(defect));
    }

    private static Decided refused(ErrorCode error, String message) {
        return new Decided.Refused(Refusal.of(error, message));
    }

    private static Refusal refusal(BatchDefect defect) {
        return Refusal.of(defect.error(), defect.sentence());
    }
}
