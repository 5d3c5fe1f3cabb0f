package ottla.log.io;

import java.util.List;
import java.util.stream.Collectors;

/** When a log begins its next segment, and how: nothing waits for the disk. Under the log's lock. */
final class Rolling {
    private final LogState state;

    /** Whether what an earlier process left unflushed is to be flushed with the next segment that is complete. */
    private boolean behind = true;

    Rolling(LogState state) {
        this.state = state;
    }

    /** The segment for so many bytes: the active one, or a new one if that is full, old or cannot hold the offsets. */
    Segment ifDue(int sizeBytes, long baseOffset, long lastOffset, long maxTimestamp) {
        Segment active = state.segments.active();
        boolean tooLarge = active.sizeBytes() > state.config.rollBytes() - sizeBytes;
        boolean due = active.sizeBytes() > 0
                && (tooLarge || active.indexFull(state.config.segmentIndexBytes()) || tooOld(active, maxTimestamp));
        return due || !active.reaches(lastOffset) ? roll(Math.max(baseOffset, state.endOffset)) : active;
    }

    private boolean tooOld(Segment active, long maxTimestamp) {
        long firstMs = active.firstTimestampMs();
        boolean byRecords = firstMs >= 0;
        if (!byRecords && state.config.rollMs() == Long.MAX_VALUE) {
            return false;
        }
        long waitedMs = byRecords ? maxTimestamp - firstMs : state.shell.clock().millis() - active.createdMs();
        return waitedMs > state.config.rollMs() - active.rollJitterMs();
    }

    void roll() {
        if (state.segments.active().sizeBytes() > 0) {
            roll(state.endOffset);
        }
    }

    /** Nothing waits for the disk here: what the old segment holds is flushed later, by another thread. */
    private Segment roll(long baseOffset) {
        Segment old = state.segments.active();
        Segment next = state.newSegment(baseOffset);
        if (next.baseOffset() == old.baseOffset()) {
            // Nothing but an offset that is too far away makes an empty segment roll; it then moves there.
            return old;
        }
        // Whatever fails here leaves a log that can go on: what a sealed segment got is right for an open one, too.
        old.seal();
        state.producers.advance(Math.max(state.producers.endOffset(), baseOffset));
        state.snapshots.take(state.producers);
        try {
            next.create();
        } catch (DiskFailure failure) {
            next.delete();
            throw failure;
        }
        state.segments.add(next);
        state.flushing.namesChanged();
        if (old.sizeBytes() == 0) {
            state.segments.remove(old);
            state.discard(List.of(old));
        }
        state.flushing.later(unflushed(old), baseOffset);
        return next;
    }

    private List<Segment> unflushed(Segment sealed) {
        if (!behind) {
            return List.of(sealed);
        }
        behind = false;
        List<Segment> left = state.segments.from(state.flushing.recoveryStart()).stream()
                .filter(segment -> segment.baseOffset() < sealed.baseOffset())
                .collect(Collectors.toList());
        left.add(sealed);
        return left;
    }
}
