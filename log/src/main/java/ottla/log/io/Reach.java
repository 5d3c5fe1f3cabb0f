package ottla.log.io;

import java.util.TreeMap;

/**
 * How far something is done that is done stretch by stretch and in any order: up to here, everything is. Changed under its owner's
 * monitor, read by anybody.
 */
final class Reach {
    private final TreeMap<Long, Long> ahead = new TreeMap<>();
    private volatile long point;

    Reach(long point) {
        this.point = point;
    }

    long point() {
        return point;
    }

    /** The stretch from one offset to another is done; it counts once everything before it is. */
    void done(long fromOffset, long endOffset) {
        if (fromOffset > point) {
            ahead.merge(fromOffset, endOffset, Math::max);
            return;
        }
        long reached = Math.max(point, endOffset);
        while (!ahead.isEmpty() && ahead.firstKey() <= reached) {
            reached = Math.max(reached, ahead.pollFirstEntry().getValue());
        }
        point = reached;
    }

    /** Nothing from an offset on is done any more. */
    void cutTo(long offset) {
        point = Math.min(point, offset);
        ahead.clear();
    }
}
