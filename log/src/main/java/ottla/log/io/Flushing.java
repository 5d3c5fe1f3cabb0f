package ottla.log.io;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.format.SegmentFiles;

/**
 * How far a log is known to be on disk. Syncs run on any thread, at the same time as appends; the recovery point advances only over
 * what was written before its sync began, and never over a place where the log was cut meanwhile.
 */
final class Flushing {
    private static final Logger LOG = LoggerFactory.getLogger(Flushing.class);

    private final LogShell shell;
    private final LogPath directory;

    /** How far the batches are on disk. Written under this object's monitor, as is the other. */
    private final Reach batches;

    /** How far the indexes are, too. */
    private final Reach whole;

    /** What the first sync that failed came upon. */
    private volatile @Nullable DiskFailure failure;

    /** Counts how often the log was cut: a sync that began before a cut says nothing about what came after it. */
    private long cuts;

    /** Counts the changes to the names in the directory, and to the small files there, that a flush must make durable. */
    private long names = 1;

    private long namesSynced;

    /** What was known when a flush was planned, and where it then has to begin. */
    record Mark(long fromOffset, long cuts, long names) {}

    Flushing(LogShell shell, LogPath directory, long recoveryPoint) {
        this.shell = shell;
        this.directory = directory;
        batches = new Reach(recoveryPoint);
        whole = new Reach(recoveryPoint);
    }

    long recoveryPoint() {
        return batches.point();
    }

    long recoveryStart() {
        return whole.point();
    }

    synchronized void reached(long offset) {
        batches.done(0, offset);
        whole.done(0, offset);
    }

    /** The log was cut at an offset in the segment that begins at another, whose indexes change by that. */
    synchronized void cutTo(long offset, long baseOffset) {
        batches.cutTo(offset);
        whole.cutTo(wholeWithout(offset, baseOffset));
        cuts++;
    }

    /** How far a log is whole that is synced up to an offset, but for the indexes of its last segment. */
    static long wholeWithout(long endOffset, long baseOffset) {
        // A recovery that begins one offset earlier begins in this segment, even if it ends here.
        return Math.max(baseOffset, endOffset - 1);
    }

    /**
     * Throws if a sync has failed. A system may forget what it could not write, and say of the next sync that all is well: nothing can
     * be known to be on disk any more, and the log must go no further.
     */
    void requireSound() {
        DiskFailure known = failure;
        if (known != null) {
            throw known.asBroken("after a flush that failed");
        }
    }

    /** Syncs what must not be lost. If that fails, nothing that is done with the log from now on succeeds. */
    void carryOut(Runnable syncs) {
        try {
            syncs.run();
        } catch (DiskFailure met) {
            // A file that is gone was deleted, with its topic or by retention.
            if (met.kind() != DiskFailure.Kind.ABSENT) {
                failure = met;
            }
            // A disk that found itself full only now has lost what it had taken.
            throw met.kind() == DiskFailure.Kind.FULL ? met.asBroken("in a flush") : met;
        }
    }

    /** A file came into being, or was replaced. */
    synchronized void namesChanged() {
        names++;
    }

    synchronized Mark mark() {
        return new Mark(whole.point(), cuts, names);
    }

    private synchronized boolean areNamesDue(Mark mark) {
        return namesSynced < mark.names;
    }

    /** A stretch of batches was synced, the first of them together with their indexes. */
    private synchronized void reached(long fromOffset, long wholeOffset, long endOffset, Mark mark) {
        requireSound();
        namesSynced = Math.max(namesSynced, mark.names);
        if (cuts == mark.cuts) {
            batches.done(fromOffset, endOffset);
            whole.done(fromOffset, wholeOffset);
        }
    }

    /** Syncs segments that reach up to an offset, and the names of their files. */
    void flush(Collection<Segment> segments, long endOffset) {
        Mark mark = mark();
        carryOut(() -> {
            List.copyOf(segments).forEach(Segment::sync);
            syncNames();
        });
        reached(mark.fromOffset, endOffset, endOffset, mark);
    }

    /** All that was written before the mark is synced, but for the names, and for the indexes of the last segment. */
    void done(Mark mark, long lastBaseOffset, long endOffset) {
        if (areNamesDue(mark)) {
            carryOut(this::syncNames);
        }
        reached(mark.fromOffset, wholeWithout(endOffset, lastBaseOffset), endOffset, mark);
    }

    /** As {@link #flush}, soon, of segments that are complete; without those that are deleted meanwhile, but for the last. */
    void later(List<Segment> sealed, long endOffset) {
        Mark mark = mark();
        shell.background().soon(() -> {
            try {
                carryOut(() -> {
                    List<Segment> before = sealed.subList(0, sealed.size() - 1);
                    before.forEach(segment -> LogFlush.unlessDeleted(segment, segment::sync));
                    sealed.getLast().sync();
                    syncSnapshot(endOffset);
                    syncNames();
                });
                reached(sealed.getFirst().baseOffset(), endOffset, endOffset, mark);
            } catch (DiskFailure met) {
                // The segment may be gone. If the disk is failing, the next append or flush says so, and the recovery
                // point has not moved: the next start examines what is not known to be written.
                LOG.warn("Could not flush {}: {}", sealed.getLast(), met.getMessage());
            }
        });
    }

    private void syncSnapshot(long offset) {
        String path = directory.resolve(SegmentFiles.name(offset, SegmentFiles.PRODUCER_SNAPSHOT));
        if (shell.disk().exists(path)) {
            try (DiskFile file = shell.disk().open(path)) {
                file.sync();
            }
        }
    }

    private void syncNames() {
        String epochs = directory.resolve(SegmentFiles.EPOCH_CHECKPOINT);
        if (shell.disk().exists(epochs)) {
            try (DiskFile file = shell.disk().open(epochs)) {
                file.sync();
            }
        }
        shell.disk().syncDirectory(directory.name());
    }
}
