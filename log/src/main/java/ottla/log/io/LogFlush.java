package ottla.log.io;

import java.util.List;

/**
 * A flush of all that a log held when it was planned, which was done under the log's lock; it runs without that, while the log goes
 * on. Afterwards the log's recovery point is there, unless the log was cut meanwhile.
 */
public final class LogFlush {
    private final Flushing flushing;
    private final List<Segment> sealed;
    private final Segment active;
    private final Flushing.Mark mark;
    private final long endOffset;

    LogFlush(Flushing flushing, List<Segment> segments, Flushing.Mark mark, long endOffset) {
        this.flushing = flushing;
        sealed = List.copyOf(segments.subList(0, segments.size() - 1));
        active = segments.getLast();
        this.mark = mark;
        this.endOffset = endOffset;
    }

    public boolean isOf(Log log) {
        return log.isFlushedBy(flushing);
    }

    /** Where the log ended when the flush was planned. */
    public long endOffset() {
        return endOffset;
    }

    /**
     * Returns when all that would survive a power cut. Of the segment that is written to only the batches are synced, which are what
     * its indexes are made anew from. A {@link DiskFailure} says that nobody knows what was written; trying again does not help.
     */
    public void run() {
        flushing.carryOut(() -> {
            for (Segment segment : sealed) {
                unlessDeleted(segment, segment::sync);
            }
            unlessDeleted(active, active.data()::sync);
        });
        flushing.done(mark, active.baseOffset(), endOffset);
    }

    static void unlessDeleted(Segment segment, Runnable sync) {
        try {
            sync.run();
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.ABSENT || !segment.isAside()) {
                throw failure;
            }
        }
    }
}
