package ottla.log.io;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.retain.Retention;
import ottla.log.retain.SegmentFacts;

/** Removes records from the front of a log, or all of it. Under the log's lock. */
final class Deleting {
    private static final Logger LOG = LoggerFactory.getLogger(Log.class);

    private final LogState state;
    private final Rolling rolling;

    Deleting(LogState state, Rolling rolling) {
        this.state = state;
        this.rolling = rolling;
    }

    void advanceLogStart(long offset) {
        Check.invariant(offset <= state.endOffset, "a log starts at or before its end", offset, state.endOffset);
        if (offset <= state.logStartOffset) {
            return;
        }
        state.logStartOffset = offset;
        state.producers.onLogStart(offset);
        // A client may ask for this on its loop, which must not wait for a file to be written.
        state.epochsOutlived |= state.epochs.truncateBefore(offset) == LeaderEpochs.Change.CHANGED;
    }

    int retain(long highWatermark, long nowMs) {
        List<Segment> all = state.segments.beginningAt(0);
        List<SegmentFacts> facts = new ArrayList<>(all.size());
        for (int i = 0; i < all.size(); i++) {
            Segment segment = all.get(i);
            long segmentEnd = i + 1 < all.size() ? all.get(i + 1).baseOffset() : state.endOffset;
            facts.add(new SegmentFacts(segment.baseOffset(), segmentEnd, segment.sizeBytes(), newestMs(segment)));
        }
        Retention.Plan plan = Retention.plan(facts, state.config, state.logStartOffset, highWatermark, nowMs);
        int count = plan.count();
        if (count == all.size() && count > 0 && !rollIfRoom()) {
            count--;
        }
        deleteFirst(all.subList(0, count), plan.reason());
        saveEpochsIfOutlived();
        return count;
    }

    /** On a full disk the active segment stays, and what is before it goes all the same. */
    private boolean rollIfRoom() {
        try {
            rolling.roll();
            return true;
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.FULL) {
                throw failure;
            }
            state.shell.refused(failure);
            return false;
        }
    }

    private long newestMs(Segment segment) {
        long largestMs = segment.largestTimestampMs();
        return largestMs >= 0
                ? largestMs
                : state.shell.disk().lastModifiedMs(segment.data().path());
    }

    int deleteSegmentsBefore(long offset) {
        List<Segment> ended = state.segments.endingBefore(offset);
        deleteFirst(ended, Retention.Reason.LOG_START);
        saveEpochsIfOutlived();
        return ended.size();
    }

    private void saveEpochsIfOutlived() {
        if (state.epochsOutlived) {
            state.saveEpochsIfRoom();
        }
    }

    private void deleteFirst(List<Segment> gone, Retention.Reason reason) {
        if (gone.isEmpty()) {
            return;
        }
        List<Segment> deleted = List.copyOf(gone);
        deleted.forEach(state.segments::remove);
        LOG.info(
                "{}: deleting {} segments before offset {} ({})",
                state.partition,
                deleted.size(),
                state.segments.first().baseOffset(),
                reason);
        state.discard(deleted);
        state.snapshots.removeBelow(state.segments.first().baseOffset());
        advanceLogStart(Math.max(state.logStartOffset, state.segments.first().baseOffset()));
    }

    void remove() {
        state.upheaval();
        state.tail.clear();
        String aside = LogDirectory.deletedName(
                state.partition, UUID.randomUUID().toString().replace("-", ""));
        rename(aside);
        List<Segment> all = List.copyOf(state.segments.all());
        state.shell.background().after(state.config.fileDeleteDelayMs(), () -> {
            all.forEach(Segment::close);
            state.shell.disk().delete(aside);
        });
    }

    void rename(String name) {
        state.shell.disk().rename(state.files.directory().name(), name);
        state.files.directory().moved(name);
        state.shell.disk().syncDirectory("");
    }
}
