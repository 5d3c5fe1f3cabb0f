package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.io.Log;
import ottla.replication.partition.Following.Standing;
import ottla.replication.partition.Role;
import ottla.wire.message.FetchResponse.EpochEndOffset;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchLayout;

/** What a follower does to its log with what the leader of an epoch tells. Under the replica's lock. */
final class ReplicaFollowing {
    private final ReplicaState state;
    private final ReplicaProgress progress;

    ReplicaFollowing(ReplicaState state, ReplicaProgress progress) {
        this.state = state;
        this.progress = progress;
    }

    /** What became of a leader's answer. */
    sealed interface Taken {
        /** Its records, if there were any, are in the log. */
        record Appended() implements Taken {}

        /** The two logs have one history up to here at most. */
        record Diverged(long commonEndOffset) implements Taken {}

        /** The log is empty, and the first batch that there is begins before the log's end, as DeleteRecords leaves it. */
        record Gap(long firstOffset) implements Taken {}

        /** The records are not what a leader may send, or there is no room for them. */
        record Refused(ErrorCode error, String reason) implements Taken {}

        /** The log has changed since it was asked for, or this is no follower of that leader any more. */
        record Outdated() implements Taken {}
    }

    /** Empty if this is no follower in the given epoch. */
    Optional<Standing> standing(int leaderEpoch) {
        if (!follows(leaderEpoch)) {
            return Optional.empty();
        }
        Log log = state.log();
        return Optional.of(new Standing(
                log.logStartOffset(), log.endOffset(), log.latestEpoch().orElse(-1), log.securedOffset()));
    }

    private boolean follows(int leaderEpoch) {
        return state.isOnline()
                && state.partition().role() == Role.FOLLOWER
                && state.partition().leaderEpoch() == leaderEpoch;
    }

    /** Takes in an answer without an error to what was asked for at {@code fetchOffset}. The caller releases the records. */
    Taken take(int leaderEpoch, long fetchOffset, PartitionData data) {
        Log log = state.log();
        if (!follows(leaderEpoch) || log.endOffset() != fetchOffset) {
            return new Taken.Outdated();
        }
        if (data.divergingEpoch().endOffset() >= 0) {
            return new Taken.Diverged(commonEnd(data.divergingEpoch()));
        }
        Payload records = data.records();
        if (records != null && records.sizeBytes() >= BatchLayout.HEADER_BYTES) {
            ByteBuffer bytes = records.contiguous();
            long firstOffset = bytes.getLong(bytes.position() + BatchLayout.BASE_OFFSET);
            if (firstOffset < log.endOffset() && log.logStartOffset() == log.endOffset()) {
                return new Taken.Gap(firstOffset);
            }
            if (log.appendAsFollower(bytes, leaderEpoch) instanceof AppendResult.Refused refused) {
                return new Taken.Refused(refused.error(), refused.message());
            }
        }
        state.partition().copied(log.endOffset(), data.highWatermark());
        if (data.logStartOffset() > log.logStartOffset()) {
            log.advanceLogStart(Math.min(data.logStartOffset(), log.endOffset()));
            state.partition().startMoved(log.logStartOffset());
        }
        progress.changed();
        return new Taken.Appended();
    }

    /**
     * Up to where this log has the leader's history, which ends its epochs up to the given one there. If this log's own epoch is an
     * older one, that may still be too far; the next fetch, from there, tells.
     */
    private long commonEnd(EpochEndOffset leader) {
        Log log = state.log();
        Optional<EpochEnd> own = log.endOfEpoch(leader.epoch());
        if (own.isEmpty()) {
            return Math.min(leader.endOffset(), log.endOffset());
        }
        EpochEnd end = own.get();
        return end.epoch() == leader.epoch() ? Math.min(end.endOffset(), leader.endOffset()) : end.endOffset();
    }

    /** Waits for the disk. */
    void cut(int leaderEpoch, long endOffset) {
        if (follows(leaderEpoch)) {
            state.log().truncateTo(Math.max(endOffset, state.log().logStartOffset()));
            state.partition().truncated(state.log().endOffset());
            progress.changed();
        }
    }

    /** Waits for the disk. */
    void beginAt(int leaderEpoch, long offset) {
        if (follows(leaderEpoch)) {
            state.log().resetTo(offset);
            state.partition().truncated(offset);
            state.partition().startMoved(offset);
            progress.changed();
        }
    }
}
