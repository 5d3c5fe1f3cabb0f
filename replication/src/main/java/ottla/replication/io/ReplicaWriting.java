package ottla.replication.io;

import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.TransactionCheck;
import ottla.replication.io.FetchTerms.From;

/** What a leader does to its log when clients ask for it. Under the replica's lock. */
final class ReplicaWriting {
    /** DeleteRecords up to the high watermark. */
    private static final long HIGH_WATERMARK = -1;

    private final TopicPartition name;
    private final ReplicaState state;
    private final ReplicaProgress progress;
    private final ReplicaFlushing flushing;
    private final ReplicaShell shell;

    ReplicaWriting(
            TopicPartition name,
            ReplicaState state,
            ReplicaProgress progress,
            ReplicaFlushing flushing,
            ReplicaShell shell) {
        this.name = name;
        this.flushing = flushing;
        this.state = state;
        this.progress = progress;
        this.shell = shell;
    }

    /** As the leader of exactly this epoch; -1 takes any. */
    AppendResult append(Admission.Decided decided, Acks acks, int leaderEpoch) {
        if (state.life() == ReplicaState.Life.FAILED) {
            return offline();
        }
        if (!state.leads()
                || (leaderEpoch >= 0 && leaderEpoch != state.partition().leaderEpoch())) {
            return notLeader();
        }
        ErrorCode tooFew = acks == Acks.ALL ? state.partition().checkMinIsrBeforeAppend() : ErrorCode.NONE;
        if (tooFew != ErrorCode.NONE) {
            return AppendResult.Refused.of(
                    tooFew,
                    name + " has " + state.partition().isr().size() + " replicas in sync and needs "
                            + state.partition().effectiveMinIsr());
        }
        return switch (decided) {
            case Admission.Decided.Refused refused -> AppendResult.Refused.of(refused.refusal());
            case Admission.Decided.Admitted admitted -> append(admitted);
        };
    }

    private AppendResult append(Admission.Decided.Admitted admitted) {
        TransactionCheck check =
                admitted.origin() == AppendOrigin.CLIENT ? TransactionCheck.UNVERIFIED : TransactionCheck.NONE;
        AppendResult result =
                state.log().appendAsLeader(admitted, state.partition().leaderEpoch(), check);
        if (result instanceof AppendResult.Appended) {
            grew();
            progress.appended();
        }
        return result;
    }

    /**
     * The leader's log has grown, or more of it is on disk. The leader counts with no more than it may answer for: where the topic
     * wants records flushed, they are committed, and seen by consumers, when they are. A consumer that saw them earlier could have
     * seen what a power cut takes back.
     */
    void grew() {
        // Followers are measured by the clock; without them it need not be read.
        long nowMs = state.partition().isAlone() ? 0 : shell.nowMs();
        long endOffset = Math.min(state.log().endOffset(), state.log().securedOffset());
        state.partition().appended(endOffset, nowMs, shell.lagTimeMaxMs());
        flushing.grew();
    }

    AppendResult notLeader() {
        return AppendResult.Refused.of(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, "broker " + shell.brokerId() + " does not lead " + name);
    }

    AppendResult offline() {
        return AppendResult.Refused.of(ErrorCode.KAFKA_STORAGE_ERROR, "the log directory of " + name + " is offline");
    }

    /** Gives up all records below an offset, or all that are committed with -1. */
    RecordsDeletion deleteRecords(long beforeOffset) {
        ErrorCode refused = state.check(-1, From.LEADER);
        if (refused != ErrorCode.NONE) {
            return RecordsDeletion.failure(refused);
        }
        if (!state.log().config().deletes()) {
            return RecordsDeletion.failure(ErrorCode.POLICY_VIOLATION);
        }
        long committed = state.partition().highWatermark();
        long offset = beforeOffset == HIGH_WATERMARK ? committed : beforeOffset;
        if (offset < 0 || offset > committed) {
            return RecordsDeletion.failure(ErrorCode.OFFSET_OUT_OF_RANGE);
        }
        state.log().advanceLogStart(offset);
        progress.changed();
        return new RecordsDeletion(
                ErrorCode.NONE,
                offset,
                state.partition().lowWatermark(state.log().logStartOffset()));
    }
}
