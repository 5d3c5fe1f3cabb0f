package ottla.replication.io;

import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.log.io.TimestampSearch;

/** Offsets by their time, or by one of the times that stand for a place in the log. Under the replica's lock. */
final class ReplicaOffsets {
    private final ReplicaState state;

    ReplicaOffsets(ReplicaState state) {
        this.state = state;
    }

    /** The search that answers a question, to be run without the lock; empty if {@link #place} answers it. */
    Optional<TimestampSearch> search(OffsetQuestion question) {
        return switch (question.place()) {
            case LARGEST_TIMESTAMP -> Optional.of(state.log().findLargestTimestamp());
            case TIMESTAMP -> Optional.of(state.log().findTimestamp(question.timestampMs()));
            case LATEST, EARLIEST, EARLIEST_LOCAL, NOWHERE -> Optional.empty();
        };
    }

    /** The places that need no search. */
    FoundOffset place(OffsetQuestion question) {
        return switch (question.place()) {
            case LATEST -> latest(question);
            case EARLIEST -> start(state.log().logStartOffset());
            case EARLIEST_LOCAL -> start(state.log().localLogStartOffset());
            case NOWHERE, LARGEST_TIMESTAMP, TIMESTAMP -> FoundOffset.NONE;
        };
    }

    /** What a search found, unless the reader may not see it. */
    FoundOffset visible(TimestampSearch.Found found, OffsetQuestion question) {
        if (found.offset() < lastFetchable(question)) {
            return new FoundOffset(ErrorCode.NONE, found.timestampMs(), found.offset(), found.leaderEpoch());
        }
        return mayLack(question) ? FoundOffset.failure(ErrorCode.OFFSET_NOT_AVAILABLE) : FoundOffset.NONE;
    }

    private FoundOffset start(long offset) {
        return new FoundOffset(
                ErrorCode.NONE, -1, offset, state.log().epochAt(offset).orElse(-1));
    }

    private FoundOffset latest(OffsetQuestion question) {
        if (mayLack(question)) {
            return FoundOffset.failure(ErrorCode.OFFSET_NOT_AVAILABLE);
        }
        return new FoundOffset(
                ErrorCode.NONE, -1, lastFetchable(question), state.partition().leaderEpoch());
    }

    /** A new leader does not know yet what the one before it had committed (KIP-207). */
    private boolean mayLack(OffsetQuestion question) {
        return state.partition().leaderEpochStartOffset() > state.partition().highWatermark()
                && question.reader() != OffsetQuestion.Reader.REPLICA;
    }

    private long lastFetchable(OffsetQuestion question) {
        return switch (question.reader()) {
            case CONSUMER -> state.partition().highWatermark();
            case COMMITTED_CONSUMER -> state.stableOffset();
            case REPLICA -> state.log().endOffset();
        };
    }
}
