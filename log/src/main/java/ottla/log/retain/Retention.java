package ottla.log.retain;

import java.util.List;
import ottla.log.LogConfig;

/**
 * Which segments a log no longer needs. Only whole segments go, only from the front, and none with records that are not yet
 * replicated to all who should have them.
 */
public final class Retention {
    private Retention() {}

    /** Why the last of the segments goes, for the log line. */
    public enum Reason {
        NONE,
        TIME,
        SIZE,
        LOG_START
    }

    /**
     * What to do.
     *
     * @param count how many segments to delete, counted from the first
     */
    public record Plan(int count, Reason reason) {
        public static final Plan NOTHING = new Plan(0, Reason.NONE);
    }

    /**
     * @param segments all segments in order; the last one is written to and goes only if it holds anything
     */
    public static Plan plan(
            List<SegmentFacts> segments, LogConfig config, long logStartOffset, long highWatermark, long nowMs) {
        int deletable = deletable(segments, highWatermark);
        Plan plan = Plan.NOTHING;
        if (config.deletes()) {
            plan = more(plan, byTime(segments, deletable, config.retentionMs(), nowMs), Reason.TIME);
            plan = more(plan, bySize(segments, deletable, config.retentionBytes()), Reason.SIZE);
        }
        return more(plan, byLogStart(segments, deletable, logStartOffset), Reason.LOG_START);
    }

    private static Plan more(Plan plan, int count, Reason reason) {
        return count > plan.count() ? new Plan(count, reason) : plan;
    }

    private static int deletable(List<SegmentFacts> segments, long highWatermark) {
        int count = 0;
        while (count < segments.size() && segments.get(count).endOffset() <= highWatermark) {
            count++;
        }
        boolean emptyLast = !segments.isEmpty() && segments.getLast().sizeBytes() == 0;
        return emptyLast ? Math.min(count, segments.size() - 1) : count;
    }

    private static int byTime(List<SegmentFacts> segments, int deletable, long retentionMs, long nowMs) {
        int count = 0;
        if (retentionMs >= 0) {
            while (count < deletable && nowMs - segments.get(count).newestMs() > retentionMs) {
                count++;
            }
        }
        return count;
    }

    private static int bySize(List<SegmentFacts> segments, int deletable, long retentionBytes) {
        int count = 0;
        if (retentionBytes >= 0) {
            long excessBytes = -retentionBytes;
            for (SegmentFacts segment : segments) {
                excessBytes += segment.sizeBytes();
            }
            while (count < deletable && excessBytes - segments.get(count).sizeBytes() >= 0) {
                excessBytes -= segments.get(count).sizeBytes();
                count++;
            }
        }
        return count;
    }

    private static int byLogStart(List<SegmentFacts> segments, int deletable, long logStartOffset) {
        int count = 0;
        while (count < deletable
                && count < segments.size() - 1
                && segments.get(count).endOffset() <= logStartOffset) {
            count++;
        }
        return count;
    }
}
