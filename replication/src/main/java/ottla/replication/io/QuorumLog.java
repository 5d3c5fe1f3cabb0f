package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.format.PartitionMetadata;
import ottla.log.format.SegmentFiles;
import ottla.log.io.Disk;
import ottla.log.io.Log;
import ottla.log.io.LogShell;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.log.io.SmallFiles;
import ottla.log.io.Stop;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.EpochStart;
import ottla.replication.quorum.LogFacts;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VoterHistory;
import ottla.replication.quorum.VoterSet;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/**
 * The directory {@code __cluster_metadata-0}: the log, its snapshots, and what was saved of the last election, all in Kafka's
 * formats.
 *
 * <p>Owned by the quorum's thread, but for the snapshots, which are read and written on other threads as well.
 */
final class QuorumLog implements AutoCloseable {
    static final TopicPartition PARTITION = new TopicPartition("__cluster_metadata", 0);

    /** Kafka's fixed id of the topic. */
    static final Uuid TOPIC_ID = Uuid.ONE;

    private static final Logger LOG = LoggerFactory.getLogger(QuorumLog.class);
    private static final String DIRECTORY = PARTITION.toString();
    private static final int REPLAY_BYTES = 1 << 20;

    private final LogShell shell;
    private final Log log;
    private final QuorumSnapshots snapshots;
    private final ElectionStore elections;

    private QuorumLog(LogShell shell, Log log, QuorumSnapshots snapshots) {
        this.shell = shell;
        this.log = log;
        this.snapshots = snapshots;
        elections = new ElectionStore(shell.disk(), DIRECTORY);
    }

    /** Opens what the process before has left, or begins anew. */
    static QuorumLog open(LogShell shell, LogConfig config) {
        shell.disk().createDirectory(DIRECTORY);
        QuorumSnapshots snapshots = new QuorumSnapshots(shell.disk(), DIRECTORY);
        snapshots.removeUnfinished();
        NavigableSet<SnapshotId> found = snapshots.list();
        // What a snapshot stands for was committed, so it was flushed; all behind it is examined, as Kafka does.
        long knownFlushed = found.isEmpty() ? 0 : found.last().endOffset();
        writeTopicId(shell.disk());
        Log log = Log.open(shell, PARTITION, DIRECTORY, config, Stop.UNCLEAN, 0, knownFlushed);
        QuorumLog opened = new QuorumLog(shell, log, snapshots);
        opened.catchUpWith(found);
        shell.disk().syncDirectory(DIRECTORY);
        shell.disk().syncDirectory("");
        return opened;
    }

    /** The id is known beforehand, so a file that a crash has torn is simply written again. */
    private static void writeTopicId(Disk disk) {
        String path = DIRECTORY + "/" + SegmentFiles.PARTITION_METADATA;
        String text = new PartitionMetadata(TOPIC_ID).text();
        if (!SmallFiles.text(disk, path).equals(Optional.of(text))) {
            SmallFiles.replace(disk, path, text, SmallFiles.Durability.SYNCED);
        }
    }

    /** A crash between installing a leader's snapshot and emptying the log leaves a log that ends before the snapshot. */
    private void catchUpWith(NavigableSet<SnapshotId> found) {
        if (found.isEmpty()) {
            Check.invariant(log.logStartOffset() == 0, "a log without snapshots starts at 0", log.logStartOffset(), 0);
            return;
        }
        SnapshotId newest = found.last();
        int lastEpoch = log.latestEpoch().orElse(0);
        if (newest.epoch() > lastEpoch || (newest.epoch() == lastEpoch && newest.endOffset() > log.endOffset())) {
            LOG.info("{} ends at {}, before the snapshot {}: it begins anew there", PARTITION, log.endOffset(), newest);
            log.resetTo(newest.endOffset());
        }
        // left by a crash before they were deleted; a leader whose oldest snapshot is not where its log begins misleads
        // the others
        found.stream()
                .filter(snapshot -> snapshot.endOffset() >= log.logStartOffset())
                .findFirst()
                .ifPresent(snapshots::deleteBefore);
    }

    LogFacts facts() {
        List<EpochStart> epochs = log.epochs().stream()
                .map(epoch -> new EpochStart(epoch.epoch(), epoch.startOffset()))
                .toList();
        return new LogFacts(log.logStartOffset(), log.endOffset(), epochs, List.copyOf(snapshots.list()));
    }

    /** The voters that the newest snapshot and the log behind it put in force, over the configured ones. */
    VoterHistory voters(VoterSet configured) {
        VoterHistory voters = new VoterHistory(configured);
        NavigableSet<SnapshotId> found = snapshots.list();
        long from = log.logStartOffset();
        if (!found.isEmpty()) {
            SnapshotId newest = found.last();
            snapshots.voters(newest).forEach(control -> voters.record(control, newest.endOffset() - 1));
            from = Math.max(from, newest.endOffset());
        }
        forEachBatch(from, log.endOffset(), batch -> {
            if (batch.isControl()) {
                MetadataBatches.readControl(batch).forEach((offset, control) -> voters.record(control, offset));
            }
        });
        return voters;
    }

    ElectionStore elections() {
        return elections;
    }

    /** Whether batches were written. */
    enum Outcome {
        WRITTEN,
        /** The disk is full, and nothing has changed. */
        NO_ROOM
    }

    /** Appends batches that have their offsets and epochs, if there is room. */
    Outcome appendIfRoom(ByteBuffer batches, int epoch) {
        return switch (log.appendAsFollower(batches, epoch)) {
            case AppendResult.Refused refused when refused.error() == ErrorCode.KAFKA_STORAGE_ERROR -> Outcome.NO_ROOM;
            case AppendResult.Refused refused ->
                throw new IllegalStateException(
                        "The metadata log in " + shell.disk().root() + " cannot be written: " + refused.message());
            case AppendResult.Appended appended -> Outcome.WRITTEN;
            case AppendResult.AlreadyAppended before -> Outcome.WRITTEN;
        };
    }

    /** The control records among batches to be appended, by offset. */
    static Map<Long, ControlRecord> controls(ByteBuffer batches) {
        Map<Long, ControlRecord> controls = new HashMap<>();
        for (BatchView batch : Batches.each(batches)) {
            if (batch.isControl()) {
                controls.putAll(MetadataBatches.readControl(batch));
            }
        }
        return controls;
    }

    void flush() {
        log.flush();
    }

    void truncateTo(long endOffset) {
        log.truncateTo(endOffset);
        log.flush();
    }

    long startOffset() {
        return log.logStartOffset();
    }

    long endOffset() {
        return log.endOffset();
    }

    void highWatermark(long offset) {
        log.onHighWatermark(offset);
    }

    /** What a replica that fetches from an offset gets: in memory, or to be read without holding up the quorum. */
    ReadResult read(long fromOffset, int maxBytes) {
        return log.read(fromOffset, log.endOffset(), maxBytes, ReadLeast.ONE_BATCH);
    }

    /** Hands over the batches between two offsets, both of which begin a batch. */
    void forEachBatch(long fromOffset, long endOffset, Consumer<BatchView> receiver) {
        long next = fromOffset;
        while (next < endOffset) {
            Payload payload = payload(log.read(next, endOffset, REPLAY_BYTES, ReadLeast.ONE_BATCH));
            long before = next;
            try {
                for (BatchView batch : Batches.each(payload.contiguous())) {
                    if (batch.lastOffset() >= next) {
                        receiver.accept(batch);
                        next = batch.endOffset();
                    }
                }
            } finally {
                payload.release();
            }
            Check.invariant(next > before, "a log gives what lies before its end", next, endOffset);
        }
    }

    private static Payload payload(ReadResult result) {
        return switch (result) {
            case ReadResult.Batches batches -> batches.records();
            case ReadResult.Cold cold -> cold.read().run();
            case ReadResult.OutOfRange range ->
                throw new IllegalStateException("the metadata log begins at " + range.logStartOffset());
        };
    }

    QuorumSnapshots snapshots() {
        return snapshots;
    }

    /** A fetched snapshot replaces the log, and the snapshots before it. */
    void install(SnapshotId id) {
        snapshots.fetchedWhole(id);
        log.resetTo(id.endOffset());
        log.flush();
        snapshots.deleteBefore(id);
    }

    /** What {@link #clean} removed. */
    record Cleaned(SnapshotId oldest, OptionalLong startOffset) {}

    /** Removes snapshots, and the part of the log that the oldest remaining one stands for, that nobody needs any more. */
    Optional<Cleaned> clean(MetadataRetention retention) {
        long nowMs = shell.clock().millis();
        Optional<SnapshotId> oldest = snapshots.oldestKept(retention, log.sizeBytes(), nowMs);
        return oldest.map(kept -> {
            snapshots.deleteBefore(kept);
            OptionalLong start = OptionalLong.empty();
            if (kept.endOffset() > log.logStartOffset()) {
                log.advanceLogStart(kept.endOffset());
                log.deleteSegmentsBefore(kept.endOffset());
                start = OptionalLong.of(kept.endOffset());
            }
            LOG.info("{} starts at {} now, behind the snapshot {}", PARTITION, log.logStartOffset(), kept);
            return new Cleaned(kept, start);
        });
    }

    @Override
    public void close() {
        log.close();
    }
}
