package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.io.CleanableLog;
import ottla.log.io.DiskFailure;
import ottla.log.io.Log;
import ottla.log.io.LogFlush;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.ReplicaFollowing.Taken;
import ottla.replication.io.ReplicaReading.FollowerNews;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Following.Standing;
import ottla.replication.partition.IsrAnswer;
import ottla.replication.partition.IsrChange;
import ottla.replication.partition.Partition;
import ottla.wire.message.DescribeProducersResponse;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/**
 * One partition on this broker: its log, its part in replication, and who waits for it. Owns the partition's lock; every method may
 * be called from any thread, and those that network loops call (append, fetch, look-ups) never wait for a disk that is not
 * writing.
 *
 * <p>Its parts work under the lock, which is {@link ReplicaGuard}'s: {@link ReplicaState} is what it guards, {@link ReplicaWriting}
 * appends, {@link ReplicaReading} answers fetches, {@link ReplicaLookups} questions, {@link ReplicaProgress} knows who waits.
 *
 * <p>Life: made by {@link Replicas} with an open log, then assigned a role by each of the controller's decisions, then closed or
 * removed, or taken offline by its disk. A replica that is no longer online refuses everything.
 */
public final class Replica {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    private final TopicPartition name;
    private final Uuid topicId;
    private final ReplicaShell shell;
    private final Partition partition;
    private final ReplicaState state;
    private final ReplicaProgress progress;
    private final ReplicaGuard guard;
    private final ReplicaFlushing flushing;
    private final ReplicaWriting writing;
    private final ReplicaReading reading;
    private final ReplicaLookups lookups;
    private final ReplicaFollowing following;
    private final ReplicaThrottling throttling;

    private volatile LogConfig config;

    /** As long as it is there, a cleaner leaves the log alone. */
    private volatile @Nullable ReplicaMove move;

    private volatile Leadership leadership = new Leadership(Assignment.NO_LEADER, -1, List.of(), List.of());

    /** Who leads, in sync with whom. {@code leaderId} is -1 if nobody does. */
    public record Leadership(int leaderId, int leaderEpoch, List<Integer> replicas, List<Integer> isr) {}

    /** The log is open; {@code checkpointedHighWatermark} is 0 if there was no checkpoint. */
    public Replica(TopicPartition name, Uuid topicId, Log log, long checkpointedHighWatermark, ReplicaShell shell) {
        this.name = name;
        this.topicId = topicId;
        this.shell = shell;
        this.config = log.config();
        this.partition = new Partition(
                shell.brokerId(),
                shell.eligibility(),
                change -> shell.isrChanges().ask(this, change));
        partition.setMinInsyncReplicas(config.minInsyncReplicas());
        partition.opened(log.endOffset(), Math.max(checkpointedHighWatermark, log.logStartOffset()));
        state = new ReplicaState(log, partition);
        progress = new ReplicaProgress(state);
        guard = new ReplicaGuard(
                name, state, progress, failure -> shell.diskFailures().failed(this, failure));
        flushing = new ReplicaFlushing(state, shell, this::flushNow);
        writing = new ReplicaWriting(name, state, progress, flushing, shell);
        throttling = new ReplicaThrottling(name.partition(), shell.brokerId(), config);
        reading = new ReplicaReading(state, progress, throttling, shell);
        lookups = new ReplicaLookups(guard, state, shell.diskThreads());
        following = new ReplicaFollowing(state, progress);
    }

    // ---- facts

    public TopicPartition name() {
        return name;
    }

    public Uuid topicId() {
        return topicId;
    }

    public LogConfig config() {
        return config;
    }

    /** Exclusive: the first offset that is not committed. */
    public long highWatermark() {
        return progress.highWatermark();
    }

    public Leadership leadership() {
        return leadership;
    }

    public boolean isLeader() {
        return leadership.leaderId() == shell.brokerId();
    }

    public boolean isOnline() {
        return guard.locked(state::isOnline);
    }

    /** Whether it was ended in order: it is not this broker's any more, or the broker stops. */
    boolean isClosed() {
        return guard.locked(() -> state.life() == ReplicaState.Life.CLOSED);
    }

    public long endOffset() {
        return guard.locked(() -> state.log().endOffset());
    }

    public long logStartOffset() {
        return progress.logStartOffset();
    }

    public long lastStableOffset() {
        return guard.locked(state::stableOffset);
    }

    /** Waits for the disk, the first time. */
    public long sizeBytes() {
        wake();
        return guard.locked(() -> state.log().sizeBytes());
    }

    public int segmentCount() {
        return guard.locked(() -> state.log().segmentCount());
    }

    public long recoveryPoint() {
        return guard.locked(() -> state.log().recoveryPoint());
    }

    /** The name of the log's directory under its disk's root. */
    public String directory() {
        return guard.locked(() -> state.log().directory());
    }

    public boolean isUnderMinIsr() {
        return guard.locked(partition::isUnderMinIsr);
    }

    public boolean isUnderReplicated() {
        return guard.locked(partition::isUnderReplicated);
    }

    /** -1 as long as a follower has not told where its log begins. */
    public long lowWatermark() {
        return guard.locked(() -> partition.lowWatermark(state.log().logStartOffset()));
    }

    /** Whether it is among its topic's throttled replicas, in either role. */
    ReplicaThrottling throttling() {
        return throttling;
    }

    // ---- the controller's decisions

    /** Leads or follows as the controller decided. Whoever waits finds out. */
    public Partition.Transition assign(Assignment assignment) {
        guard.lock();
        try {
            if (!state.isOnline()) {
                return Partition.Transition.STALE;
            }
            Partition.Transition transition =
                    partition.assign(assignment, state.log().endOffset(), shell.nowMs());
            if (transition == Partition.Transition.STALE) {
                return transition;
            }
            publishLeadership();
            if (partition.isLeader()) {
                if (transition == Partition.Transition.NEW_EPOCH) {
                    state.log().beginEpoch(partition.leaderEpoch());
                }
                writing.grew();
            }
            progress.changed();
            return transition;
        } catch (DiskFailure failure) {
            guard.fail(failure);
            return Partition.Transition.STALE;
        } finally {
            guard.unlock();
        }
    }

    /** The controller answered a change of the in-sync set. */
    public void isrAnswered(IsrChange change, IsrAnswer answer) {
        guard.lock();
        try {
            partition.isrAnswered(change, answer, shell.nowMs(), shell.lagTimeMaxMs());
            publishLeadership();
            progress.changed();
        } finally {
            guard.unlock();
        }
    }

    private void publishLeadership() {
        leadership = new Leadership(
                partition.leaderId(), partition.leaderEpoch(), partition.replicas(), List.copyOf(partition.isr()));
    }

    /** To be called every half of {@code replica.lag.time.max.ms}. */
    public void dropLaggards() {
        guard.changing(() -> partition.dropLaggards(shell.nowMs(), shell.lagTimeMaxMs()));
    }

    public void configure(LogConfig next) {
        guard.lock();
        try {
            config = next;
            throttling.configure(next);
            state.log().configure(next);
            partition.setMinInsyncReplicas(next.minInsyncReplicas());
            if (partition.isLeader()) {
                writing.grew();
            }
            progress.changed();
        } finally {
            guard.unlock();
        }
    }

    // ---- the leader

    /**
     * Appends what a producer or a coordinator sent. The records must be writable: offsets, epoch and times are stamped where they
     * are. The caller answers when {@link #isCommitted}, with {@link Acks#ALL}, or {@link #isSecured} says so, or waits with
     * {@link ParkedProgress}.
     */
    public AppendResult append(ByteBuffer records, AppendOrigin origin, Acks acks) {
        return append(records, origin, acks, -1);
    }

    /** As above, but only as the leader of exactly this epoch; -1 takes any. */
    public AppendResult append(ByteBuffer records, AppendOrigin origin, Acks acks, int leaderEpoch) {
        if (!isLeader()) {
            return writing.notLeader();
        }
        // Checksums and records are checked before the lock is taken: it is the larger part of the work.
        Admission.Decided decided = Admission.decide(name, records, config, origin, shell.nowMs());
        guard.lock();
        try {
            return writing.append(decided, acks, leaderEpoch);
        } catch (DiskFailure failure) {
            guard.fail(failure);
            return writing.offline();
        } finally {
            guard.unlock();
        }
    }

    /** Whether this leader need not wait for its disk to answer for the record at {@code lastOffset}. */
    public boolean isSecured(long lastOffset) {
        return lastOffset < progress.securedOffset();
    }

    /** Whether all replicas in sync have the record at {@code lastOffset}. */
    public boolean isCommitted(long lastOffset) {
        return lastOffset < progress.highWatermark();
    }

    /** The error of acks=all for a record that is committed: too few replicas may have remained in sync. */
    public ErrorCode checkMinIsrAfterCommit() {
        return guard.locked(partition::checkMinIsrAfterCommit);
    }

    // ---- the follower, in the leader epoch that its fetcher knows

    /** Empty if this is no follower in that epoch (any more). */
    Optional<Standing> standing(int leaderEpoch) {
        return guard.locked(() -> following.standing(leaderEpoch));
    }

    /** Takes in what the leader answered, without an error, to what was asked for at an offset. The caller releases the records. */
    Taken take(int leaderEpoch, long fetchOffset, PartitionData data) {
        return guard.guarded(() -> following.take(leaderEpoch, fetchOffset, data), new Taken.Outdated());
    }

    /** Removes what the leader does not have from the end of the log. Waits for the disk. */
    void cut(int leaderEpoch, long endOffset) {
        withLog((log, guarded) -> {
            following.cut(leaderEpoch, endOffset);
            return true;
        });
    }

    /** Gives up the whole log, of which the leader has nothing any more. Waits for the disk. */
    void beginAt(int leaderEpoch, long offset) {
        withLog((log, guarded) -> {
            following.beginAt(leaderEpoch, offset);
            return true;
        });
    }

    // ---- readers

    /** Reads for a consumer or a follower. A follower's position is taken in, if it is news. */
    ReplicaRead read(FetchTerms terms, FetchPartition asked, int maxBytes, ReadLeast least, FollowerNews news) {
        guard.lock();
        try {
            return reading.read(terms, asked, maxBytes, least, news);
        } catch (DiskFailure failure) {
            guard.fail(failure);
            return new ReplicaRead.Failed(ErrorCode.KAFKA_STORAGE_ERROR);
        } finally {
            guard.unlock();
        }
    }

    /** What a cold read found: the records, or an error in place of the answer. Waits for the disk. */
    PartitionData run(ReplicaRead.OnDisk cold) {
        try {
            return ReplicaReading.complete(cold);
        } catch (DiskFailure failure) {
            Payload inMemory = cold.data().records();
            if (inMemory != null) {
                inMemory.release();
            }
            return ReplicaRead.failure(cold.data().partitionIndex(), guard.failedAside(failure, cold.log()));
        }
    }

    /**
     * Batches from an offset up to the end of the log, committed or not, for this broker's own use as the leader of an epoch;
     * empty if it is not. Waits for the disk and may throw {@link DiskFailure}. The receiver releases the payload.
     */
    Optional<Payload> readAsLeader(int leaderEpoch, long offset, int maxBytes) {
        ReadResult result;
        guard.lock();
        try {
            if (state.check(leaderEpoch, From.LEADER) != ErrorCode.NONE) {
                return Optional.empty();
            }
            result = state.log()
                    .read(
                            Math.max(offset, state.log().logStartOffset()),
                            state.log().endOffset(),
                            maxBytes,
                            ReadLeast.ONE_BATCH);
        } finally {
            guard.unlock();
        }
        return switch (result) {
            case ReadResult.Batches batches -> Optional.of(batches.records());
            case ReadResult.Cold cold -> Optional.of(cold.read().run());
            case ReadResult.OutOfRange outside -> Optional.of(Payload.EMPTY);
        };
    }

    /**
     * Looks for an offset by its time, or by one of the times that stand for a place in the log. Completes at once or, if the disk
     * is needed, on a disk thread.
     */
    public CompletionStage<FoundOffset> findOffset(OffsetQuestion question, int clientLeaderEpoch, From from) {
        return lookups.findOffset(question, clientLeaderEpoch, from);
    }

    /** Where a leader epoch ends here (KIP-101, KIP-320). */
    public EpochEndAnswer findEpochEnd(int leaderEpoch, int clientLeaderEpoch) {
        return lookups.findEpochEnd(leaderEpoch, clientLeaderEpoch);
    }

    /** Gives up all records below an offset, or all that are committed with -1. */
    public RecordsDeletion deleteRecords(long beforeOffset) {
        return guard.guarded(
                () -> writing.deleteRecords(beforeOffset), RecordsDeletion.failure(ErrorCode.KAFKA_STORAGE_ERROR));
    }

    /** What the log knows of its producers; a follower's may have less than the leader's (KIP-664). */
    public List<DescribeProducersResponse.ProducerState> describeProducers() {
        return lookups.describeProducers();
    }

    // ---- who waits

    /** Calls the listener, under the lock, whenever the high watermark has moved. It must not wait. */
    public void addCommitListener(LongConsumer listener) {
        guard.changing(() -> progress.addCommitListener(listener));
    }

    public void removeCommitListener(LongConsumer listener) {
        guard.changing(() -> progress.removeCommitListener(listener));
    }

    void await(ParkedFetch.Wait wait) {
        guard.changing(() -> progress.await(wait));
    }

    void forget(ParkedFetch.Wait wait) {
        guard.changing(() -> progress.forget(wait));
    }

    /** Whoever waits for this goal is told at once if it is reached or cannot be reached. */
    void await(ParkedProgress.Goal goal) {
        guard.changing(() -> progress.await(goal));
    }

    void forget(ParkedProgress.Goal goal) {
        guard.changing(() -> progress.forget(goal));
    }

    // ---- upkeep

    /** Deletes what retention no longer wants, and says how many segments. */
    public int retain(long nowMs) {
        wake();
        return upkeep(() -> {
            int deleted = state.log().retain(partition.highWatermark(), nowMs);
            if (deleted > 0) {
                partition.startMoved(state.log().logStartOffset());
                progress.changed();
            }
            return deleted;
        });
    }

    /** Looks at what an earlier run left, without the lock, so that nobody who has it waits for that. */
    private void wake() {
        Log asleep = guard.locked(state::log);
        Optional<Runnable> waking = guard.locked(() -> state.isOnline() ? asleep.planWaking() : Optional.empty());
        try {
            waking.ifPresent(Runnable::run);
        } catch (DiskFailure failure) {
            guard.failedAside(failure, asleep);
        }
    }

    public void expireProducers(long nowMs) {
        upkeep(() -> {
            state.log().expireProducers(nowMs);
            return 0;
        });
    }

    /** Asks for a flush if the last was {@code flush.ms} ago. */
    public void flushIfOld(long nowMs) {
        guard.changing(() -> flushing.grewOld(nowMs));
    }

    /** Returns when everything appended so far would survive a power cut, or the replica is offline. Waits for the disk. */
    public void flush() {
        Optional<LogFlush> planned =
                guard.locked(() -> state.isOnline() ? Optional.of(state.log().planFlush()) : Optional.empty());
        planned.ifPresent(flush -> run(flush, () -> {}));
    }

    /** On a flush thread. */
    private void flushNow() {
        guard.locked(flushing::begin).ifPresent(flush -> run(flush, flushing::ended));
    }

    /** Syncs without the lock, then tells who waits for it. */
    private void run(LogFlush flush, Runnable ended) {
        Optional<DiskFailure> failed = Optional.empty();
        try {
            flush.run();
        } catch (DiskFailure failure) {
            failed = Optional.of(failure);
        }
        guard.lock();
        try {
            ended.run();
            failed.filter(failure -> flush.isOf(state.log())).ifPresent(guard::fail);
            if (state.leads()) {
                writing.grew();
            }
            progress.changed();
        } finally {
            guard.unlock();
        }
    }

    // ---- moving to another directory

    /** A copy of the log in another directory begins to follow it; false if this is offline or ended. */
    boolean beginMove(ReplicaMove next) {
        return withLog((log, guarded) -> {
                    Check.invariant(move == null, "a log moves into one directory at a time");
                    move = next;
                    log.disturbCleaning();
                    return true;
                })
                .orElse(false);
    }

    void endMove() {
        move = null;
    }

    /** The copy of the log in another directory, if there is one. */
    Optional<ReplicaMove> move() {
        return Optional.ofNullable(move);
    }

    public boolean isMoving() {
        return move != null;
    }

    /** The copy is the log from now on. Under the lock. */
    void exchange(Log arrived) {
        guard.requireLocked("a log is exchanged under its replica's lock");
        arrived.configure(config);
        state.exchange(arrived);
        arrived.onHighWatermark(partition.highWatermark());
        if (partition.isLeader()) {
            arrived.beginEpoch(partition.leaderEpoch());
            writing.grew();
        }
        progress.changed();
    }

    /** The log, for the cleaner. */
    CleanableLog cleanable() {
        return new CleanableReplica(this);
    }

    /** Runs a deed on the log under the lock, unless this is offline or ended. A full disk is for the caller to know. */
    <T> Optional<T> withLog(BiFunction<Log, ReplicaState, T> deed) {
        return guard.withLog(deed);
    }

    private int upkeep(Supplier<Integer> work) {
        return guard.guarded(() -> state.isOnline() ? work.get() : 0, 0);
    }

    // ---- the end

    /**
     * Ends it: from now on everything is refused, and whoever waits is told. {@code last} then closes or removes the log, under
     * the lock.
     */
    void end(Runnable last) {
        guard.lock();
        try {
            if (state.isOnline()) {
                state.end(ReplicaState.Life.CLOSED);
                leadership = new Leadership(
                        Assignment.NO_LEADER, partition.leaderEpoch(), partition.replicas(), leadership.isr());
                progress.changed();
            }
            last.run();
        } catch (DiskFailure failure) {
            LOG.error("{} could not be ended in order", name, failure);
        } finally {
            guard.unlock();
        }
    }

    /** The disk under it failed elsewhere. */
    public void goOffline() {
        guard.lock();
        try {
            if (state.isOnline()) {
                state.end(ReplicaState.Life.FAILED);
                state.log().abandon();
                progress.changed();
            }
        } finally {
            guard.unlock();
        }
    }

    @Override
    public String toString() {
        return name.toString();
    }
}
