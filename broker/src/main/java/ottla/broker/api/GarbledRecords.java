package ottla.broker.api;

import java.nio.ByteBuffer;
import ottla.base.ErrorCode;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchLayout;

/**
 * Records that do not even begin like a batch. As in Kafka, one such partition refuses the whole Produce: it looks at the first batch
 * of each for a transaction, before it looks at anything else, and stops when it has found one. Whoever writes within a transaction
 * says which, and is allowed or not by that.
 */
final class GarbledRecords {
    /** What the smallest batch of any format, one of format 0 with an empty record, counts. */
    private static final int SMALLEST_LENGTH = 14;

    private GarbledRecords() {}

    static ErrorCode refusal(ProduceRequest request) {
        for (TopicProduceData topic : request.topicData()) {
            for (PartitionProduceData data : topic.partitionData()) {
                Payload records = data.records();
                if (records == null) {
                    continue;
                }
                ByteBuffer bytes = records.pieces().getFirst();
                if (isGarbled(bytes)) {
                    return ErrorCode.CORRUPT_MESSAGE;
                }
                if (isTransactional(bytes)) {
                    return request.transactionalId() == null
                            ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
                            : ErrorCode.NONE;
                }
            }
        }
        return ErrorCode.NONE;
    }

    private static boolean isGarbled(ByteBuffer bytes) {
        int start = bytes.position();
        if (bytes.remaining() < BatchLayout.COUNTED_FROM) {
            return false;
        }
        if (bytes.getInt(start + BatchLayout.LENGTH) < SMALLEST_LENGTH) {
            return true;
        }
        return bytes.remaining() >= BatchLayout.KNOWN_BY
                && (bytes.get(start + BatchLayout.MAGIC) < 0
                        || bytes.get(start + BatchLayout.MAGIC) > BatchLayout.MAGIC_2);
    }

    private static boolean isTransactional(ByteBuffer bytes) {
        int start = bytes.position();
        return bytes.remaining() >= BatchLayout.HEADER_BYTES
                && bytes.get(start + BatchLayout.MAGIC) == BatchLayout.MAGIC_2
                && (bytes.getShort(start + BatchLayout.ATTRIBUTES) & BatchLayout.TRANSACTIONAL) != 0;
    }
}
