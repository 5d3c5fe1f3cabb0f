package ottla.replication.session;

import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/**
 * One partition of a fetch: what is asked for, and what was last answered. Named by topic id from version 13 of Fetch on, and by
 * name before.
 *
 * <p>In a session it lives from request to request and is changed under the lock of the sessions; outside of one it belongs to
 * its request. Its name never changes.
 */
public final class SessionPartition {
    private static final long NEVER_TOLD = -1;

    private final Key key;
    private FetchPartition asked;
    private long toldHighWatermark = NEVER_TOLD;
    private long toldStartOffset = NEVER_TOLD;

    /** Either {@code topic} is empty or {@code topicId} is zero. */
    record Key(String topic, Uuid topicId, int partition) {}

    SessionPartition(Key key, FetchPartition asked) {
        this.key = key;
        this.asked = asked;
    }

    /** Empty from version 13 on. */
    public String topic() {
        return key.topic();
    }

    /** Zero before version 13. */
    public Uuid topicId() {
        return key.topicId();
    }

    public int partition() {
        return key.partition();
    }

    /** The latest request for it. */
    public FetchPartition asked() {
        return asked;
    }

    Key key() {
        return key;
    }

    void ask(FetchPartition next) {
        asked = next;
    }

    void told(PartitionData answer) {
        toldHighWatermark = answer.highWatermark();
        toldStartOffset = answer.logStartOffset();
    }

    /** Whether an incremental answer has something to tell; if so, it counts as told. */
    boolean tell(PartitionData answer) {
        boolean news = hasRecords(answer)
                || answer.highWatermark() != toldHighWatermark
                || answer.logStartOffset() != toldStartOffset
                || answer.preferredReadReplica() >= 0
                || answer.divergingEpoch().endOffset() >= 0;
        told(answer);
        if (answer.errorCode() != ErrorCode.NONE.code()) {
            // Whatever comes after the error is news, be it the same as before.
            toldHighWatermark = NEVER_TOLD;
            return true;
        }
        return news;
    }

    static boolean hasRecords(PartitionData answer) {
        Payload records = answer.records();
        return records != null && records.sizeBytes() > 0;
    }
}
