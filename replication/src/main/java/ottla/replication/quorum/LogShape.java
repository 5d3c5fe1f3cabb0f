package ottla.replication.quorum;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import ottla.base.Check;

/**
 * All that the quorum has to know of its log: where it starts and ends, how far it is flushed, where epochs begin, and which
 * snapshots lie beside it. Owned by the thread of its {@link Quorum}.
 */
final class LogShape {
    private final Epochs epochs;
    private final SortedSet<SnapshotId> snapshots;
    private long startOffset;
    private long endOffset;
    private long flushedEndOffset;

    LogShape(LogFacts facts) {
        epochs = new Epochs(facts.epochs());
        snapshots = new TreeSet<>(facts.snapshots());
        startOffset = facts.startOffset();
        endOffset = facts.endOffset();
        flushedEndOffset = facts.endOffset();
    }

    LogEnd end() {
        return new LogEnd(lastEpoch(), endOffset);
    }

    /** The epoch of the last record, be it in the log or the last that a snapshot stands for. */
    int lastEpoch() {
        if (endOffset == startOffset && !snapshots.isEmpty() && snapshots.last().endOffset() == endOffset) {
            return snapshots.last().epoch();
        }
        return epochs.last();
    }

    long startOffset() {
        return startOffset;
    }

    long endOffset() {
        return endOffset;
    }

    long flushedEndOffset() {
        return flushedEndOffset;
    }

    Optional<SnapshotId> latestSnapshot() {
        return snapshots.isEmpty() ? Optional.empty() : Optional.of(snapshots.last());
    }

    boolean hasSnapshot(SnapshotId id) {
        return snapshots.contains(id);
    }

    void appended(int epoch, long newEndOffset) {
        Check.invariant(newEndOffset > endOffset, "an append moves the end of the log", newEndOffset, endOffset);
        epochs.begin(epoch, endOffset);
        endOffset = newEndOffset;
    }

    void flushed(long flushedEndOffset) {
        Check.invariant(
                flushedEndOffset <= endOffset, "only what was appended is flushed", flushedEndOffset, endOffset);
        this.flushedEndOffset = Math.max(this.flushedEndOffset, flushedEndOffset);
    }

    void truncateTo(long newEndOffset) {
        epochs.truncateTo(newEndOffset);
        endOffset = newEndOffset;
        flushedEndOffset = Math.min(flushedEndOffset, newEndOffset);
    }

    void snapshotCreated(SnapshotId id) {
        snapshots.add(id);
    }

    /** A leader's snapshot replaced the whole log, and all snapshots before it: what they go with is no longer there. */
    void replaceBy(SnapshotId id) {
        snapshots.headSet(id).clear();
        snapshots.add(id);
        epochs.replaceBy(id);
        startOffset = id.endOffset();
        endOffset = id.endOffset();
        flushedEndOffset = id.endOffset();
    }

    /** Old snapshots, and the records that the oldest remaining one stands for, are gone. */
    void cleaned(SnapshotId oldest, OptionalLong newStartOffset) {
        snapshots.headSet(oldest).clear();
        newStartOffset.ifPresent(offset -> {
            startOffset = offset;
            epochs.startAt(offset);
        });
    }

    /** What a replica with this end gets: records, the point to go back to, or a snapshot. */
    FetchCheck check(int lastFetchedEpoch, long fetchOffset) {
        if (startOffset == 0 && fetchOffset == 0 && lastFetchedEpoch == 0) {
            return new FetchCheck.Valid();
        }
        if (!snapshots.isEmpty()) {
            SnapshotId oldest = snapshots.first();
            boolean lost = fetchOffset < startOffset
                    || (fetchOffset == startOffset && startOffset != 0 && lastFetchedEpoch != oldest.epoch())
                    || lastFetchedEpoch < oldest.epoch();
            if (lost) {
                return new FetchCheck.NeedsSnapshot(snapshots.last());
            }
            if (fetchOffset == oldest.endOffset() && lastFetchedEpoch == oldest.epoch()) {
                return new FetchCheck.Valid();
            }
        }
        LogEnd end = endOf(lastFetchedEpoch);
        return end.epoch() == lastFetchedEpoch && fetchOffset <= end.endOffset()
                ? new FetchCheck.Valid()
                : new FetchCheck.Diverges(end);
    }

    /** Where this log must be cut so that it can continue from what a leader knows of {@code epoch}. */
    long truncationPoint(LogEnd leaders) {
        LogEnd ours = endOf(leaders.epoch());
        return ours.epoch() == leaders.epoch() ? Math.min(ours.endOffset(), leaders.endOffset()) : ours.endOffset();
    }

    /**
     * The largest epoch up to the given one that this log knows, and where it ends. What lies before the log is known by the snapshot
     * alone, also if the first record behind it is of a later epoch.
     */
    private LogEnd endOf(int epoch) {
        LogEnd end = epochs.endOf(epoch, endOffset);
        return end.endOffset() < startOffset && !snapshots.isEmpty()
                ? new LogEnd(snapshots.first().epoch(), snapshots.first().endOffset())
                : end;
    }

    /** The epoch of the record before {@code endOffset}. */
    int epochBefore(long endOffset) {
        int epoch = 0;
        for (EpochStart start : epochs.starts()) {
            if (start.startOffset() < endOffset) {
                epoch = start.epoch();
            }
        }
        for (SnapshotId snapshot : snapshots) {
            if (snapshot.endOffset() == endOffset) {
                epoch = Math.max(epoch, snapshot.epoch());
            }
        }
        return epoch;
    }

    /** How a log's end stands to this log. */
    sealed interface FetchCheck {
        record Valid() implements FetchCheck {}

        record Diverges(LogEnd end) implements FetchCheck {}

        record NeedsSnapshot(SnapshotId id) implements FetchCheck {}
    }
}
