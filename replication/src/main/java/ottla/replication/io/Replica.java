package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
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
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.format.AbortedTransaction;
import ottla.log.io.DiskFailure;
import ottla.log.io.Log;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.log.io.TimestampSearch;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.ProducerState;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.FollowerProgress;
import ottla.replication.partition.IsrAnswer;
import ottla.replication.partition.IsrChange;
import ottla.replication.partition.Partition;
import ottla.wire.message.DescribeProducersResponse;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.EpochEndOffset;
import ottla.wire.message.FetchResponse.LeaderIdAndEpoch;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.message.FetchResponse.SnapshotId;
import ottla.wire.primitive.Payload;

/**
 * One partition on this broker: its log, its part in replication, and who waits for it. Owns the partition's lock; every method may
 * be called from any thread, and those that network loops call (append, fetch, look-ups) never wait for a disk that is not
 * writing.
 *
 * <p>Life: made by {@link Replicas} with an open log, then assigned a role by each of the controller's decisions, then closed or
 * removed, or taken offline by its disk. A replica that is no longer online refuses everything.
 *
 * <p>Whoever waits is checked under the lock after every change and woken on its own loop; when nobody waits, that costs the look
 * at an empty list.
 */
public final class Replica {
    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

    /** DeleteRecords up to the high watermark. */
    private static final long HIGH_WATERMARK = -1;

    private final TopicPartition name;
    private final Uuid topicId;
    private final ReplicaShell shell;
    private final ReentrantLock lock = new ReentrantLock();
    private final Log log;
    private final Partition partition;
    private final List<ParkedFetch.Wait> fetches = new ArrayList<>();
    private final List<ParkedProgress.Goal> goals = new ArrayList<>();
    private final List<LongConsumer> commitListeners = new ArrayList<>();
    private Life life = Life.ONLINE;

    /** A failure that others are to be told of when the lock is free again. */
    private @Nullable DiskFailure unreported;

    private volatile LogConfig config;
    private volatile long highWatermark;
    private volatile long logStartOffset;
    private volatile Leadership leadership = new Leadership(Assignment.NO_LEADER, -1, List.of(), List.of());

    private enum Life {
        ONLINE,
        /** The disk failed. */
        FAILED,
        /** Closed or removed. */
        CLOSED
    }

    /** Who leads, in sync with whom. {@code leaderId} is -1 if nobody does. */
    public record Leadership(int leaderId, int leaderEpoch, List<Integer> replicas, List<Integer> isr) {}

    /** The log is open; {@code checkpointedHighWatermark} is 0 if there was no checkpoint. */
    public Replica(TopicPartition name, Uuid topicId, Log log, long checkpointedHighWatermark, ReplicaShell shell) {
        this.name = name;
        this.topicId = topicId;
        this.log = log;
        this.shell = shell;
        this.config = log.config();
        this.partition = new Partition(
                shell.brokerId(),
                shell.eligibility(),
                change -> shell.isrChanges().ask(this, change));
        partition.setMinInsyncReplicas(config.minInsyncReplicas());
        partition.opened(log.endOffset(), Math.max(checkpointedHighWatermark, log.logStartOffset()));
        highWatermark = partition.highWatermark();
        logStartOffset = log.logStartOffset();
        log.onHighWatermark(highWatermark);
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
        return highWatermark;
    }

    public Leadership leadership() {
        return leadership;
    }

    public boolean isLeader() {
        return leadership.leaderId() == shell.brokerId();
    }

    public boolean isOnline() {
        return locked(() -> life == Life.ONLINE);
    }

    public long endOffset() {
        return locked(log::endOffset);
    }

    public long logStartOffset() {
        return logStartOffset;
    }

    public long lastStableOffset() {
        return locked(() -> log.lastStableOffset(partition.highWatermark()));
    }

    public long sizeBytes() {
        return locked(log::sizeBytes);
    }

    public int segmentCount() {
        return locked(log::segmentCount);
    }

    public long recoveryPoint() {
        return locked(log::recoveryPoint);
    }

    /** The name of the log's directory under its disk's root. */
    public String directory() {
        return log.directory();
    }

    public boolean isUnderMinIsr() {
        return locked(partition::isUnderMinIsr);
    }

    public boolean isUnderReplicated() {
        return locked(partition::isUnderReplicated);
    }

    /** -1 as long as a follower has not told where its log begins. */
    public long lowWatermark() {
        return locked(() -> partition.lowWatermark(log.logStartOffset()));
    }

    // ---- the controller's decisions

    /** Leads or follows as the controller decided. Whoever waits finds out. */
    public Partition.Transition assign(Assignment assignment) {
        lock.lock();
        try {
            if (life != Life.ONLINE) {
                return Partition.Transition.STALE;
            }
            Partition.Transition transition = partition.assign(assignment, log.endOffset(), shell.nowMs());
            if (transition == Partition.Transition.STALE) {
                return transition;
            }
            leadership = new Leadership(
                    partition.leaderId(), partition.leaderEpoch(), partition.replicas(), List.copyOf(partition.isr()));
            if (partition.isLeader()) {
                if (transition == Partition.Transition.NEW_EPOCH) {
                    log.beginEpoch(partition.leaderEpoch());
                }
                partition.appended(log.endOffset(), shell.nowMs(), shell.lagTimeMaxMs());
            }
            progressed();
            return transition;
        } catch (DiskFailure failure) {
            fail(failure);
            return Partition.Transition.STALE;
        } finally {
            unlock();
        }
    }

    /** The controller answered a change of the in-sync set. */
    public void isrAnswered(IsrChange change, IsrAnswer answer) {
        lock.lock();
        try {
            partition.isrAnswered(change, answer, shell.nowMs(), shell.lagTimeMaxMs());
            leadership = new Leadership(
                    partition.leaderId(), partition.leaderEpoch(), partition.replicas(), List.copyOf(partition.isr()));
            progressed();
        } finally {
            unlock();
        }
    }

    /** To be called every half of {@code replica.lag.time.max.ms}. */
    public void dropLaggards() {
        locked(() -> {
            partition.dropLaggards(shell.nowMs(), shell.lagTimeMaxMs());
            return true;
        });
    }

    public void configure(LogConfig next) {
        lock.lock();
        try {
            config = next;
            log.configure(next);
            partition.setMinInsyncReplicas(next.minInsyncReplicas());
            if (partition.isLeader()) {
                partition.appended(log.endOffset(), shell.nowMs(), shell.lagTimeMaxMs());
            }
            progressed();
        } finally {
            unlock();
        }
    }

    // ---- the leader

    /**
     * Appends what a producer or a coordinator sent. The records must be writable: offsets, epoch and times are stamped where they
     * are. With {@link Acks#ALL} the caller answers when {@link #isCommitted} says so, or waits with {@link ParkedProgress}.
     */
    public AppendResult append(ByteBuffer records, AppendOrigin origin, Acks acks) {
        return append(records, origin, acks, -1);
    }

    /** As above, but only as the leader of exactly this epoch; -1 takes any. */
    public AppendResult append(ByteBuffer records, AppendOrigin origin, Acks acks, int leaderEpoch) {
        if (!isLeader()) {
            return notLeader();
        }
        // Checksums and records are checked before the lock is taken: it is the larger part of the work.
        Admission.Decided decided = Admission.decide(name, records, config, origin, shell.nowMs());
        lock.lock();
        try {
            if (life == Life.FAILED) {
                return offline();
            }
            boolean leads = life == Life.ONLINE && partition.isLeader();
            if (!leads || (leaderEpoch >= 0 && leaderEpoch != partition.leaderEpoch())) {
                return notLeader();
            }
            ErrorCode tooFew = acks == Acks.ALL ? partition.checkMinIsrBeforeAppend() : ErrorCode.NONE;
            if (tooFew != ErrorCode.NONE) {
                return AppendResult.Refused.of(
                        tooFew,
                        name + " has " + partition.isr().size() + " replicas in sync and needs "
                                + partition.effectiveMinIsr());
            }
            return switch (decided) {
                case Admission.Decided.Refused refused -> AppendResult.Refused.of(refused.refusal());
                case Admission.Decided.Admitted admitted -> appendAdmitted(admitted);
            };
        } catch (DiskFailure failure) {
            fail(failure);
            return offline();
        } finally {
            unlock();
        }
    }

    private AppendResult appendAdmitted(Admission.Decided.Admitted admitted) {
        AppendResult result = log.appendAsLeader(admitted, partition.leaderEpoch());
        if (result instanceof AppendResult.Appended) {
            // Followers are measured by the clock; without them it need not be read.
            long nowMs = partition.isAlone() ? 0 : shell.nowMs();
            partition.appended(log.endOffset(), nowMs, shell.lagTimeMaxMs());
            progressed();
        }
        return result;
    }

    /** Whether all replicas in sync have the record at {@code lastOffset}. */
    public boolean isCommitted(long lastOffset) {
        return lastOffset < highWatermark;
    }

    /** The error of acks=all for a record that is committed: too few replicas may have remained in sync. */
    public ErrorCode checkMinIsrAfterCommit() {
        return locked(partition::checkMinIsrAfterCommit);
    }

    private AppendResult notLeader() {
        return AppendResult.Refused.of(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, "broker " + shell.brokerId() + " does not lead " + name);
    }

    private AppendResult offline() {
        return AppendResult.Refused.of(ErrorCode.KAFKA_STORAGE_ERROR, "the log directory of " + name + " is offline");
    }

    // ---- readers

    /** Reads for a consumer or a follower. A follower's position is taken in, if it is news. */
    ReplicaRead read(FetchTerms terms, FetchPartition asked, int maxBytes, ReadLeast least, FollowerNews news) {
        lock.lock();
        try {
            ErrorCode refused = check(asked.currentLeaderEpoch(), terms.from());
            if (refused != ErrorCode.NONE) {
                return new ReplicaRead.Failed(refused);
            }
            FollowerProgress follower = null;
            if (terms.isFollower()) {
                follower = partition.follower(terms.replicaId()).orElse(null);
                if (follower == null) {
                    return new ReplicaRead.Failed(
                            asked.currentLeaderEpoch() >= 0
                                    ? ErrorCode.UNKNOWN_LEADER_EPOCH
                                    : ErrorCode.NOT_LEADER_OR_FOLLOWER);
                }
            }
            ReplicaRead read = readLog(terms, asked, maxBytes, least);
            if (follower != null && news == FollowerNews.TAKEN_IN && !isDiverging(read)) {
                takeIn(follower, terms, asked);
            }
            return read;
        } catch (DiskFailure failure) {
            fail(failure);
            return new ReplicaRead.Failed(ErrorCode.KAFKA_STORAGE_ERROR);
        } finally {
            unlock();
        }
    }

    /** Whether a follower's fetch tells something new about it. It does once, not again when the same fetch is read again. */
    enum FollowerNews {
        TAKEN_IN,
        KNOWN
    }

    private static boolean isDiverging(ReplicaRead read) {
        return read instanceof ReplicaRead.Failed
                || (read instanceof ReplicaRead.Ready ready
                        && ready.data().divergingEpoch().endOffset() >= 0);
    }

    private void takeIn(FollowerProgress follower, FetchTerms terms, FetchPartition asked) {
        partition.fetched(
                follower,
                asked.fetchOffset(),
                asked.logStartOffset(),
                log.endOffset(),
                terms.replicaEpoch(),
                shell.nowMs(),
                shell.lagTimeMaxMs());
        progressed();
    }

    private ReplicaRead readLog(FetchTerms terms, FetchPartition asked, int maxBytes, ReadLeast least) {
        long stableOffset = log.lastStableOffset(partition.highWatermark());
        if (asked.lastFetchedEpoch() >= 0) {
            Optional<EpochEnd> end = log.endOfEpoch(asked.lastFetchedEpoch());
            if (end.isEmpty()) {
                return new ReplicaRead.Failed(ErrorCode.OFFSET_OUT_OF_RANGE);
            }
            if (end.get().epoch() < asked.lastFetchedEpoch() || end.get().endOffset() < asked.fetchOffset()) {
                EpochEndOffset diverging =
                        new EpochEndOffset(end.get().epoch(), end.get().endOffset());
                return ready(terms, asked, stableOffset, diverging, List.of(), Payload.EMPTY);
            }
        }
        long bound = boundOffset(terms);
        ReadResult result = log.read(asked.fetchOffset(), bound, maxBytes, least);
        return switch (result) {
            case ReadResult.OutOfRange outside -> new ReplicaRead.Failed(ErrorCode.OFFSET_OUT_OF_RANGE);
            case ReadResult.Batches batches ->
                ready(
                        terms,
                        asked,
                        stableOffset,
                        EpochEndOffset.DEFAULT,
                        aborted(terms, asked, bound),
                        batches.records());
            case ReadResult.Cold cold ->
                new ReplicaRead.OnDisk(
                        data(
                                terms,
                                asked,
                                stableOffset,
                                EpochEndOffset.DEFAULT,
                                aborted(terms, asked, bound),
                                Payload.EMPTY),
                        bound,
                        partition.leaderEpoch(),
                        cold.read());
        };
    }

    private ReplicaRead ready(
            FetchTerms terms,
            FetchPartition asked,
            long stableOffset,
            EpochEndOffset diverging,
            List<FetchResponse.AbortedTransaction> aborted,
            Payload records) {
        return new ReplicaRead.Ready(
                data(terms, asked, stableOffset, diverging, aborted, records),
                boundOffset(terms),
                partition.leaderEpoch());
    }

    private PartitionData data(
            FetchTerms terms,
            FetchPartition asked,
            long stableOffset,
            EpochEndOffset diverging,
            List<FetchResponse.AbortedTransaction> aborted,
            Payload records) {
        boolean committedOnly = !terms.isFollower() && terms.isolation() == Isolation.READ_COMMITTED;
        return new PartitionData(
                asked.partition(),
                ErrorCode.NONE.code(),
                partition.highWatermark(),
                stableOffset,
                log.logStartOffset(),
                diverging,
                LeaderIdAndEpoch.DEFAULT,
                SnapshotId.DEFAULT,
                committedOnly ? aborted : null,
                -1,
                records);
    }

    private List<FetchResponse.AbortedTransaction> aborted(FetchTerms terms, FetchPartition asked, long boundOffset) {
        if (terms.isFollower() || terms.isolation() == Isolation.READ_UNCOMMITTED) {
            return List.of();
        }
        List<AbortedTransaction> found = log.abortedTransactions(asked.fetchOffset(), boundOffset);
        if (found.isEmpty()) {
            return List.of();
        }
        List<FetchResponse.AbortedTransaction> aborted = new ArrayList<>(found.size());
        for (AbortedTransaction transaction : found) {
            aborted.add(new FetchResponse.AbortedTransaction(transaction.producerId(), transaction.firstOffset()));
        }
        return aborted;
    }

    /** Up to where this fetch may read: followers everything, consumers what is committed. */
    private long boundOffset(FetchTerms terms) {
        if (terms.isFollower()) {
            return log.endOffset();
        }
        return terms.isolation() == Isolation.READ_COMMITTED
                ? log.lastStableOffset(partition.highWatermark())
                : partition.highWatermark();
    }

    /** What a cold read found: the records, or an error in place of the answer. Waits for the disk. */
    PartitionData run(ReplicaRead.OnDisk cold) {
        try {
            return cold.data().withRecords(cold.read().run());
        } catch (DiskFailure failure) {
            return ReplicaRead.failure(cold.data().partitionIndex(), failedAside(failure));
        }
    }

    /** ABSENT only says that retention was faster than the reader. */
    private ErrorCode failedAside(DiskFailure failure) {
        if (failure.kind() == DiskFailure.Kind.ABSENT) {
            return ErrorCode.OFFSET_OUT_OF_RANGE;
        }
        lock.lock();
        try {
            fail(failure);
        } finally {
            unlock();
        }
        return ErrorCode.KAFKA_STORAGE_ERROR;
    }

    /**
     * Batches from an offset up to the end of the log, committed or not, for this broker's own use as the leader of an epoch;
     * empty if it is not. Waits for the disk and may throw {@link DiskFailure}. The receiver releases the payload.
     */
    Optional<Payload> readAsLeader(int leaderEpoch, long offset, int maxBytes) {
        ReadResult result;
        lock.lock();
        try {
            if (check(leaderEpoch, From.LEADER) != ErrorCode.NONE) {
                return Optional.empty();
            }
            result = log.read(Math.max(offset, log.logStartOffset()), log.endOffset(), maxBytes, ReadLeast.ONE_BATCH);
        } finally {
            unlock();
        }
        return switch (result) {
            case ReadResult.Batches batches -> Optional.of(batches.records());
            case ReadResult.Cold cold -> Optional.of(cold.read().run());
            case ReadResult.OutOfRange outside -> Optional.of(Payload.EMPTY);
        };
    }

    private ErrorCode check(int clientLeaderEpoch, From from) {
        if (life == Life.FAILED) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        if (life == Life.CLOSED) {
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        ErrorCode epoch = partition.checkEpoch(clientLeaderEpoch);
        if (epoch != ErrorCode.NONE) {
            return epoch;
        }
        return from == From.LEADER && !partition.isLeader() ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.NONE;
    }

    /**
     * Looks for an offset by its time, or by one of the times that stand for a place in the log. Completes at once or, if the disk
     * is needed, on a disk thread.
     */
    public CompletionStage<FoundOffset> findOffset(OffsetQuestion question, int clientLeaderEpoch, From from) {
        TimestampSearch search;
        lock.lock();
        try {
            ErrorCode refused = check(clientLeaderEpoch, from);
            if (refused != ErrorCode.NONE) {
                return CompletableFuture.completedFuture(FoundOffset.failure(refused));
            }
            search = switch (question.place()) {
                case LARGEST_TIMESTAMP -> log.findLargestTimestamp();
                case TIMESTAMP -> log.findTimestamp(question.timestampMs());
                case LATEST, EARLIEST, EARLIEST_LOCAL, NOWHERE -> null;
            };
            if (search == null) {
                return CompletableFuture.completedFuture(place(question));
            }
        } catch (DiskFailure failure) {
            fail(failure);
            return CompletableFuture.completedFuture(FoundOffset.failure(ErrorCode.KAFKA_STORAGE_ERROR));
        } finally {
            unlock();
        }
        TimestampSearch planned = search;
        return CompletableFuture.supplyAsync(() -> run(planned, question), shell.diskThreads());
    }

    /** The places that need no search. */
    private FoundOffset place(OffsetQuestion question) {
        return switch (question.place()) {
            case LATEST -> latest(question);
            case EARLIEST -> start(log.logStartOffset());
            case EARLIEST_LOCAL -> start(log.localLogStartOffset());
            case NOWHERE, LARGEST_TIMESTAMP, TIMESTAMP -> FoundOffset.NONE;
        };
    }

    private FoundOffset start(long offset) {
        return new FoundOffset(ErrorCode.NONE, -1, offset, log.epochAt(offset).orElse(-1));
    }

    private FoundOffset run(TimestampSearch search, OffsetQuestion question) {
        Optional<TimestampSearch.Found> found;
        try {
            found = search.run();
        } catch (DiskFailure failure) {
            return FoundOffset.failure(failedAside(failure));
        }
        if (found.isEmpty()) {
            return FoundOffset.NONE;
        }
        return locked(() -> {
            if (found.get().offset() < lastFetchable(question)) {
                return new FoundOffset(
                        ErrorCode.NONE,
                        found.get().timestampMs(),
                        found.get().offset(),
                        found.get().leaderEpoch());
            }
            return isEpochUncommitted() && question.reader() != OffsetQuestion.Reader.REPLICA
                    ? FoundOffset.failure(ErrorCode.OFFSET_NOT_AVAILABLE)
                    : FoundOffset.NONE;
        });
    }

    private FoundOffset latest(OffsetQuestion question) {
        if (isEpochUncommitted() && question.reader() != OffsetQuestion.Reader.REPLICA) {
            return FoundOffset.failure(ErrorCode.OFFSET_NOT_AVAILABLE);
        }
        return new FoundOffset(ErrorCode.NONE, -1, lastFetchable(question), partition.leaderEpoch());
    }

    /** A new leader does not know yet what the one before it had committed (KIP-207). */
    private boolean isEpochUncommitted() {
        return partition.leaderEpochStartOffset() > partition.highWatermark();
    }

    private long lastFetchable(OffsetQuestion question) {
        return switch (question.reader()) {
            case CONSUMER -> partition.highWatermark();
            case COMMITTED_CONSUMER -> log.lastStableOffset(partition.highWatermark());
            case REPLICA -> log.endOffset();
        };
    }

    /** Where a leader epoch ends here (KIP-101, KIP-320). */
    public EpochEndAnswer findEpochEnd(int leaderEpoch, int clientLeaderEpoch) {
        lock.lock();
        try {
            ErrorCode refused = check(clientLeaderEpoch, From.LEADER);
            if (refused != ErrorCode.NONE) {
                return EpochEndAnswer.failure(refused);
            }
            return log.endOfEpoch(leaderEpoch)
                    .map(end -> new EpochEndAnswer(ErrorCode.NONE, end.epoch(), end.endOffset()))
                    .orElse(EpochEndAnswer.failure(ErrorCode.NONE));
        } finally {
            unlock();
        }
    }

    /** Gives up all records below an offset, or all that are committed with -1. */
    public RecordsDeletion deleteRecords(long beforeOffset) {
        lock.lock();
        try {
            ErrorCode refused = check(-1, From.LEADER);
            if (refused != ErrorCode.NONE) {
                return RecordsDeletion.failure(refused);
            }
            if (!log.config().deletes()) {
                return RecordsDeletion.failure(ErrorCode.POLICY_VIOLATION);
            }
            long offset = beforeOffset == HIGH_WATERMARK ? partition.highWatermark() : beforeOffset;
            if (offset < 0 || offset > partition.highWatermark()) {
                return RecordsDeletion.failure(ErrorCode.OFFSET_OUT_OF_RANGE);
            }
            log.advanceLogStart(offset);
            progressed();
            return new RecordsDeletion(ErrorCode.NONE, offset, partition.lowWatermark(log.logStartOffset()));
        } catch (DiskFailure failure) {
            fail(failure);
            return RecordsDeletion.failure(ErrorCode.KAFKA_STORAGE_ERROR);
        } finally {
            unlock();
        }
    }

    /** What the leader knows of its producers. Empty if this broker does not lead. */
    public Optional<List<DescribeProducersResponse.ProducerState>> describeProducers() {
        return locked(() -> {
            if (life != Life.ONLINE || !partition.isLeader()) {
                return Optional.empty();
            }
            List<DescribeProducersResponse.ProducerState> producers = new ArrayList<>();
            for (ProducerState producer : log.producers()) {
                producers.add(new DescribeProducersResponse.ProducerState(
                        producer.producerId(),
                        producer.epoch(),
                        producer.lastSequenceKnown().orElse(-1),
                        producer.lastTimestampMs(),
                        producer.coordinatorEpoch(),
                        producer.transactionFirstOffset().orElse(-1)));
            }
            return Optional.of(producers);
        });
    }

    // ---- who waits

    /** Calls the listener, under the lock, whenever the high watermark has moved. It must not wait. */
    public void addCommitListener(LongConsumer listener) {
        locked(() -> commitListeners.add(listener));
    }

    public void removeCommitListener(LongConsumer listener) {
        locked(() -> commitListeners.remove(listener));
    }

    void await(ParkedFetch.Wait wait) {
        locked(() -> {
            wait.index = fetches.size();
            fetches.add(wait);
            check(wait);
            return true;
        });
    }

    void forget(ParkedFetch.Wait wait) {
        locked(() -> {
            if (wait.index >= 0) {
                ParkedFetch.Wait last = fetches.removeLast();
                if (last != wait) {
                    fetches.set(wait.index, last);
                    last.index = wait.index;
                }
                wait.index = -1;
            }
            return true;
        });
    }

    /** Whoever waits for this goal is told at once if it is reached or cannot be reached. */
    void await(ParkedProgress.Goal goal) {
        locked(() -> {
            if (!settle(goal)) {
                goals.add(goal);
            }
            return true;
        });
    }

    void forget(ParkedProgress.Goal goal) {
        locked(() -> {
            goals.remove(goal);
            goal.settle(ErrorCode.REQUEST_TIMED_OUT);
            return true;
        });
    }

    /** Under the lock, after every change that a reader, a producer or a coordinator may wait for. */
    private void progressed() {
        long reached = partition.highWatermark();
        if (reached != highWatermark) {
            highWatermark = reached;
            log.onHighWatermark(reached);
            for (LongConsumer listener : commitListeners) {
                listener.accept(reached);
            }
        }
        if (logStartOffset != log.logStartOffset()) {
            logStartOffset = log.logStartOffset();
        }
        if (!fetches.isEmpty()) {
            fetches.forEach(this::check);
        }
        if (!goals.isEmpty()) {
            goals.removeIf(this::settle);
        }
    }

    private void check(ParkedFetch.Wait wait) {
        boolean served = life == Life.ONLINE
                && partition.leaderEpoch() == wait.leaderEpoch
                && (wait.terms().from() == From.ANY_REPLICA || partition.isLeader());
        long bound = served ? boundOffset(wait.terms()) : -1;
        if (!served || bound < wait.boundOffset || wait.asked().fetchOffset() < log.logStartOffset()) {
            wait.wake();
        } else if (bound > wait.boundOffset) {
            wait.readable(bound, log.readableBytes(wait.asked().fetchOffset(), bound));
        }
    }

    private boolean settle(ParkedProgress.Goal goal) {
        if (life != Life.ONLINE || !partition.isLeader()) {
            goal.settle(life == Life.FAILED ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NOT_LEADER_OR_FOLLOWER);
            return true;
        }
        boolean reached = switch (goal.kind()) {
            case COMMITTED -> partition.isCommitted(goal.offset());
            case LOW_WATERMARK -> partition.lowWatermark(log.logStartOffset()) >= goal.offset();
        };
        if (reached) {
            goal.settle(
                    goal.kind() == ParkedProgress.Kind.COMMITTED ? partition.checkMinIsrAfterCommit() : ErrorCode.NONE);
        }
        return reached;
    }

    // ---- upkeep

    /** Deletes what retention no longer wants, and says how many segments. */
    public int retain(long nowMs) {
        return upkeep(() -> {
            int deleted = log.retain(partition.highWatermark(), nowMs);
            if (deleted > 0) {
                partition.startMoved(log.logStartOffset());
                progressed();
            }
            return deleted;
        });
    }

    public void expireProducers(long nowMs) {
        upkeep(() -> {
            log.expireProducers(nowMs);
            return 0;
        });
    }

    /** Returns when everything appended so far would survive a power cut. Waits for the disk with the partition locked. */
    public void flush() {
        upkeep(() -> {
            log.flush();
            return 0;
        });
    }

    private int upkeep(Supplier<Integer> work) {
        lock.lock();
        try {
            return life == Life.ONLINE ? work.get() : 0;
        } catch (DiskFailure failure) {
            fail(failure);
            return 0;
        } finally {
            unlock();
        }
    }

    // ---- the end

    /**
     * Ends it: from now on everything is refused, and whoever waits is told. {@code last} then closes or removes the log, under
     * the lock.
     */
    void end(Runnable last) {
        lock.lock();
        try {
            if (life == Life.ONLINE) {
                life = Life.CLOSED;
                leadership = new Leadership(
                        Assignment.NO_LEADER, partition.leaderEpoch(), partition.replicas(), leadership.isr());
                progressed();
            }
            last.run();
        } catch (DiskFailure failure) {
            LOG.error("{} could not be ended in order", name, failure);
        } finally {
            unlock();
        }
    }

    /** The disk under it failed elsewhere. */
    public void goOffline() {
        lock.lock();
        try {
            if (life == Life.ONLINE) {
                life = Life.FAILED;
                log.abandon();
                progressed();
            }
        } finally {
            unlock();
        }
    }

    /** Under the lock. Others are told when it is free again. */
    private void fail(DiskFailure failure) {
        Check.invariant(lock.isHeldByCurrentThread(), "a replica fails under its lock");
        if (life != Life.ONLINE) {
            return;
        }
        LOG.error("{} goes offline: its disk failed", name, failure);
        life = Life.FAILED;
        unreported = failure;
        log.abandon();
        progressed();
    }

    private void unlock() {
        DiskFailure failure = unreported;
        unreported = null;
        lock.unlock();
        if (failure != null) {
            shell.diskFailures().failed(this, failure);
        }
    }

    private <T> T locked(Supplier<T> read) {
        lock.lock();
        try {
            return read.get();
        } finally {
            unlock();
        }
    }

    @Override
    public String toString() {
        return name.toString();
    }
}
