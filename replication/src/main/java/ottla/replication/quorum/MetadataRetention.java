package ottla.replication.quorum;

import java.util.List;
import java.util.Optional;

/**
 * Which snapshots of the metadata log to keep: Kafka's {@code metadata.max.retention.bytes} and {@code .ms}. The newest one always
 * stays, and so does the log behind the oldest one that stays.
 */
public record MetadataRetention(long maxBytes, long maxMs) {
    /** Kafka's defaults: 100 MiB and seven days. */
    public static final MetadataRetention DEFAULT = new MetadataRetention(100L * 1024 * 1024, 7L * 24 * 60 * 60 * 1000);

    /** A snapshot on disk; the time is that of the newest record in it. */
    public record Stored(SnapshotId id, long sizeBytes, long lastContainedTimeMs) {}

    /** The oldest snapshot to keep, if any older one is to go. */
    public Optional<SnapshotId> oldestKept(List<Stored> oldestFirst, long logBytes, long nowMs) {
        long totalBytes = logBytes;
        for (Stored snapshot : oldestFirst) {
            totalBytes += snapshot.sizeBytes();
        }
        int kept = 0;
        while (kept < oldestFirst.size() - 1) {
            Stored oldest = oldestFirst.get(kept);
            boolean tooMany = maxBytes >= 0 && totalBytes > maxBytes;
            boolean tooOld = maxMs >= 0 && oldest.lastContainedTimeMs() < nowMs - maxMs;
            if (!tooMany && !tooOld) {
                break;
            }
            totalBytes -= oldest.sizeBytes();
            kept++;
        }
        return kept == 0 ? Optional.empty() : Optional.of(oldestFirst.get(kept).id());
    }
}
