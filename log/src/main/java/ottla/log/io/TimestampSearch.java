package ottla.log.io;

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
    private final List<Stretch> stretches;
    private final long startOffset;
    private final long timestampMs;
    private final Goal goal;

    enum Goal {
        /** The first record whose timestamp is the wanted one or later. */
        FIRST_FROM,
        /** The first record of those that have the largest timestamp, which is the wanted one unless that was given up. */
        LARGEST
    }

    /** A record that was found, and the leader epoch of its batch. */
    public record Found(long offset, long timestampMs, int leaderEpoch) {}

    /** A segment as it was when the search was planned, with the entries of its indexes that are in their files. */
    record Stretch(Segment segment, int sizeBytes, int offsetEntries, int timeEntries) {
        static Stretch of(Segment segment) {
            return new Stretch(
                    segment,
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

    TimestampSearch(List<Stretch> stretches, long startOffset, long timestampMs, Goal goal) {
        this.stretches = stretches;
        this.startOffset = startOffset;
        this.timestampMs = timestampMs;
        this.goal = goal;
    }

    /** Throws {@link DiskFailure}, with {@link DiskFailure.Kind#ABSENT} if a segment was deleted meanwhile. */
    public Optional<Found> run() {
        return goal == Goal.LARGEST ? largest() : firstFrom();
    }

    private Optional<Found> firstFrom() {
        for (Stretch stretch : stretches) {
            // An entry for a timestamp says that no batch up to its own has a later one, so the wanted record is after
            // the last
            // entry below the wanted timestamp.
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

    private Optional<Found> largest() {
        Optional<Found> largest = Optional.empty();
        long leastMs = Segment.NO_TIMESTAMP; // if no record has a time, the first one stands for all
        for (Stretch stretch : stretches) {
            // What the index says of a segment in which the log starts may be about records that are given up.
            boolean whole = stretch.segment.baseOffset() >= startOffset;
            BatchScan scan = stretch.scan(whole ? stretch.positionBefore(timestampMs - 1) : 0);
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
