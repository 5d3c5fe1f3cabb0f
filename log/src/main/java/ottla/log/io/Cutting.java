package ottla.log.io;

import java.util.List;
import ottla.log.epoch.LeaderEpochs;

/** Removes records from the end of a log: a follower's that its leader does not have. Under the log's lock. */
final class Cutting {
    private final LogState state;

    Cutting(LogState state) {
        this.state = state;
    }

    void truncateTo(long offset) {
        if (offset >= state.endOffset) {
            // an epoch that was begun here and has no records may be one that the leader never had
            forgetEpochs();
            return;
        }
        if (offset < state.segments.first().baseOffset()) {
            resetTo(offset);
            return;
        }
        Segment active = state.segments.holding(offset);
        BatchScan scan = new BatchScan(active.data(), active.positionBefore(offset), active.sizeBytes());
        long endOffset = offset;
        while (scan.advance() && scan.lastOffset() < offset) {
            endOffset = scan.lastOffset() + 1;
        }
        state.shell.recoveryPoints().lower(state.partition, Flushing.wholeWithout(endOffset, active.baseOffset()));
        state.changed();
        state.cutting(offset);
        state.tail.clear();
        List<Segment> beyond = state.segments.beginningAt(offset + 1);
        beyond.forEach(state.segments::remove);
        state.endOffset = endOffset;
        // before anything is cut, as the cutting may fail half-way
        state.flushing.cutTo(endOffset, active.baseOffset());
        active.truncate(scan.position(), state.endOffset);
        if (active.sizeBytes() == 0) {
            active.beginAnew(state.shell.clock().millis());
        }
        state.discard(beyond);
        state.flushing.carryOut(() -> {
            active.data().sync();
            if (!beyond.isEmpty()) {
                state.syncNames();
            }
        });
        state.logStartOffset = Math.min(state.logStartOffset, state.endOffset);
        forgetEpochs();
        reloadProducers();
    }

    /** Those that begin at the end of the log, or behind it. */
    private void forgetEpochs() {
        if (state.epochs.truncateTo(state.endOffset) == LeaderEpochs.Change.CHANGED) {
            state.saveEpochs();
        }
    }

    void resetTo(long offset) {
        state.shell.recoveryPoints().lower(state.partition, offset);
        state.changed();
        state.cutting(0);
        state.tail.clear();
        state.flushing.cutTo(0, 0);
        List<Segment> all = state.segments.beginningAt(0);
        all.forEach(state.segments::remove);
        state.discard(all);
        Segment segment = state.newSegment(offset);
        segment.create();
        state.segments.add(segment);
        state.flushing.namesChanged();
        state.flushing.carryOut(state::syncNames);
        state.endOffset = offset;
        state.logStartOffset = offset;
        state.flushing.reached(offset);
        state.epochs.clear();
        state.saveEpochs();
        state.snapshots.removeAbove(-1);
        state.producers.clear(offset);
    }

    private void reloadProducers() {
        state.snapshots.removeAbove(state.endOffset);
        state.snapshots.restore(state.producers, state.logStartOffset, state.endOffset);
        new Replay(state.producers, state.epochs, Long.MAX_VALUE)
                .upTo(state.endOffset, state.segments, state.shell.buffers());
    }
}
