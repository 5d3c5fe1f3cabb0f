package ottla.log.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import ottla.log.format.TimeIndexLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.RecordCursor;

/**
 * A search for a record by its timestamp: planned under the log's lock, carried out without it on a thread that may wait for the
 * disk.
 */
public final class TimestampSearch {
    private final List<Part> parts;
    private final long startOffset;
    private final long timestampMs;
    private final Goal goal;

    private enum Goal {
        /** The first record whose timestamp is the wanted one or later. */
        FIRST_FROM,
        /** The first record of those that have the largest timestamp. */
        LARGEST
    }

    /** A record that was found, and the leader epoch of its batch. */
    public record Found(long offset, long timestampMs, int leaderEpoch) {}

    /** A segment, and what it was like when the search was planned, if that was in memory. */
    private record Part(Segment segment, Optional<Stretch> known) {
        static Part of(Segment segment) {
            return new Part(segment, segment.isAwake() ? Optional.of(Stretch.of(segment)) : Optional.empty());
        }

        Stretch look() {
            return known.orElseGet(() -> Stretch.of(segment));
        }
    }

    /** A segment as it was when it was looked at, with the entries of its indexes that are in their files. */
    private record Stretch(
            Segment segment, long largestTimestampMs, int sizeBytes, int offsetEntries, int timeEntries) {
        static Stretch of(Segment segment) {
            return new Stretch(
                    segment,
                    segment.largestTimestampMs(),
                    segment.sizeBytes(),
                    segment.offsets().writtenCount(),
                    segment.times().writtenCount());
        }

        BatchScan scan(int position) {
            return new BatchScan(segment.data(), position, sizeBytes);
        }

        int positionBefore(long timestampMs) {
            int entry = segment.times().floorWritten(timestampMs, timeEntries);
            if (entry < 0) {
                return 0;
            }
            int relative = segment.times().entry(entry).getInt(TimeIndexLayout.OFFSET);
            return segment.positionAt(segment.offsets().floorWritten(relative, offsetEntries));
        }
    }

    private TimestampSearch(List<Part> parts, long startOffset, long timestampMs, Goal goal) {
        this.parts = parts;
        this.startOffset = startOffset;
        this.timestampMs = timestampMs;
        this.goal = goal;
    }

    /** @param segments all that hold anything from the log's start on */
    static TimestampSearch firstFrom(Collection<Segment> segments, long startOffset, long timestampMs) {
        return new TimestampSearch(parts(segments), startOffset, timestampMs, Goal.FIRST_FROM);
    }

    /** @param segments all that hold anything from the log's start on */
    static TimestampSearch largest(Collection<Segment> segments, long startOffset) {
        return new TimestampSearch(parts(segments), startOffset, Segment.NO_TIMESTAMP, Goal.LARGEST);
    }

    private static List<Part> parts(Collection<Segment> segments) {
        return segments.stream().map(Part::of).toList();
    }

    /** Throws {@link DiskFailure}, with {@link DiskFailure.Kind#ABSENT} if a segment was deleted meanwhile. */
    public Optional<Found> run() {
        return goal == Goal.LARGEST ? largest() : firstFrom();
    }

    private Optional<Found> firstFrom() {
        for (Part part : parts) {
            Stretch stretch = part.look();
            if (stretch.largestTimestampMs() < timestampMs) {
                continue;
            }
            // An entry for a timestamp says that no batch up to its own has a later one, so the wanted record is after
            // the last entry below the wanted timestamp.
            BatchScan scan = stretch.scan(stretch.positionBefore(timestampMs - 1));
            while (scan.advance()) {
                if (scan.maxTimestamp() >= timestampMs && scan.lastOffset() >= startOffset) {
                    Optional<Found> found = first(scan.batch(), timestampMs);
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** The first segment with the largest timestamp has the record, unless that in which the log starts has it. */
    private Optional<Found> largest() {
        List<Stretch> wanted = new ArrayList<>(2);
        long largestMs = Long.MIN_VALUE;
        for (Part part : parts) {
            Stretch stretch = part.look();
            if (isWhole(stretch) && stretch.largestTimestampMs() > largestMs) {
                largestMs = stretch.largestTimestampMs();
                wanted.clear();
                wanted.add(stretch);
            }
        }
        Stretch first = parts.getFirst().look();
        if (!isWhole(first) && first.largestTimestampMs() >= largestMs) {
            wanted.addFirst(first);
        }
        Optional<Found> largest = Optional.empty();
        long leastMs = Segment.NO_TIMESTAMP; // if no record has a time, the first one stands for all
        for (Stretch stretch : wanted) {
            BatchScan scan = stretch.scan(isWhole(stretch) ? stretch.positionBefore(largestMs - 1) : 0);
            while (scan.advance()) {
                if (scan.maxTimestamp() < leastMs || scan.lastOffset() < startOffset) {
                    continue;
                }
                Optional<Found> next = largest(scan.batch(), leastMs);
                if (next.isPresent()) {
                    largest = next;
                    leastMs = next.get().timestampMs() + 1;
                }
            }
        }
        return largest;
    }

    /** What the index says of a segment in which the log starts may be about records that are given up. */
    private boolean isWhole(Stretch stretch) {
        return stretch.segment().baseOffset() >= startOffset;
    }

    private Optional<Found> largest(BatchView batch, long leastMs) {
        long foundOffset = -1;
        long foundMs = leastMs - 1;
        try (RecordCursor record = batch.skimRecords()) {
            while (record.advance()) {
                if (record.timestampMs() > foundMs && record.offset() >= startOffset) {
                    foundOffset = record.offset();
                    foundMs = record.timestampMs();
                }
            }
        }
        return foundOffset < 0
                ? Optional.empty()
                : Optional.of(new Found(foundOffset, foundMs, batch.partitionLeaderEpoch()));
    }

    private Optional<Found> first(BatchView batch, long leastMs) {
        try (RecordCursor record = batch.skimRecords()) {
            while (record.advance()) {
                if (record.timestampMs() >= leastMs && record.offset() >= startOffset) {
                    return Optional.of(new Found(record.offset(), record.timestampMs(), batch.partitionLeaderEpoch()));
                }
            }
        }
        return Optional.empty();
    }
}
