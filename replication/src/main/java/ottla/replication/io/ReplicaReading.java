package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.base.ErrorCode;
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.format.AbortedTransaction;
import ottla.log.io.AbortedSearch;
import ottla.log.io.ColdRead;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.ReplicaRead.Pace;
import ottla.replication.partition.FollowerProgress;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.EpochEndOffset;
import ottla.wire.message.FetchResponse.LeaderIdAndEpoch;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.message.FetchResponse.SnapshotId;
import ottla.wire.primitive.Payload;

/** What a replica answers to one partition of a Fetch. Under the replica's lock. */
final class ReplicaReading {
    private final ReplicaState state;
    private final ReplicaProgress progress;
    private final ReplicaThrottling throttling;
    private final ReplicaShell shell;

    ReplicaReading(ReplicaState state, ReplicaProgress progress, ReplicaThrottling throttling, ReplicaShell shell) {
        this.state = state;
        this.progress = progress;
        this.throttling = throttling;
        this.shell = shell;
    }

    /** Whether a follower's fetch tells something new about it. It does once, not again when the same fetch is read again. */
    enum FollowerNews {
        TAKEN_IN,
        KNOWN
    }

    /** Reads for a consumer or a follower. A follower's position is taken in, if it is news. */
    ReplicaRead read(FetchTerms terms, FetchPartition asked, int maxBytes, ReadLeast least, FollowerNews news) {
        ErrorCode refused = state.check(Math.max(asked.currentLeaderEpoch(), -1), terms.from());
        if (refused != ErrorCode.NONE) {
            return new ReplicaRead.Failed(refused);
        }
        if (terms.near().hasAny() && state.partition().isLeader()) {
            OptionalInt nearest = state.partition().nearest(asked.fetchOffset(), terms.near()::isNear);
            if (nearest.isPresent()) {
                return directed(terms, asked, nearest.getAsInt());
            }
        }
        FollowerProgress follower = null;
        if (terms.isFollower()) {
            follower = state.partition().follower(terms.replicaId()).orElse(null);
            if (follower == null) {
                return new ReplicaRead.Failed(
                        asked.currentLeaderEpoch() >= 0
                                ? ErrorCode.UNKNOWN_LEADER_EPOCH
                                : ErrorCode.NOT_LEADER_OR_FOLLOWER);
            }
        }
        boolean held = follower != null && isHeldBack(terms.replicaId());
        ReplicaRead read = held ? readLog(terms, asked, 0, ReadLeast.NOTHING) : readLog(terms, asked, maxBytes, least);
        if (follower != null && news == FollowerNews.TAKEN_IN && !isDiverging(read)) {
            takeIn(follower, terms, asked);
        }
        return held && read instanceof ReplicaRead.Ready ready ? ready.heldBack() : read;
    }

    /** Sends a consumer elsewhere: no records, whatever there would be to read (KIP-392). */
    private ReplicaRead directed(FetchTerms terms, FetchPartition asked, int brokerId) {
        PartitionData data = data(terms, asked, EpochEndOffset.DEFAULT, AbortedSearch.none(), Payload.EMPTY)
                .withAbortedTransactions(null)
                .withPreferredReadReplica(brokerId);
        return ready(data, state.boundOffset(terms));
    }

    /** Who is in sync is never held back: producers wait for it. */
    private boolean isHeldBack(int followerId) {
        return throttling.asLeader()
                && shell.throttles().leader().pauseMs() > 0
                && !state.partition().isr().contains(followerId);
    }

    private static boolean isDiverging(ReplicaRead read) {
        return read instanceof ReplicaRead.Failed
                || (read instanceof ReplicaRead.Ready ready
                        && ready.data().divergingEpoch().endOffset() >= 0);
    }

    private void takeIn(FollowerProgress follower, FetchTerms terms, FetchPartition asked) {
        state.partition()
                .fetched(
                        follower,
                        asked.fetchOffset(),
                        asked.logStartOffset(),
                        state.log().endOffset(),
                        terms.replicaEpoch(),
                        shell.nowMs(),
                        shell.lagTimeMaxMs());
        progress.changed();
    }

    private ReplicaRead readLog(FetchTerms terms, FetchPartition asked, int maxBytes, ReadLeast least) {
        if (asked.lastFetchedEpoch() >= 0) {
            Optional<EpochEnd> end = state.log().endOfEpoch(asked.lastFetchedEpoch());
            if (end.isEmpty()) {
                return new ReplicaRead.Failed(ErrorCode.OFFSET_OUT_OF_RANGE);
            }
            if (end.get().epoch() < asked.lastFetchedEpoch() || end.get().endOffset() < asked.fetchOffset()) {
                EpochEndOffset diverging =
                        new EpochEndOffset(end.get().epoch(), end.get().endOffset());
                return ready(
                        data(terms, asked, diverging, AbortedSearch.none(), Payload.EMPTY), state.boundOffset(terms));
            }
        }
        long bound = state.boundOffset(terms);
        ReadResult result = state.log().read(asked.fetchOffset(), bound, maxBytes, least);
        return switch (result) {
            case ReadResult.OutOfRange outside -> new ReplicaRead.Failed(ErrorCode.OFFSET_OUT_OF_RANGE);
            case ReadResult.Batches batches -> {
                AbortedSearch aborted = aborted(terms, asked, bound);
                PartitionData data = data(terms, asked, EpochEndOffset.DEFAULT, aborted, batches.records());
                yield aborted.isKnown() ? ready(data, bound) : onDisk(data, bound, Optional.empty(), aborted);
            }
            case ReadResult.Cold cold -> {
                AbortedSearch aborted = aborted(terms, asked, bound);
                PartitionData data = data(terms, asked, EpochEndOffset.DEFAULT, aborted, Payload.EMPTY);
                yield onDisk(data, bound, Optional.of(cold.read()), aborted);
            }
        };
    }

    private ReplicaRead ready(PartitionData data, long boundOffset) {
        return new ReplicaRead.Ready(data, boundOffset, state.partition().leaderEpoch(), Pace.FREE);
    }

    private ReplicaRead onDisk(PartitionData data, long boundOffset, Optional<ColdRead> read, AbortedSearch aborted) {
        return new ReplicaRead.OnDisk(data, boundOffset, state.partition().leaderEpoch(), read, aborted, state.log());
    }

    /** The answer once the disk has given what was missing. Waits for it; without the lock. */
    static PartitionData complete(ReplicaRead.OnDisk onDisk) {
        PartitionData data = onDisk.data();
        if (!onDisk.aborted().isKnown()) {
            data = data.withAbortedTransactions(answers(onDisk.aborted().run()));
        }
        return onDisk.read().isEmpty()
                ? data
                : withRecords(data, onDisk.read().get().runToSend());
    }

    /** The answer to a read of bytes that are there; if even the first batch was too large, no transactions are told either. */
    private static PartitionData withRecords(PartitionData answer, Payload records) {
        return records.sizeBytes() == 0
                ? answer.withRecords(records).withAbortedTransactions(null)
                : answer.withRecords(records);
    }

    private PartitionData data(
            FetchTerms terms, FetchPartition asked, EpochEndOffset diverging, AbortedSearch aborted, Payload records) {
        return new PartitionData(
                asked.partition(),
                ErrorCode.NONE.code(),
                state.partition().highWatermark(),
                state.stableOffset(),
                state.log().logStartOffset(),
                diverging,
                LeaderIdAndEpoch.DEFAULT,
                SnapshotId.DEFAULT,
                wantsAborted(terms) && diverging.endOffset() < 0 && aborted.isKnown() ? answers(aborted.run()) : null,
                -1,
                records);
    }

    private AbortedSearch aborted(FetchTerms terms, FetchPartition asked, long boundOffset) {
        return wantsAborted(terms)
                ? state.log().abortedTransactions(asked.fetchOffset(), boundOffset)
                : AbortedSearch.none();
    }

    private static List<FetchResponse.AbortedTransaction> answers(List<AbortedTransaction> found) {
        if (found.isEmpty()) {
            return List.of();
        }
        List<FetchResponse.AbortedTransaction> aborted = new ArrayList<>(found.size());
        for (AbortedTransaction transaction : found) {
            aborted.add(new FetchResponse.AbortedTransaction(transaction.producerId(), transaction.firstOffset()));
        }
        return aborted;
    }

    private static boolean wantsAborted(FetchTerms terms) {
        return !terms.isFollower() && terms.isolation() == Isolation.READ_COMMITTED;
    }
}
