package ottla.coordinator.group;

/**
 * What the group coordinator is configured with, named as Kafka's keys:
 *
 * <pre>
 *   group.min.session.timeout.ms       minSessionTimeoutMs
 *   group.max.session.timeout.ms       maxSessionTimeoutMs
 *   group.max.size                     maxSize
 *   group.initial.rebalance.delay.ms   initialRebalanceDelayMs
 *   offset.metadata.max.bytes          offsetMetadataMaxBytes
 *   offsets.retention.minutes          offsetsRetentionMs, in milliseconds
 *   offsets.retention.check.interval.ms offsetsRetentionCheckIntervalMs
 *   offsets.commit.timeout.ms          offsetsCommitTimeoutMs
 *   offsets.topic.num.partitions       offsetsTopicPartitions
 * </pre>
 */
public record GroupConfig(
        int minSessionTimeoutMs,
        int maxSessionTimeoutMs,
        int maxSize,
        int initialRebalanceDelayMs,
        int offsetMetadataMaxBytes,
        long offsetsRetentionMs,
        long offsetsRetentionCheckIntervalMs,
        int offsetsCommitTimeoutMs,
        int offsetsTopicPartitions) {
    /** Kafka's defaults. */
    public static final GroupConfig DEFAULT =
            new GroupConfig(6_000, 1_800_000, Integer.MAX_VALUE, 3_000, 4_096, 10_080 * 60_000L, 600_000, 5_000, 50);

    /**
     * How long a member that has just joined may take to see its group's first answer: a client that was told of no member id
     * yet cannot send heartbeats meanwhile. Not configurable in Kafka either.
     */
    public static final int NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000;

    public GroupConfig withMaxSize(int maxSize) {
        return new GroupConfig(
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                maxSize,
                initialRebalanceDelayMs,
                offsetMetadataMaxBytes,
                offsetsRetentionMs,
                offsetsRetentionCheckIntervalMs,
                offsetsCommitTimeoutMs,
                offsetsTopicPartitions);
    }

    public GroupConfig withInitialRebalanceDelayMs(int initialRebalanceDelayMs) {
        return new GroupConfig(
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                maxSize,
                initialRebalanceDelayMs,
                offsetMetadataMaxBytes,
                offsetsRetentionMs,
                offsetsRetentionCheckIntervalMs,
                offsetsCommitTimeoutMs,
                offsetsTopicPartitions);
    }
}
