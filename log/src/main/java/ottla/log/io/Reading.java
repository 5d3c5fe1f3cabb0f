package ottla.log.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ottla.wire.primitive.Payload;

/** Reads and searches of a log: answered from memory, or planned here and carried out elsewhere without the lock. */
final class Reading {
    private static final ReadResult NOTHING = new ReadResult.Batches(Payload.EMPTY);

    private final LogState state;

    Reading(LogState state) {
        this.state = state;
    }

    ReadResult read(long offset, long boundOffset, int maxBytes, ReadLeast least) {
        if (offset < state.logStartOffset || offset > state.endOffset) {
            return new ReadResult.OutOfRange(state.logStartOffset, state.endOffset);
        }
        long bound = Math.min(boundOffset, state.endOffset);
        if (offset == state.endOffset) {
            state.tail.want();
        }
        if (offset >= bound || (maxBytes <= 0 && least == ReadLeast.NOTHING)) {
            return NOTHING;
        }
        Optional<Payload> recent = state.tail.read(offset, bound, maxBytes, least);
        if (recent.isPresent()) {
            return new ReadResult.Batches(recent.get());
        }
        return new ReadResult.Cold(
                new ColdRead(state.shell.buffers(), stretches(offset), offset, bound, Math.max(0, maxBytes), least));
    }

    /** The segment that holds an offset, and those after it up to the next that has any batch. */
    private List<ColdRead.Stretch> stretches(long offset) {
        List<ColdRead.Stretch> stretches = new ArrayList<>(2);
        for (Segment segment : state.segments.from(offset)) {
            long endOffset = state.segments.endOf(segment, state.endOffset);
            if (!segment.isAwake()) {
                stretches.add(ColdRead.Stretch.asleep(segment, endOffset));
                if (stretches.size() > 1) {
                    break;
                }
                continue;
            }
            int pending = segment.offsets().floorPending(offset - segment.baseOffset());
            int position = pending < 0 ? -1 : segment.positionAt(pending);
            int written = segment.offsets().writtenCount();
            stretches.add(new ColdRead.Stretch(
                    segment, written == 0 && position < 0 ? 0 : position, written, segment.sizeBytes(), endOffset));
            if (stretches.size() > 1 && segment.sizeBytes() > 0) {
                break;
            }
        }
        return stretches;
    }

    int readableBytes(long offset, long boundOffset) {
        if (offset >= boundOffset) {
            return 0;
        }
        long sizeBytes = state.tail.sizeBetween(offset, Math.min(boundOffset, state.endOffset));
        return sizeBytes < 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, sizeBytes);
    }

    AbortedSearch abortedTransactions(long fromOffset, long boundOffset) {
        return AbortedSearch.plan(state.segments.from(fromOffset), fromOffset, boundOffset);
    }

    TimestampSearch findTimestamp(long timestampMs) {
        return TimestampSearch.firstFrom(state.segments.from(state.logStartOffset), state.logStartOffset, timestampMs);
    }

    TimestampSearch findLargestTimestamp() {
        return TimestampSearch.largest(state.segments.from(state.logStartOffset), state.logStartOffset);
    }
}
