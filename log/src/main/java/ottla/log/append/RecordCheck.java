package ottla.log.append;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.LogConfig;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.RecordCursor;
import ottla.wire.record.TimestampType;

/**
 * One walk over the records of a batch, which are decompressed as it goes and never all in memory: each of them is whole and in
 * its place, has a key if the topic wants one, and a time that the topic takes.
 *
 * <p>What a refusal says of each record is what Kafka says, to the letter: clients show it and people search for it.
 */
final class RecordCheck {
    /**
     * Errors listed in one answer. A batch of a megabyte may hold a hundred million bad records, which nobody must have to list;
     * this many are more than the honest batches of any client hold.
     */
    static final int ERRORS_MAX = 10_000;

    private static final int ERRORS_SHOWN = 3;

    private final TopicPartition partition;
    private final LogConfig config;
    private final long nowMs;
    private final boolean createTime;

    private long maxTimestamp;
    private boolean dense;
    private boolean negativeTime;
    private boolean timeError;
    private int errorCount;
    private List<RecordError> errors = List.of();

    RecordCheck(TopicPartition partition, LogConfig config, long nowMs) {
        this.partition = partition;
        this.config = config;
        this.nowMs = nowMs;
        createTime = config.messageTimestampType() == TimestampType.CREATE_TIME;
    }

    /** What is wrong with the records of a batch, if anything is. */
    @Nullable
    Refusal check(BatchView batch) {
        maxTimestamp = BatchLayout.NO_TIMESTAMP;
        dense = true;
        negativeTime = false;
        errorCount = 0;
        errors = List.of();
        timeError = false;
        int index = 0;
        try (RecordCursor record = batch.skimRecords()) {
            while (record.advance()) {
                check(batch, record, index);
                dense &= record.offsetDelta() == index;
                index++;
            }
        } catch (MalformedMessage malformed) {
            return Refusal.of(ErrorCode.INVALID_RECORD, "unreadable records: " + malformed.getMessage());
        }
        return errorCount == 0 ? null : refusal();
    }

    /** The latest time of the records that were checked last. */
    long maxTimestamp() {
        return maxTimestamp;
    }

    /** Whether they count up from 0. */
    boolean isDense() {
        return dense;
    }

    /** Whether one of them has a time before 1970, which no client can set and no writer writes. */
    boolean hasNegativeTime() {
        return negativeTime;
    }

    private void check(BatchView batch, RecordCursor record, int index) {
        long timestampMs = record.timestampMs();
        maxTimestamp = Math.max(maxTimestamp, timestampMs);
        negativeTime |= timestampMs < BatchLayout.NO_TIMESTAMP;
        if (config.compacts() && !record.hasKey()) {
            add(index, "Compacted topic cannot accept message without key in topic partition " + partition);
        } else if (createTime && timestampMs != BatchLayout.NO_TIMESTAMP) {
            if (nowMs - timestampMs > config.messageTimestampBeforeMaxMs()
                    || timestampMs - nowMs > config.messageTimestampAfterMaxMs()) {
                timeError = true;
                add(
                        index,
                        "Timestamp " + timestampMs + " of message with offset " + record.offset()
                                + " is out of range. The timestamp should be within ["
                                + (nowMs - config.messageTimestampBeforeMaxMs()) + ", "
                                + (nowMs + config.messageTimestampAfterMaxMs()) + "]");
            }
        } else if (batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            timeError = true;
            add(
                    index,
                    "Invalid timestamp type in message " + describe(batch, record)
                            + ". Producer should not set timestamp type to LogAppendTime.");
        }
    }

    /** Kafka reads a record only in part if that is enough, and then calls it so and gives null a size of its own. */
    private String describe(BatchView batch, RecordCursor record) {
        boolean inPart = batch.isCompressed() && TopicCodec.isKept(config, batch);
        int least = inPart ? -1 : 0;
        return (inPart ? "PartialDefaultRecord" : "DefaultRecord") + "(offset=" + record.offset() + ", timestamp="
                + record.timestampMs() + ", key=" + Math.max(least, record.keyBytes()) + " bytes, value="
                + Math.max(least, record.valueBytes()) + " bytes)";
    }

    private void add(int index, String message) {
        if (errorCount == 0) {
            errors = new ArrayList<>();
        }
        errorCount++;
        if (errors.size() < ERRORS_MAX) {
            errors.add(new RecordError(index, message));
        }
    }

    private Refusal refusal() {
        if (timeError) {
            return new Refusal(
                    ErrorCode.INVALID_TIMESTAMP,
                    "One or more records have been rejected due to invalid timestamp",
                    errors);
        }
        List<String> shown = errors.stream()
                .limit(ERRORS_SHOWN)
                .map(error -> "RecordError(batchIndex=" + error.index() + ", message='" + error.message() + "')")
                .toList();
        return new Refusal(
                ErrorCode.INVALID_RECORD,
                "One or more records have been rejected due to " + errorCount
                        + " record errors in total, and only showing the first three errors at most: " + shown,
                errors);
    }
}
