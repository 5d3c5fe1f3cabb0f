package ottla.coordinator.offset;

import ottla.base.Uuid;
import ottla.coordinator.group.GroupRecord;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import ottla.wire.message.group.LegacyOffsetCommitValue;
import ottla.wire.message.group.OffsetCommitKey;
import ottla.wire.message.group.OffsetCommitValue;

/**
 * How far a group has come in one partition. A leader epoch or an expiry of -1 was not given; a topic id of zero was not known, in
 * commits from before Kafka 4.1.
 */
public record CommittedOffset(
        long offset, int leaderEpoch, String metadata, long commitTimestampMs, long expireTimestampMs, Uuid topicId) {
    /** No such number was given. */
    public static final int NONE = -1;

    /** Flexible, with the topic's id. */
    private static final int VALUE_VERSION = 4;

    /** The only version that can say when the offset expires, as clients before 2.1 ask for. */
    private static final int VALUE_VERSION_WITH_EXPIRY = 1;

    static CommittedOffset of(OffsetCommitRequestPartition asked, Uuid topicId, long nowMs, long expireTimestampMs) {
        String metadata = asked.committedMetadata();
        return new CommittedOffset(
                asked.committedOffset(),
                asked.committedLeaderEpoch(),
                metadata == null ? "" : metadata,
                nowMs,
                expireTimestampMs,
                topicId);
    }

    public static CommittedOffset of(OffsetCommitValue value) {
        return new CommittedOffset(
                value.offset(),
                value.leaderEpoch(),
                value.metadata(),
                value.commitTimestamp(),
                value.expireTimestamp(),
                value.topicId());
    }

    public static CommittedOffset of(LegacyOffsetCommitValue value) {
        return new CommittedOffset(value.offset(), NONE, value.metadata(), value.commitTimestamp(), NONE, Uuid.ZERO);
    }

    GroupRecord toRecord(OffsetCommitKey key) {
        return new GroupRecord(
                key,
                OffsetCommitValue.DEFAULT
                        .withOffset(offset)
                        .withLeaderEpoch(leaderEpoch)
                        .withMetadata(metadata)
                        .withCommitTimestamp(commitTimestampMs)
                        .withExpireTimestamp(expireTimestampMs)
                        .withTopicId(topicId),
                expireTimestampMs == NONE ? VALUE_VERSION : VALUE_VERSION_WITH_EXPIRY);
    }

    /** Whether it belongs to a topic of another id than the one asked for: the topic was deleted and made again. */
    boolean isOfAnother(Uuid askedTopicId) {
        return !topicId.isZero() && !askedTopicId.isZero() && !topicId.equals(askedTopicId);
    }
}
