package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.format.AbortedTransaction;
import ottla.log.format.Checkpoint;
import ottla.log.format.PartitionMetadata;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.ProducerState;
import ottla.log.producer.Producers;
import ottla.log.producer.Verdict;
import ottla.log.retain.Retention;
import ottla.log.retain.SegmentFacts;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

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

    /** How long a directory's name may be. A long topic's name is cut to make room for what deletion puts behind it. */
    private static final int NAME_LENGTH_MAX = 255;

    private final LogShell shell;
    private final TopicPartition partition;
    private final LogFiles files;
    private final Segments segments;
    private final SnapshotFiles snapshots;
    private final Producers producers;
    private final LeaderEpochs epochs;
    private final Tail tail;
    private final Flushing flushing;
    private LogConfig config;

    /** Read without the lock by whoever writes the checkpoints. */
    private volatile long logStartOffset;

    private long endOffset;
    private Optional<Uuid> topicId;

    private Log(LogShell shell, TopicPartition partition, LogConfig config, LogOpening opened) {
        this.shell = shell;
        this.partition = partition;
        this.config = config;
        files = opened.files();
        segments = opened.segments();
        snapshots = opened.snapshots();
        producers = opened.producers();
        epochs = opened.epochs();
        logStartOffset = opened.logStartOffset();
        endOffset = opened.endOffset();
        tail = shell.tails().tail();
        flushing = new Flushing(shell, files.directory(), opened.recoveryPoint());
        topicId = SmallFiles.text(shell.disk(), files.path(SegmentFiles.PARTITION_METADATA))
                .map(PartitionMetadata::read)
                .map(PartitionMetadata::topicId);
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
        return new Log(shell, partition, config, opening);
    }

    // ---- appending

    /**
     * Appends what was admitted, numbered from the end of the log on. The offsets and the leader epoch are stamped into the
     * records where they are.
     */
    public AppendResult appendAsLeader(Admission.Decided.Admitted admitted, int leaderEpoch) {
        ByteBuffer records = admitted.records();
        int sizeBytes = records.remaining();
        if (sizeBytes > config.rollBytes()) {
            return AppendResult.Refused.of(
                    ErrorCode.RECORD_LIST_TOO_LARGE,
                    sizeBytes + " bytes of records, where a segment has at most " + config.rollBytes());
        }
        long nextOffset = endOffset;
        long maxTimestamp = Segment.NO_TIMESTAMP;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            switch (Producing.judge(producers, batch, admitted.origin(), nextOffset)) {
                case Verdict.Accepted accepted -> {}
                case Verdict.Duplicate known -> {
                    return new AppendResult.AlreadyAppended(
                            known.baseOffset(), known.lastOffset(), known.timestampMs());
                }
                case Verdict.Refused refused -> {
                    return AppendResult.Refused.of(refused.error(), refused.message());
                }
            }
            batch.stampBaseOffset(nextOffset);
            batch.stampLeaderEpoch(leaderEpoch);
            maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp());
            nextOffset = batch.endOffset();
        }
        long baseOffset = endOffset;
        try {
            write(records, baseOffset, nextOffset - 1, maxTimestamp);
        } catch (DiskFailure failure) {
            return refuseIfFull(failure);
        }
        return new AppendResult.Appended(baseOffset, nextOffset - 1, admitted.appendTimeMs(), sizeBytes);
    }

    /** {@link Admission#decide} and {@link #appendAsLeader} in one, for callers that hold the lock anyway. */
    public AppendResult appendAsLeader(ByteBuffer records, int leaderEpoch, AppendOrigin origin, long nowMs) {
        return switch (Admission.decide(partition, records, config, origin, nowMs)) {
            case Admission.Decided.Admitted admitted -> appendAsLeader(admitted, leaderEpoch);
            case Admission.Decided.Refused refused -> AppendResult.Refused.of(refused.refusal());
        };
    }

    /**
     * Appends batches that already have their offsets and epochs: a follower's, or those of the metadata quorum's leader. What
     * follows the last whole batch is left out, and so are batches of a later epoch than {@code leaderEpoch}: their writer was
     * deposed when it sent them, or they are not meant for this epoch.
     */
    public AppendResult appendAsFollower(ByteBuffer records, int leaderEpoch) {
        Batches batches = Batches.in(records);
        long nextOffset = endOffset;
        int end = records.position();
        while (batches.advance() && batches.batch().partitionLeaderEpoch() <= leaderEpoch) {
            BatchView batch = batches.batch();
            BatchDefect defect = batch.headerDefect();
            if (defect == BatchDefect.NONE && !batch.isChecksumValid()) {
                defect = BatchDefect.CHECKSUM_MISMATCH;
            }
            if (defect != BatchDefect.NONE) {
                return AppendResult.Refused.of(
                        defect.error(), defect.sentence() + ", in the batch at offset " + batch.baseOffset());
            }
            if (batch.baseOffset() < nextOffset) {
                return AppendResult.Refused.of(
                        ErrorCode.INVALID_RECORD,
                        "a batch at offset " + batch.baseOffset() + " after the log's end " + nextOffset);
            }
            nextOffset = batch.endOffset();
            end = batch.position() + batch.sizeBytes();
        }
        if (batches.defect() != BatchDefect.NONE) {
            return AppendResult.Refused.of(
                    batches.defect().error(), batches.defect().sentence());
        }
        int sizeBytes = end - records.position();
        if (sizeBytes == 0) {
            return new AppendResult.Appended(endOffset, endOffset - 1, Segment.NO_TIMESTAMP, 0);
        }
        long firstOffset = records.getLong(records.position() + BatchLayout.BASE_OFFSET);
        try {
            writeInParts(records.slice(records.position(), sizeBytes));
        } catch (DiskFailure failure) {
            return refuseIfFull(failure);
        }
        return new AppendResult.Appended(firstOffset, nextOffset - 1, Segment.NO_TIMESTAMP, sizeBytes);
    }

    /** A leader may send more at once than a segment of this log holds. */
    private void writeInParts(ByteBuffer records) {
        int start = 0;
        int end = 0;
        long firstOffset = -1;
        long lastOffset = -1;
        long maxTimestamp = Segment.NO_TIMESTAMP;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            if (end > start && end + batch.sizeBytes() - start > config.rollBytes()) {
                write(records.slice(start, end - start), firstOffset, lastOffset, maxTimestamp);
                start = end;
                maxTimestamp = Segment.NO_TIMESTAMP;
            }
            firstOffset = end == start ? batch.baseOffset() : firstOffset;
            lastOffset = batch.lastOffset();
            maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp());
            end += batch.sizeBytes();
        }
        write(records.slice(start, end - start), firstOffset, lastOffset, maxTimestamp);
    }

    /** One write for the whole set. Nothing of the log's state changes before it has succeeded. */
    private void write(ByteBuffer records, long baseOffset, long lastOffset, long maxTimestamp) {
        Segment active = rollIfDue(records.remaining(), baseOffset, lastOffset, maxTimestamp);
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            noteEpoch(batches.batch());
        }
        active.write(records.duplicate());
        note(active, records, baseOffset);
        endOffset = lastOffset + 1;
        producers.advance(endOffset);
        if (endOffset - flushing.recoveryPoint() >= config.flushMessages()) {
            flush();
        }
    }

    /** The records are in the file: from here on, there is no way back, and a disk that is full is as bad as a broken one. */
    private void note(Segment active, ByteBuffer records, long baseOffset) {
        try {
            Batches batches = Batches.in(records);
            while (batches.advance()) {
                BatchView batch = batches.batch();
                active.note(batch, config.indexIntervalBytes());
                tail.append(records, batch.position(), batch.sizeBytes(), batch.baseOffset(), batch.lastOffset());
                Producing.apply(producers, active, batch, baseOffset);
            }
        } catch (DiskFailure failure) {
            throw failure.kind() == DiskFailure.Kind.FULL ? failure.asBroken() : failure;
        }
    }

    private void noteEpoch(BatchView batch) {
        int epoch = batch.partitionLeaderEpoch();
        if (epoch >= 0 && epochs.assign(epoch, batch.baseOffset()) == LeaderEpochs.Change.CHANGED) {
            saveEpochs(SmallFiles.Durability.WRITTEN);
        }
    }

    private AppendResult refuseIfFull(DiskFailure failure) {
        if (failure.kind() != DiskFailure.Kind.FULL) {
            throw failure;
        }
        LOG.warn("{} is full: nothing was appended to {} ({})", shell.disk().root(), partition, failure.getMessage());
        return AppendResult.Refused.of(ErrorCode.KAFKA_STORAGE_ERROR, "the log directory is full");
    }

    // ---- rolling

    private Segment rollIfDue(int sizeBytes, long baseOffset, long lastOffset, long maxTimestamp) {
        Segment active = segments.active();
        boolean tooLarge = active.sizeBytes() > config.rollBytes() - sizeBytes;
        boolean due = active.sizeBytes() > 0
                && (tooLarge || active.indexFull(config.segmentIndexBytes()) || tooOld(active, maxTimestamp));
        return due || !active.reaches(lastOffset) ? roll(Math.max(baseOffset, endOffset)) : active;
    }

    private boolean tooOld(Segment active, long maxTimestamp) {
        long firstMs = active.firstTimestampMs();
        boolean byRecords = firstMs >= 0 && maxTimestamp >= 0;
        if (!byRecords && config.segmentMs() == Long.MAX_VALUE) {
            return false;
        }
        long waitedMs = byRecords ? maxTimestamp - firstMs : shell.clock().millis() - active.createdMs();
        return waitedMs > config.segmentMs() - active.rollJitterMs();
    }

    /** Begins a new segment at the end of the log, unless the active one is empty. */
    public void roll() {
        if (segments.active().sizeBytes() > 0) {
            roll(endOffset);
        }
    }

    /** Nothing waits for the disk here: what the old segment holds is flushed later, by another thread. */
    private Segment roll(long baseOffset) {
        Segment old = segments.active();
        Segment next = newSegment(baseOffset);
        if (next.baseOffset() == old.baseOffset()) {
            // Nothing but an offset that is too far away makes an empty segment roll; it then moves there.
            return old;
        }
        // Whatever fails here leaves a log that can go on: what a sealed segment got is right for an open one, too.
        old.seal();
        producers.advance(Math.max(producers.endOffset(), baseOffset));
        snapshots.take(producers);
        try {
            next.create();
        } catch (DiskFailure failure) {
            next.delete();
            throw failure;
        }
        segments.add(next);
        if (old.sizeBytes() == 0) {
            segments.remove(old);
            discard(List.of(old));
        }
        flushing.later(old, baseOffset);
        return next;
    }

    private Segment newSegment(long baseOffset) {
        long jitterMs = Math.min(config.segmentJitterMs(), config.segmentMs());
        return new Segment(
                files,
                baseOffset,
                shell.clock().millis(),
                jitterMs == 0 ? 0 : shell.random().nextLong(jitterMs));
    }

    // ---- reading

    /**
     * Batches from the one that holds {@code offset} on.
     *
     * @param boundOffset no record at or after this offset is given: the high watermark, the last stable offset or the end
     */
    public ReadResult read(long offset, long boundOffset, int maxBytes, ReadLeast least) {
        if (offset < logStartOffset || offset > endOffset) {
            return new ReadResult.OutOfRange(logStartOffset, endOffset);
        }
        long bound = Math.min(boundOffset, endOffset);
        if (offset == endOffset) {
            tail.want();
        }
        if (offset >= bound || (maxBytes <= 0 && least == ReadLeast.NOTHING)) {
            return NOTHING;
        }
        Optional<Payload> recent = tail.read(offset, bound, maxBytes, least);
        if (recent.isPresent()) {
            return new ReadResult.Batches(recent.get());
        }
        return new ReadResult.Cold(
                new ColdRead(shell.buffers(), stretches(offset), offset, bound, Math.max(0, maxBytes), least));
    }

    private static final ReadResult NOTHING = new ReadResult.Batches(Payload.EMPTY);

    /** The segment that holds an offset, and those after it up to the next that has any batch. */
    private List<ColdRead.Stretch> stretches(long offset) {
        List<ColdRead.Stretch> stretches = new ArrayList<>(2);
        for (Segment segment : segments.from(offset)) {
            int pending = segment.offsets().floorPending(offset - segment.baseOffset());
            int position = pending < 0 ? -1 : segment.positionAt(pending);
            int written = segment.offsets().writtenCount();
            stretches.add(new ColdRead.Stretch(
                    segment, written == 0 && position < 0 ? 0 : position, written, segment.sizeBytes()));
            if (stretches.size() > 1 && segment.sizeBytes() > 0) {
                break;
            }
        }
        return stretches;
    }

    /**
     * How many bytes a reader at {@code offset} could get up to {@code boundOffset}: exact near the end of the log, elsewhere
     * {@link Integer#MAX_VALUE}, which is enough for any reader that waits for a minimum.
     */
    public int readableBytes(long offset, long boundOffset) {
        if (offset >= boundOffset) {
            return 0;
        }
        long sizeBytes = tail.sizeBetween(offset, Math.min(boundOffset, endOffset));
        return sizeBytes < 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, sizeBytes);
    }

    /** Aborted transactions that touch the records from an offset to another, for readers of committed records. */
    public List<AbortedTransaction> abortedTransactions(long fromOffset, long boundOffset) {
        List<AbortedTransaction> aborted = new ArrayList<>();
        for (Segment segment : segments.from(fromOffset)) {
            boolean complete = false;
            for (AbortedTransaction transaction : segment.aborted()) {
                if (transaction.lastOffset() >= fromOffset && transaction.firstOffset() < boundOffset) {
                    aborted.add(transaction);
                }
                complete |= transaction.lastStableOffset() >= boundOffset;
            }
            if (complete) {
                break;
            }
        }
        return aborted;
    }

    /** The search for the first record with a timestamp or a later one. */
    public TimestampSearch findTimestamp(long timestampMs) {
        List<TimestampSearch.Stretch> stretches = new ArrayList<>();
        for (Segment segment : segments.from(logStartOffset)) {
            if (segment.largestTimestampMs() >= timestampMs) {
                stretches.add(TimestampSearch.Stretch.of(segment));
            }
        }
        return new TimestampSearch(stretches, logStartOffset, timestampMs, TimestampSearch.Goal.FIRST_FROM);
    }

    /** The search for the record with the largest timestamp. */
    public TimestampSearch findLargestTimestamp() {
        long largestMs = Segment.NO_TIMESTAMP;
        Optional<Segment> largest = Optional.empty();
        for (Segment segment : segments.from(logStartOffset)) {
            if (segment.baseOffset() >= logStartOffset && segment.largestTimestampMs() > largestMs) {
                largestMs = segment.largestTimestampMs();
                largest = Optional.of(segment);
            }
        }
        List<TimestampSearch.Stretch> stretches = new ArrayList<>();
        Segment first = segments.holding(logStartOffset);
        if (first.baseOffset() < logStartOffset && first.largestTimestampMs() >= largestMs) {
            stretches.add(TimestampSearch.Stretch.of(first));
        }
        largest.map(TimestampSearch.Stretch::of).ifPresent(stretches::add);
        return new TimestampSearch(stretches, logStartOffset, largestMs, TimestampSearch.Goal.LARGEST);
    }

    // ---- facts

    public TopicPartition partition() {
        return partition;
    }

    public LogConfig config() {
        return config;
    }

    /** The name of the log's directory under its disk's root. */
    public String directory() {
        return files.directory().name();
    }

    public long logStartOffset() {
        return logStartOffset;
    }

    /** The first offset that is on this disk. */
    public long localLogStartOffset() {
        return Math.max(logStartOffset, segments.first().baseOffset());
    }

    /** The offset that the next record gets. */
    public long endOffset() {
        return endOffset;
    }

    /** Everything below is on disk and would survive a power cut. */
    public long recoveryPoint() {
        return flushing.recoveryPoint();
    }

    public long sizeBytes() {
        return segments.sizeBytes();
    }

    public int segmentCount() {
        return segments.count();
    }

    /** Where the active segment begins. */
    public long activeSegmentBaseOffset() {
        return segments.active().baseOffset();
    }

    public OptionalInt latestEpoch() {
        return epochs.latest();
    }

    /** Where each leader epoch begins, in order. */
    public List<Checkpoint.EpochStart> epochs() {
        return epochs.entries();
    }

    /** Whose record an offset is, if it is known. */
    public OptionalInt epochAt(long offset) {
        return epochs.epochAt(offset);
    }

    /** What OffsetForLeaderEpoch answers, but for the bound at the high watermark that a reader's question has. */
    public Optional<LeaderEpochs.EpochEnd> endOfEpoch(int epoch) {
        return epochs.endOf(epoch, endOffset);
    }

    /** Notes that this log's next records will be of an epoch: on becoming leader, before the first of them. */
    public void beginEpoch(int epoch) {
        if (epochs.assign(epoch, endOffset) == LeaderEpochs.Change.CHANGED) {
            saveEpochs(SmallFiles.Durability.WRITTEN);
        }
    }

    public Collection<ProducerState> producers() {
        return producers.all();
    }

    public Optional<ProducerState> producer(long producerId) {
        return producers.state(producerId);
    }

    /** Readers of committed records get nothing from here on. */
    public long lastStableOffset(long highWatermark) {
        OptionalLong unstable = producers.firstUnstableOffset();
        return unstable.isEmpty()
                ? highWatermark
                : Math.min(highWatermark, Math.max(unstable.getAsLong(), logStartOffset));
    }

    public Optional<Uuid> topicId() {
        return topicId;
    }

    // ---- changing

    public void configure(LogConfig next) {
        config = next;
    }

    /** Writes {@code partition.metadata}. The id of a log never changes. */
    public void assignTopicId(Uuid id) {
        Check.invariant(topicId.isEmpty() || topicId.get().equals(id), "a log keeps its topic id");
        if (topicId.isEmpty()) {
            SmallFiles.replace(
                    shell.disk(),
                    files.path(SegmentFiles.PARTITION_METADATA),
                    new PartitionMetadata(id).text(),
                    SmallFiles.Durability.WRITTEN);
            topicId = Optional.of(id);
        }
    }

    public void onHighWatermark(long highWatermark) {
        producers.onHighWatermark(highWatermark);
    }

    public void expireProducers(long nowMs) {
        producers.expire(nowMs, shell.producerIdExpirationMs());
    }

    /**
     * Removes all records from an offset on. Afterwards the log ends there, or where the batch began that held it.
     *
     * <p>Returns when the cut would survive a power cut. Otherwise batches of the old history could come back between those of the
     * new one, at offsets and epochs that fit.
     */
    public void truncateTo(long offset) {
        if (offset >= endOffset) {
            return;
        }
        if (offset < segments.first().baseOffset()) {
            resetTo(offset);
            return;
        }
        tail.clear();
        List<Segment> beyond = segments.beginningAt(offset + 1);
        beyond.forEach(segments::remove);
        Segment active = segments.active();
        BatchScan scan = new BatchScan(active.data(), active.positionBefore(offset), active.sizeBytes());
        endOffset = Math.max(active.baseOffset(), Math.min(offset, endOffset));
        while (scan.advance() && scan.lastOffset() < offset) {
            endOffset = scan.lastOffset() + 1;
        }
        endOffset = Math.min(endOffset, offset);
        flushing.cutTo(endOffset); // before anything is cut, as the cutting may fail half-way
        active.truncate(scan.position(), endOffset);
        discard(beyond);
        active.data().sync();
        if (!beyond.isEmpty()) {
            shell.disk().syncDirectory(directory());
        }
        logStartOffset = Math.min(logStartOffset, endOffset);
        if (epochs.truncateTo(endOffset) == LeaderEpochs.Change.CHANGED) {
            saveEpochs(SmallFiles.Durability.WRITTEN);
        }
        reloadProducers();
    }

    /** Empties the log and begins it anew at an offset, as a follower does whose leader no longer has what is missing. */
    public void resetTo(long offset) {
        tail.clear();
        flushing.cutTo(0);
        List<Segment> all = segments.beginningAt(0);
        all.forEach(segments::remove);
        discard(all);
        Segment segment = newSegment(offset);
        segment.create();
        segments.add(segment);
        shell.disk().syncDirectory(directory());
        endOffset = offset;
        logStartOffset = offset;
        flushing.reached(offset);
        epochs.clear();
        saveEpochs(SmallFiles.Durability.WRITTEN);
        snapshots.removeAbove(-1);
        producers.clear(offset);
    }

    /** Gives up the records below an offset, as DeleteRecords asks. Their bytes go with {@link #retain}. */
    public void advanceLogStart(long offset) {
        Check.invariant(offset <= endOffset, "a log starts at or before its end", offset, endOffset);
        if (offset <= logStartOffset) {
            return;
        }
        logStartOffset = offset;
        producers.onLogStart(offset);
        if (epochs.truncateBefore(offset) == LeaderEpochs.Change.CHANGED) {
            saveEpochs(SmallFiles.Durability.WRITTEN);
        }
    }

    /** Deletes the segments that retention no longer wants, and says how many. */
    public int retain(long highWatermark, long nowMs) {
        List<Segment> all = segments.beginningAt(0);
        List<SegmentFacts> facts = new ArrayList<>(all.size());
        for (int i = 0; i < all.size(); i++) {
            Segment segment = all.get(i);
            long segmentEnd = i + 1 < all.size() ? all.get(i + 1).baseOffset() : endOffset;
            facts.add(new SegmentFacts(segment.baseOffset(), segmentEnd, segment.sizeBytes(), newestMs(segment)));
        }
        Retention.Plan plan = Retention.plan(facts, config, logStartOffset, highWatermark, nowMs);
        if (plan.count() == 0) {
            return 0;
        }
        if (plan.count() == all.size()) {
            roll();
        }
        deleteFirst(all.subList(0, plan.count()), plan.reason());
        return plan.count();
    }

    private long newestMs(Segment segment) {
        long largestMs = segment.largestTimestampMs();
        return largestMs >= 0
                ? largestMs
                : shell.disk().lastModifiedMs(segment.data().path());
    }

    /** Deletes whole segments below an offset: what a snapshot of the metadata log has made needless. */
    public int deleteSegmentsBefore(long offset) {
        List<Segment> ended = segments.endingBefore(offset);
        deleteFirst(ended, Retention.Reason.LOG_START);
        return ended.size();
    }

    private void deleteFirst(List<Segment> gone, Retention.Reason reason) {
        if (gone.isEmpty()) {
            return;
        }
        List<Segment> deleted = List.copyOf(gone);
        deleted.forEach(segments::remove);
        LOG.info(
                "{}: deleting {} segments before offset {} ({})",
                partition,
                deleted.size(),
                segments.first().baseOffset(),
                reason);
        discard(deleted);
        snapshots.removeBelow(segments.first().baseOffset());
        advanceLogStart(Math.max(logStartOffset, segments.first().baseOffset()));
    }

    private void discard(List<Segment> gone) {
        gone.forEach(Segment::setAside);
        if (!gone.isEmpty()) {
            shell.background().after(config.fileDeleteDelayMs(), () -> gone.forEach(Segment::delete));
        }
    }

    private void reloadProducers() {
        snapshots.removeAbove(endOffset);
        snapshots.restore(producers, logStartOffset, endOffset);
        LogOpening.replay(producers, epochs, segments, endOffset, producers.endOffset(), Long.MAX_VALUE);
    }

    // ---- durability and end

    /** Returns when everything appended so far would survive a power cut. */
    public void flush() {
        Segment active = segments.active();
        active.writeIndexes();
        flushing.flush(segments.from(flushing.recoveryPoint()), endOffset);
    }

    private void saveEpochs(SmallFiles.Durability durability) {
        SmallFiles.replace(
                shell.disk(),
                files.path(SegmentFiles.EPOCH_CHECKPOINT),
                Checkpoint.epochs(epochs.entries()),
                durability);
    }

    /** Writes everything down so that the next start need not look for it, and lets go of files and memory. */
    @Override
    public void close() {
        tail.clear();
        segments.active().seal();
        snapshots.take(producers);
        flush();
        snapshots.sync(producers.endOffset());
        segments.all().forEach(Segment::close);
    }

    /** As a crash would: nothing more is written. For a log whose disk has failed. */
    public void abandon() {
        tail.clear();
        segments.all().forEach(Segment::close);
    }

    /**
     * Takes the log out of the directory's names, at once and for good. Its bytes are deleted once
     * {@code file.delete.delay.ms} has passed, so that reads in progress find them.
     */
    public void remove() {
        tail.clear();
        String aside = deletedName(partition, UUID.randomUUID().toString().replace("-", ""));
        shell.disk().rename(files.directory().name(), aside);
        files.directory().moved(aside);
        shell.disk().syncDirectory("");
        List<Segment> all = List.copyOf(segments.all());
        shell.background().after(config.fileDeleteDelayMs(), () -> {
            all.forEach(Segment::close);
            shell.disk().delete(aside);
        });
    }

    static String deletedName(TopicPartition partition, String unique) {
        String suffix = "-" + partition.partition() + "." + unique + LogDirectory.DELETED;
        String topic = partition.topic();
        int room = NAME_LENGTH_MAX - suffix.length();
        return (topic.length() > room ? topic.substring(0, room) : topic) + suffix;
    }

    @Override
    public String toString() {
        return partition + " [" + logStartOffset + ", " + endOffset + ")";
    }
}
