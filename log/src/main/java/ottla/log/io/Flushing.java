package ottla.log.io;

import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
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

    /** Written under this object's monitor. */
    private volatile long recoveryPoint;

    /** Stretches that were synced before what lies before them. */
    private final TreeMap<Long, Long> synced = new TreeMap<>();

    /** Counts how often the log was cut: a sync that began before a cut says nothing about what came after it. */
    private long cuts;

    /** Counts the changes to the names in the directory, and to the small files there, that a flush must make durable. */
    private long names = 1;

    private long namesSynced;

    /** Where a flush was planned. */
    record Mark(long fromOffset, long cuts, long names) {}

    Flushing(LogShell shell, LogPath directory, long recoveryPoint) {
        this.shell = shell;
        this.directory = directory;
        this.recoveryPoint = recoveryPoint;
    }

    long recoveryPoint() {
        return recoveryPoint;
    }

    synchronized void reached(long offset) {
        recoveryPoint = Math.max(recoveryPoint, offset);
    }

    synchronized void cutTo(long offset) {
        recoveryPoint = Math.min(recoveryPoint, offset);
        synced.clear();
        cuts++;
    }

    /** A file came into being, or was replaced. */
    synchronized void namesChanged() {
        names++;
    }

    synchronized Mark mark() {
        return new Mark(recoveryPoint, cuts, names);
    }

    private synchronized boolean areNamesDue(Mark mark) {
        return namesSynced < mark.names;
    }

    /** The stretch from one offset to another was synced; it counts once everything before it was. */
    private synchronized void reached(long fromOffset, long endOffset, Mark mark) {
        namesSynced = Math.max(namesSynced, mark.names);
        if (cuts != mark.cuts) {
            return;
        }
        synced.merge(fromOffset, endOffset, Math::max);
        while (!synced.isEmpty() && synced.firstKey() <= recoveryPoint) {
            recoveryPoint = Math.max(recoveryPoint, synced.pollFirstEntry().getValue());
        }
    }

    /** Syncs segments that reach up to an offset, and the names of their files. */
    void flush(Collection<Segment> segments, long endOffset) {
        Mark mark = mark();
        List.copyOf(segments).forEach(Segment::sync);
        syncNames();
        reached(mark.fromOffset, endOffset, mark);
    }

    /** All that was written before the mark is synced, but for the names. */
    void done(Mark mark, long endOffset) {
        if (areNamesDue(mark)) {
            syncNames();
        }
        reached(mark.fromOffset, endOffset, mark);
    }

    /** As {@link #flush}, soon, of a segment that is complete. */
    void later(Segment sealed, long endOffset) {
        Mark mark = mark();
        shell.background().soon(() -> {
            try {
                sealed.sync();
                syncSnapshot(endOffset);
                syncNames();
                reached(sealed.baseOffset(), endOffset, mark);
            } catch (DiskFailure failure) {
                // The segment may be gone, with the topic or by retention. If the disk is failing, the next append says
                // so,
                // and the recovery point has not moved: the next start examines what is not known to be written.
                LOG.warn("Could not flush {}: {}", sealed, failure.getMessage());
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
