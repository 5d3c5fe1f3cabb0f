package ottla.log.io;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import ottla.log.LogConfig;
import ottla.log.format.AbortedTransaction;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.ProducerState;
import ottla.log.retain.CompactionPlan;
import ottla.log.retain.LastBatch;

/**
 * What a {@link CleaningPass} needs from its log, and how what it made comes into the log. Everything under the log's lock, but for
 * what says otherwise.
 */
final class Compacting {
    private final LogState state;
    private final Reading reading;

    Compacting(LogState state, Reading reading) {
        this.state = state;
        this.reading = reading;
    }

    CompactionPlan plan(OptionalLong checkpoint, long stableOffset, long nowMs) {
        OptionalLong known = checkpoint.isPresent() && checkpoint.getAsLong() > state.cutTo
                ? OptionalLong.of(state.cutTo)
                : checkpoint;
        state.cutTo = Long.MAX_VALUE;
        return CompactionPlan.of(
                state.segments.beginningAt(0),
                state.config,
                new CompactionPlan.Bounds(state.logStartOffset, state.endOffset, stableOffset),
                known,
                nowMs);
    }

    /**
     * What a pass works on.
     *
     * @param segments what may be cleaned
     * @param aborted the aborted transactions that touch the segments
     */
    record Work(
            Watch watch, LogState state, LogConfig config, List<Segment> segments, List<AbortedTransaction> aborted) {}

    /** What the log was like when a pass was planned. Needs no lock. */
    record Watch(LogState state, int upheavals) {
        /** Whether the pass need not go on. */
        boolean givenUp() {
            return state.upheavals != upheavals;
        }
    }

    Watch watch() {
        return new Watch(state, state.upheavals);
    }

    /** Nothing if the log has changed since it was watched. */
    Optional<Work> begin(CompactionPlan plan, Watch watch) {
        List<Segment> segments = CompactionPlan.between(state.segments.beginningAt(0), 0, plan.endOffset());
        if (watch.givenUp() || segments.isEmpty()) {
            return Optional.empty();
        }
        settleLast();
        segments.forEach(Segment::sizeBytes); // measured before the pass relies on them
        List<AbortedTransaction> aborted = reading.abortedTransactions(
                        segments.getFirst().baseOffset(), plan.endOffset())
                .run();
        return Optional.of(new Work(watch, state, state.config, segments, aborted));
    }

    /** What each producer's state rests on. */
    Map<Long, LastBatch> lastBatches() {
        Map<Long, LastBatch> last = new HashMap<>();
        for (ProducerState producer : state.producers.all()) {
            long offset = producer.lastOffset();
            last.put(
                    producer.producerId(),
                    new LastBatch(offset < 0 ? OptionalLong.empty() : OptionalLong.of(offset), producer.epoch()));
        }
        return last;
    }

    enum Step {
        DONE,
        /** The log is no longer what the pass saw. */
        GIVEN_UP
    }

    /**
     * Marks a cleaned segment, whose files are complete on disk, as about to take the place of what it was made from. Whoever opens
     * the log from here on finishes that.
     */
    Step offer(Work work, List<Segment> old, Segment cleaned) {
        if (work.watch().givenUp() || !old.stream().allMatch(state.segments::contains)) {
            return Step.GIVEN_UP;
        }
        state.swapping = Optional.of(cleaned);
        cleaned.rename(SegmentFiles.CLEANED, SegmentFiles.SWAP);
        return Step.DONE;
    }

    /** Once the offer is durable: takes the old segments out. They are deleted later, so that reads in progress find them. */
    Step replace(Work work, List<Segment> old, Segment cleaned) {
        if (work.watch().givenUp() || !old.stream().allMatch(state.segments::contains)) {
            return Step.GIVEN_UP;
        }
        long end = state.segments
                .beginningAt(old.getLast().baseOffset() + 1)
                .getFirst()
                .baseOffset();
        state.changed();
        old.forEach(state.segments::remove);
        state.segments.add(cleaned);
        state.tail.forgetBelow(end);
        try {
            state.discard(old);
            old.stream().skip(1).map(Segment::baseOffset).forEach(state.snapshots::remove);
        } catch (DiskFailure failure) {
            throw failure.kind() == DiskFailure.Kind.FULL ? failure.asBroken("in the middle of a swap") : failure;
        }
        return Step.DONE;
    }

    /** A full disk ends a pass wherever it is. What is in the log under the names of a swap must not meet the next one there. */
    private void settleLast() {
        if (state.swapping.isPresent()) {
            Segment last = state.swapping.get();
            if (state.segments.contains(last)) {
                state.syncNames();
                settle(last);
            } else {
                state.withdraw(last);
            }
        }
    }

    /** Deletes a cleaned segment that did not come into the log. */
    Step drop(Segment cleaned) {
        if (state.swapping.filter(offered -> offered == cleaned).isPresent()) {
            state.withdraw(cleaned);
        } else {
            cleaned.delete();
        }
        return Step.DONE;
    }

    /** Once the removal of the old segments is durable: gives the new one its final names. */
    void settle(Segment cleaned) {
        if (state.segments.contains(cleaned)) {
            cleaned.rename(SegmentFiles.SWAP, "");
        }
        state.swapping = Optional.empty();
    }
}
