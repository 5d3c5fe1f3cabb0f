package ottla.log.io;

import java.util.List;
import java.util.Optional;
import ottla.log.append.Admission;
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
        /** The first record that has the largest timestamp of its segment. */
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
        for (Stretch stretch : stretches) {
            Optional<Found> found = search(stretch);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private Optional<Found> search(Stretch stretch) {
        // An entry for a timestamp says that no batch up to its own has a later one, so the wanted record is after the
        // last
        // entry below the wanted timestamp.
        int position = stretch.positionBefore(timestampMs - 1);
        BatchScan scan = new BatchScan(stretch.segment().data(), position, stretch.sizeBytes());
        while (scan.advance()) {
            if (scan.maxTimestamp() >= timestampMs && scan.lastOffset() >= startOffset) {
                Optional<Found> found = record(scan.batch());
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Found> record(BatchView batch) {
        RecordCursor record = batch.records(Admission.OPENED_BYTES_MAX);
        while (record.advance()) {
            boolean wanted = record.timestampMs() >= timestampMs && record.offset() >= startOffset;
            if (wanted) {
                long found = goal == Goal.LARGEST ? batch.maxTimestamp() : record.timestampMs();
                return Optional.of(new Found(record.offset(), found, batch.partitionLeaderEpoch()));
            }
        }
        return Optional.empty();
    }
}
