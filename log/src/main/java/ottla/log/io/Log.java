package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.format.Checkpoint;
import ottla.log.format.PartitionMetadata;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.EpochBump;
import ottla.log.producer.ProducerState;
import ottla.log.producer.TransactionCheck;
import ottla.log.producer.VerificationStart;

/**
 * One partition's log: segments on disk, the newest bytes in memory, and what is derived from the batches (indexes, leader epochs,
 * producers).
 *
 * <p>Not safe for use by several threads: every call is made under the partition's lock, except on what {@link #read} and the
 * searches return, which is made to be used without it. A {@link DiskFailure} from any call leaves the log unfit for more writes,
 * unless it is of the kind that passes; whoever owns the log then takes it offline.
 *
 * <p>Life: {@link #open}, anything, then either {@link #close} or {@link #remove}.
 */
public final class Log implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Log.class);

    private final LogState state;
    private final Rolling rolling;
    private final Appending appending;
    private final Reading reading;
    private final Cutting cutting;
    private final Deleting deleting;
    private final Compacting compacting;

    private Log(LogState state) {
        this.state = state;
        rolling = new Rolling(state);
        appending = new Appending(state, rolling);
        reading = new Reading(state);
        cutting = new Cutting(state);
        deleting = new Deleting(state, rolling);
        compacting = new Compacting(state, reading);
    }

    /**
     * Opens a log, or begins one if its directory is new.
     *
     * @param directory the name of its directory under the disk's root
     * @param logStartOffset the first offset that was to be kept, as the checkpoint has it, 0 if it has none
     * @param recoveryPoint the offset below which everything is known to be on disk, 0 if nothing is known
     */
    public static Log open(
            LogShell shell,
            TopicPartition partition,
            String directory,
            LogConfig config,
            Stop stop,
            long logStartOffset,
            long recoveryPoint) {
        LogOpening opening = new LogOpening(shell, partition, new LogPath(directory), config);
        opening.run(stop, logStartOffset, recoveryPoint);
        return new Log(new LogState(shell, partition, config, opening));
    }

    // ---- appending

    /**
     * Appends what was admitted, numbered from the end of the log on. The offsets and the leader epoch are stamped into the
     * records where they are.
     */
    public AppendResult appendAsLeader(Admission.Decided.Admitted admitted, int leaderEpoch) {
        return appending.asLeader(admitted, leaderEpoch, TransactionCheck.NONE);
    }

    /** As the other, for a batch or a marker of a transaction, with what its request proves. */
    public AppendResult appendAsLeader(Admission.Decided.Admitted admitted, int leaderEpoch, TransactionCheck check) {
        return appending.asLeader(admitted, leaderEpoch, check);
    }

    /**
     * Whether the coordinator has to be asked before the first batch of a transaction is appended here (KIP-890). The guard then
     * goes into the {@link TransactionCheck} of that batch.
     */
    public VerificationStart beginVerification(
            long producerId, int sequence, short epoch, EpochBump epochBump, long nowMs) {
        return state.producers.beginVerification(producerId, sequence, epoch, epochBump, nowMs);
    }

    /** {@link Admission#decide} and {@link #appendAsLeader} in one, for callers that hold the lock anyway. */
    public AppendResult appendAsLeader(ByteBuffer records, int leaderEpoch, AppendOrigin origin, long nowMs) {
        return switch (Admission.decide(state.partition, records, state.config, origin, nowMs)) {
            case Admission.Decided.Admitted admitted ->
                appending.asLeader(admitted, leaderEpoch, TransactionCheck.NONE);
            case Admission.Decided.Refused refused -> AppendResult.Refused.of(refused.refusal());
        };
    }

    /**
     * Appends batches that already have their offsets and epochs: a follower's, or those of the metadata quorum's leader. What
     * follows the last whole batch is left out, and so are batches of a later epoch than {@code leaderEpoch}: their writer was
     * deposed when it sent them, or they are not meant for this epoch.
     */
    public AppendResult appendAsFollower(ByteBuffer records, int leaderEpoch) {
        return appending.asFollower(records, leaderEpoch);
    }

    /** Begins a new segment at the end of the log, unless the active one is empty. */
    public void roll() {
        rolling.roll();
    }

    // ---- reading

    /**
     * Batches from the one that holds {@code offset} on.
     *
     * @param boundOffset no record at or after this offset is given: the high watermark, the last stable offset or the end
     */
    public ReadResult read(long offset, long boundOffset, int maxBytes, ReadLeast least) {
        return reading.read(offset, boundOffset, maxBytes, least);
    }

    /**
     * How many bytes a reader at {@code offset} could get up to {@code boundOffset}: exact near the end of the log, elsewhere
     * {@link Integer#MAX_VALUE}, which is enough for any reader that waits for a minimum.
     */
    public int readableBytes(long offset, long boundOffset) {
        return reading.readableBytes(offset, boundOffset);
    }

    /** The search for aborted transactions that touch the records from an offset to another, for readers of committed records. */
    public AbortedSearch abortedTransactions(long fromOffset, long boundOffset) {
        return reading.abortedTransactions(fromOffset, boundOffset);
    }

    /** The search for the first record with a timestamp or a later one. */
    public TimestampSearch findTimestamp(long timestampMs) {
        return reading.findTimestamp(timestampMs);
    }

    /** The search for the record with the largest timestamp. */
    public TimestampSearch findLargestTimestamp() {
        return reading.findLargestTimestamp();
    }

    // ---- facts

    public TopicPartition partition() {
        return state.partition;
    }

    public LogConfig config() {
        return state.config;
    }

    /** The name of the log's directory under its disk's root. */
    public String directory() {
        return state.files.directory().name();
    }

    public long logStartOffset() {
        return state.logStartOffset;
    }

    /** The first offset that is on this disk. */
    public long localLogStartOffset() {
        return Math.max(state.logStartOffset, state.segments.first().baseOffset());
    }

    /** The offset that the next record gets. */
    public long endOffset() {
        return state.endOffset;
    }

    /**
     * Exclusive: up to here the log may be answered for, as {@code flush.messages} has it, because fewer records than that are then
     * not yet on disk. A log that ends behind it is due for a flush. {@link Long#MAX_VALUE} if the topic leaves flushing to the
     * system, as most do.
     */
    public long securedOffset() {
        long unflushed = state.config.flushMessages() - 1;
        long recoveryPoint = state.flushing.recoveryPoint();
        return unflushed >= Long.MAX_VALUE - 1 - recoveryPoint ? Long.MAX_VALUE : recoveryPoint + unflushed;
    }

    /** Everything below is on disk and would survive a power cut. */
    public long recoveryPoint() {
        return state.flushing.recoveryPoint();
    }

    /**
     * Where a start has to begin its recovery if it finds the log as it is now. What a flush leaves to be made anew lies beyond: the
     * indexes of the segment that is written to, which are complete on disk only some time after it was rolled.
     */
    public long recoveryStart() {
        return state.flushing.recoveryStart();
    }

    public long sizeBytes() {
        return state.segments.sizeBytes();
    }

    /**
     * What must be run, without the lock and on a thread that may wait for the disk, lest {@link #sizeBytes} or {@link #retain} wait
     * for it under the lock. Nothing, once it was run.
     */
    public Optional<Runnable> planWaking() {
        List<Segment> asleep = state.segments.all().stream()
                .filter(segment -> !segment.isAwake())
                .toList();
        return asleep.isEmpty() ? Optional.empty() : Optional.of(() -> asleep.forEach(Segment::wake));
    }

    public int segmentCount() {
        return state.segments.count();
    }

    /** Where the active segment begins. */
    public long activeSegmentBaseOffset() {
        return state.segments.active().baseOffset();
    }

    public OptionalInt latestEpoch() {
        return state.epochs.latest();
    }

    /** Where each leader epoch begins, in order. */
    public List<Checkpoint.EpochStart> epochs() {
        return state.epochs.entries();
    }

    /** Whose record an offset is, if it is known. */
    public OptionalInt epochAt(long offset) {
        return state.epochs.epochAt(offset);
    }

    /** What OffsetForLeaderEpoch answers, but for the bound at the high watermark that a reader's question has. */
    public Optional<LeaderEpochs.EpochEnd> endOfEpoch(int epoch) {
        return state.epochs.endOf(epoch, state.endOffset);
    }

    /** Notes that this log's next records will be of an epoch: on becoming leader, before the first of them. */
    public void beginEpoch(int epoch) {
        state.epochUnwritten |= state.epochs.assign(epoch, state.endOffset) == LeaderEpochs.Change.CHANGED;
    }

    public Collection<ProducerState> producers() {
        return state.producers.all();
    }

    public Optional<ProducerState> producer(long producerId) {
        return state.producers.state(producerId);
    }

    /** Readers of committed records get nothing from here on. */
    public long lastStableOffset(long highWatermark) {
        OptionalLong unstable = state.producers.firstUnstableOffset();
        return unstable.isEmpty()
                ? highWatermark
                : Math.min(highWatermark, Math.max(unstable.getAsLong(), state.logStartOffset));
    }

    public Optional<Uuid> topicId() {
        return state.topicId;
    }

    // ---- changing

    public void configure(LogConfig next) {
        state.config = next;
    }

    /**
     * Writes {@code partition.metadata}, which is durable soon. The id of a log never changes; without it, the log of a topic that was
     * deleted while its broker was away would be taken for that of the next one of the same name.
     */
    public void assignTopicId(Uuid id) {
        Check.invariant(state.topicId.isEmpty() || state.topicId.get().equals(id), "a log keeps its topic id");
        if (state.topicId.isEmpty()) {
            SmallFiles.replace(
                    state.shell.disk(),
                    state.files.path(SegmentFiles.PARTITION_METADATA),
                    new PartitionMetadata(id).text(),
                    SmallFiles.Durability.WRITTEN);
            state.topicId = Optional.of(id);
            state.shell.background().soon(this::syncTopicId);
        }
    }

    private void syncTopicId() {
        Disk disk = state.shell.disk();
        String directory = state.files.directory().name();
        try (DiskFile file = disk.open(state.files.path(SegmentFiles.PARTITION_METADATA))) {
            file.sync();
            disk.syncDirectory(directory);
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.ABSENT) {
                LOG.warn("{}: {} could not be synced", directory, SegmentFiles.PARTITION_METADATA, failure);
            } // else the directory went meanwhile, with its topic
        }
    }

    public void onHighWatermark(long highWatermark) {
        state.producers.onHighWatermark(highWatermark);
    }

    public void expireProducers(long nowMs) {
        state.producers.expire(nowMs, state.shell.producerIdExpirationMs());
    }

    /**
     * Removes all records from an offset on. Afterwards the log ends there, or where the batch began that held it.
     *
     * <p>Returns when the cut would survive a power cut. Otherwise batches of the old history could come back between those of the
     * new one, at offsets and epochs that fit.
     */
    public void truncateTo(long offset) {
        cutting.truncateTo(offset);
    }

    /** Empties the log and begins it anew at an offset, as a follower does whose leader no longer has what is missing. */
    public void resetTo(long offset) {
        cutting.resetTo(offset);
    }

    /** Gives up the records below an offset, as DeleteRecords asks. Their bytes go with {@link #retain}. */
    public void advanceLogStart(long offset) {
        deleting.advanceLogStart(offset);
    }

    /** Deletes the segments that retention no longer wants, and says how many. */
    public int retain(long highWatermark, long nowMs) {
        return deleting.retain(highWatermark, nowMs);
    }

    /** Deletes whole segments below an offset: what a snapshot of the metadata log has made needless. */
    public int deleteSegmentsBefore(long offset) {
        return deleting.deleteSegmentsBefore(offset);
    }

    // ---- compaction

    /** For the cleaner. */
    Compacting compacting() {
        return compacting;
    }

    // ---- durability and end

    /** A flush of all that was appended so far, which can then run without the lock. */
    public LogFlush planFlush() {
        return state.planFlush();
    }

    boolean isFlushedBy(Flushing flushing) {
        return state.flushing == flushing;
    }

    /** Returns when everything appended so far would survive a power cut. */
    public void flush() {
        state.planFlush().run();
    }

    /** Writes everything down so that the next start need not look for it, and lets go of files and memory. */
    @Override
    public void close() {
        state.upheaval();
        state.tail.clear();
        if (state.epochsOutlived) {
            state.saveEpochsIfRoom();
        }
        if (!state.isAsItWasClosed()) {
            state.segments.active().seal();
            state.snapshots.take(state.producers);
            state.flush();
            state.snapshots.sync(state.producers.endOffset());
        }
        state.segments.all().forEach(Segment::close);
    }

    /** As a crash would: nothing more is written. For a log whose disk has failed. */
    public void abandon() {
        state.upheaval();
        state.tail.clear();
        state.segments.all().forEach(Segment::close);
    }

    /**
     * Takes the log out of the directory's names, at once and for good. Its bytes are deleted once
     * {@code file.delete.delay.ms} has passed, so that reads in progress find them.
     */
    public void remove() {
        deleting.remove();
    }

    /** Gives the log's directory another name, at once and for good: it has come to where it is to stay. */
    void rename(String directory) {
        deleting.rename(directory);
    }

    /** A cleaner that is at this log gives up. */
    public void disturbCleaning() {
        state.upheaval();
    }

    @Override
    public String toString() {
        return state.partition + " [" + state.logStartOffset + ", " + state.endOffset + ")";
    }
}
