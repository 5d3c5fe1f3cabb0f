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
        if (next.currentLeaderEpoch() != asked.currentLeaderEpoch()) {
            // what was told in an earlier epoch may have come too late to be taken
            toldHighWatermark = NEVER_TOLD;
        }
        asked = next;
    }

    void told(PartitionData answer) {
        toldHighWatermark = isTaken(answer) ? answer.highWatermark() : NEVER_TOLD;
        toldStartOffset = answer.logStartOffset();
    }

    /** Whoever has to do something else first takes nothing from the answer, so what comes afterwards is news. */
    private static boolean isTaken(PartitionData answer) {
        return answer.errorCode() == ErrorCode.NONE.code()
                && answer.divergingEpoch().endOffset() < 0;
    }

    /** Whether an incremental answer has something to tell; if so, it counts as told. */
    boolean tell(PartitionData answer) {
        boolean news = hasRecords(answer)
                || answer.highWatermark() != toldHighWatermark
                || answer.logStartOffset() != toldStartOffset
                || answer.preferredReadReplica() >= 0;
        told(answer);
        return news || !isTaken(answer);
    }

    static boolean hasRecords(PartitionData answer) {
        Payload records = answer.records();
        return records != null && records.sizeBytes() > 0;
    }
}
