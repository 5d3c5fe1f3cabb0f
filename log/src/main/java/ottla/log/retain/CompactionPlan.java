package ottla.log.retain;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import ottla.log.LogConfig;

/**
 * What there is to compact in a log.
 *
 * @param firstDirtyOffset where the part begins that no pass has seen
 * @param endOffset the end of what may be cleaned now: the base offset of a segment
 * @param cleanBytes the segments before the dirty part
 * @param dirtyBytes the segments of the dirty part
 * @param urgency whether a record has waited for longer than {@code max.compaction.lag.ms}
 */
public record CompactionPlan(long firstDirtyOffset, long endOffset, long cleanBytes, long dirtyBytes, Urgency urgency) {
    public enum Urgency {
        BY_RATIO,
        OVERDUE
    }

    /**
     * The bounds of a log.
     *
     * @param stableOffset the last stable offset: what is not decided yet, or not yet replicated, is not cleaned
     */
    public record Bounds(long startOffset, long endOffset, long stableOffset) {}

    /**
     * @param segments all segments in order; the last one is written to and never cleaned
     * @param checkpoint up to where earlier passes have cleaned, if there was any
     */
    public static CompactionPlan of(
            List<? extends CompactedSegment> segments,
            LogConfig config,
            Bounds bounds,
            OptionalLong checkpoint,
            long nowMs) {
        long firstDirty = checkpoint.orElse(bounds.startOffset());
        if (firstDirty < bounds.startOffset() || firstDirty > bounds.endOffset()) {
            // Deleted in the meantime, or of a history that was cut off.
            firstDirty = bounds.startOffset();
        }
        long active = segments.getLast().baseOffset();
        long uncleanable = Math.min(bounds.stableOffset(), active);
        if (config.minCompactionLagMs() > 0) {
            List<? extends CompactedSegment> dirty = between(segments, firstDirty, active);
            uncleanable = Math.min(uncleanable, firstTooYoung(dirty, nowMs - config.minCompactionLagMs()));
        }
        List<? extends CompactedSegment> left = between(segments, Math.max(firstDirty, uncleanable), active);
        long end = left.isEmpty() ? active : left.getFirst().baseOffset();
        long clean = 0;
        for (CompactedSegment segment : segments) {
            clean += segment.baseOffset() < firstDirty ? segment.sizeBytes() : 0;
        }
        long dirty = 0;
        for (CompactedSegment segment : between(segments, Math.min(firstDirty, end), end)) {
            dirty += segment.sizeBytes();
        }
        boolean overdue = config.maxCompactionLagMs() < Long.MAX_VALUE
                && anyOlder(between(segments, firstDirty, active), nowMs - config.maxCompactionLagMs());
        return new CompactionPlan(firstDirty, end, clean, dirty, overdue ? Urgency.OVERDUE : Urgency.BY_RATIO);
    }

    /** How much of what could be cleaned was never seen by a pass: the logs with most go first. */
    public double dirtyRatio() {
        long totalBytes = cleanBytes + dirtyBytes;
        return totalBytes == 0 ? 0 : (double) dirtyBytes / totalBytes;
    }

    /** Whether a pass is worth its cost. */
    public boolean due(LogConfig config) {
        return cleanBytes + dirtyBytes > 0
                && ((urgency == Urgency.OVERDUE && dirtyBytes > 0) || dirtyRatio() > config.minCleanableDirtyRatio());
    }

    /** The segments from the one that holds an offset on, up to those that begin at another. */
    public static <S extends CompactedSegment> List<S> between(List<S> segments, long fromOffset, long endOffset) {
        List<S> found = new ArrayList<>();
        for (int i = 0; i < segments.size() && fromOffset < endOffset; i++) {
            boolean passed = i + 1 < segments.size() && segments.get(i + 1).baseOffset() <= fromOffset;
            if (!passed && segments.get(i).baseOffset() < endOffset) {
                found.add(segments.get(i));
            }
        }
        return found;
    }

    private static long firstTooYoung(List<? extends CompactedSegment> segments, long newestMs) {
        for (CompactedSegment segment : segments) {
            if (segment.largestTimestampMs() > newestMs) {
                return segment.baseOffset();
            }
        }
        return Long.MAX_VALUE;
    }

    private static boolean anyOlder(List<? extends CompactedSegment> segments, long thanMs) {
        for (CompactedSegment segment : segments) {
            long firstMs = segment.firstTimestampMs();
            if (firstMs > 0 && firstMs < thanMs) {
                return true;
            }
        }
        return false;
    }

    /**
     * Which segments become one. What is left of them may be as much as there was, so together they must not exceed a segment's
     * size, nor that of its indexes, nor reach further than an offset index can tell.
     *
     * @param cleanableEnd the end of what may be cleaned, which bounds the last segment
     */
    public static <S extends CompactedSegment> List<List<S>> groups(
            List<S> segments, LogConfig config, long cleanableEnd) {
        List<List<S>> groups = new ArrayList<>();
        int next = 0;
        while (next < segments.size()) {
            S first = segments.get(next);
            long sizeBytes = first.sizeBytes();
            long offsetIndexBytes = first.offsetIndexBytes();
            long timeIndexBytes = first.timeIndexBytes();
            int end = next + 1;
            while (end < segments.size()) {
                S segment = segments.get(end);
                sizeBytes += segment.sizeBytes();
                offsetIndexBytes += segment.offsetIndexBytes();
                timeIndexBytes += segment.timeIndexBytes();
                long lastOffset =
                        (end + 1 < segments.size() ? segments.get(end + 1).baseOffset() : cleanableEnd) - 1;
                boolean reachable = segment.sizeBytes() == 0 || lastOffset - first.baseOffset() <= Integer.MAX_VALUE;
                if (sizeBytes > config.rollBytes()
                        || offsetIndexBytes > config.segmentIndexBytes()
                        || timeIndexBytes > config.segmentIndexBytes()
                        || !reachable) {
                    break;
                }
                end++;
            }
            groups.add(List.copyOf(segments.subList(next, end)));
            next = end;
        }
        return groups;
    }
}
