package ottla.log;

import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import ottla.wire.record.TimestampType;

/**
 * A topic's settings, under Kafka's names and with Kafka's defaults. Immutable; a change of configuration is a new value handed
 * to the log.
 *
 * <p>{@link #of} reads them from texts. A value that is out of range is answered with {@link Parsed.Refused}, never thrown.
 */
public record LogConfig(
        Set<CleanupPolicy> cleanupPolicy,
        CompressionType compressionType,
        int compressionGzipLevel,
        int compressionLz4Level,
        int compressionZstdLevel,
        long deleteRetentionMs,
        long fileDeleteDelayMs,
        long flushMessages,
        long flushMs,
        String followerReplicationThrottledReplicas,
        int indexIntervalBytes,
        String leaderReplicationThrottledReplicas,
        long localRetentionBytes,
        long localRetentionMs,
        long maxCompactionLagMs,
        int maxMessageBytes,
        long messageTimestampAfterMaxMs,
        long messageTimestampBeforeMaxMs,
        TimestampType messageTimestampType,
        double minCleanableDirtyRatio,
        long minCompactionLagMs,
        int minInsyncReplicas,
        boolean preallocate,
        boolean remoteLogCopyDisable,
        boolean remoteLogDeleteOnDisable,
        boolean remoteStorageEnable,
        long retentionBytes,
        long retentionMs,
        int segmentBytes,
        OptionalInt internalSegmentBytes,
        int segmentIndexBytes,
        long segmentJitterMs,
        long segmentMs,
        boolean uncleanLeaderElectionEnable) {

    /** Every setting at Kafka's default. */
    public static final LogConfig DEFAULT = LogSettings.defaults();

    public LogConfig {
        cleanupPolicy = Set.copyOf(cleanupPolicy);
    }

    /** The names of all topic settings, sorted. */
    public static Set<String> names() {
        return LogSettings.names();
    }

    /** Reads settings; those that are not named keep Kafka's default. */
    public static Parsed of(Map<String, String> texts) {
        return DEFAULT.with(texts);
    }

    /** These settings with some of them replaced by the texts given. */
    public Parsed with(Map<String, String> texts) {
        return LogSettings.parse(this, texts);
    }

    /** Every setting as text, in the form that {@link #of} reads. */
    public Map<String, String> texts() {
        return LogSettings.texts(this);
    }

    /** At what size a segment is closed: {@code segment.bytes}, unless a test asked for less. */
    public int rollBytes() {
        return internalSegmentBytes.orElse(segmentBytes);
    }

    /** At what age a segment is closed: a compacted topic's must be, for its records to be cleaned in time. */
    public long rollMs() {
        return compacts() && maxCompactionLagMs() > 0 ? Math.min(maxCompactionLagMs(), segmentMs()) : segmentMs();
    }

    public boolean compacts() {
        return cleanupPolicy.contains(CleanupPolicy.COMPACT);
    }

    public boolean deletes() {
        return cleanupPolicy.contains(CleanupPolicy.DELETE);
    }

    /** What came of reading texts. */
    public sealed interface Parsed {
        record Accepted(LogConfig config) implements Parsed {}

        /** Which setting was refused, and a sentence for whoever wrote it. */
        record Refused(String name, String value, String reason) implements Parsed {}
    }
}
