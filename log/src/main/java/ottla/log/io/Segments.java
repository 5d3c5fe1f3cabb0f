package ottla.log.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ottla.base.Check;

/** The segments of a log in order. There is always one, and the last is the one that is written to. Under the log's lock. */
final class Segments {
    private final TreeMap<Long, Segment> byBaseOffset = new TreeMap<>();

    void add(Segment segment) {
        Segment before = byBaseOffset.put(segment.baseOffset(), segment);
        Check.invariant(before == null, "one segment for a base offset", segment.baseOffset(), 0);
    }

    void remove(Segment segment) {
        byBaseOffset.remove(segment.baseOffset());
    }

    boolean contains(Segment segment) {
        return byBaseOffset.get(segment.baseOffset()) == segment;
    }

    boolean isEmpty() {
        return byBaseOffset.isEmpty();
    }

    int count() {
        return byBaseOffset.size();
    }

    Segment first() {
        return byBaseOffset.firstEntry().getValue();
    }

    Segment active() {
        return byBaseOffset.lastEntry().getValue();
    }

    /** The segment that an offset would be in; the first one if the offset is before all. */
    Segment holding(long offset) {
        Map.Entry<Long, Segment> floor = byBaseOffset.floorEntry(offset);
        return floor == null ? first() : floor.getValue();
    }

    /** Those from the one that holds an offset on. */
    Collection<Segment> from(long offset) {
        return byBaseOffset.tailMap(holding(offset).baseOffset(), true).values();
    }

    /** Those that may hold what lies from one offset to another. */
    List<Segment> between(long offset, long endOffset) {
        return from(offset).stream()
                .filter(segment -> segment.baseOffset() < endOffset)
                .toList();
    }

    /** Where a segment ends, of a log that ends there. */
    long endOf(Segment segment, long logEndOffset) {
        Long next = byBaseOffset.higherKey(segment.baseOffset());
        return next == null ? logEndOffset : next;
    }

    /** Those that begin at an offset or later. */
    List<Segment> beginningAt(long offset) {
        return new ArrayList<>(byBaseOffset.tailMap(offset, true).values());
    }

    /** Those that end at or before an offset. */
    List<Segment> endingBefore(long offset) {
        List<Segment> ended = new ArrayList<>();
        for (Segment segment : byBaseOffset.values()) {
            Map.Entry<Long, Segment> next = byBaseOffset.higherEntry(segment.baseOffset());
            if (next == null || next.getKey() > offset) {
                break;
            }
            ended.add(segment);
        }
        return ended;
    }

    Collection<Segment> all() {
        return byBaseOffset.values();
    }

    long sizeBytes() {
        long total = 0;
        for (Segment segment : byBaseOffset.values()) {
            total += segment.sizeBytes();
        }
        return total;
    }
}
