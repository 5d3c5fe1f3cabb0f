package ottla.log.io;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.format.Checkpoint;
import ottla.log.format.MalformedFile;
import ottla.log.format.PartitionMetadata;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.Producers;

/**
 * Brings a log back from its files. After a clean stop everything is taken at its word and little is read. Otherwise all that
 * lies beyond the recovery point is read: the log ends after its last whole and sound batch, and indexes, epochs and producers
 * are made anew from there on. Doing it again gives the same.
 *
 * <p>Used once, by one thread, before anybody else knows the log.
 */
final class LogOpening {
    private static final Logger LOG = LoggerFactory.getLogger(LogOpening.class);

    private final LogShell shell;
    private final TopicPartition partition;
    private final LogFiles files;
    private final LogConfig config;
    private final Segments segments = new Segments();
    private final SnapshotFiles snapshots;
    private final Producers producers;
    private LeaderEpochs epochs = new LeaderEpochs();
    private long logStartOffset;
    private long endOffset;
    private long recoveryPoint;

    /** From here on batches were examined, and everything that is derived from them is made anew. */
    private long examinedFrom = Long.MAX_VALUE;

    private boolean epochsLost;

    /** What was found in the epochs' file. */
    private String epochsText = "";

    private boolean takenAtItsWord;
    private Optional<Uuid> topicId = Optional.empty();

    LogOpening(LogShell shell, TopicPartition partition, LogPath directory, LogConfig config) {
        this.shell = shell;
        this.partition = partition;
        this.config = config;
        files = new LogFiles(shell.disk(), shell.files(), directory);
        snapshots = new SnapshotFiles(shell, directory);
        producers = new Producers(partition);
    }

    void run(Stop stop, long startOffsetKnown, long recoveryPointKnown) {
        logStartOffset = startOffsetKnown;
        recoveryPoint = recoveryPointKnown;
        List<String> names = Leftovers.settle(files, names());
        snapshots.load(names);
        loadSegments(names);
        loadEpochs(names, stop);
        loadTopicId(names);
        logStartOffset = Math.max(logStartOffset, segments.first().baseOffset());
        if (stop == Stop.UNCLEAN) {
            recover(firstDoubtful(names));
        } else {
            takeAtItsWord(names);
        }
        if (logStartOffset > endOffset) {
            LOG.warn(
                    "{} ends at {}, before its start offset {}: it begins anew there",
                    files.directory().name(),
                    endOffset,
                    logStartOffset);
            beginAnew(logStartOffset);
        }
        recoveryPoint = Math.min(Math.max(recoveryPoint, segments.first().baseOffset()), endOffset);
        epochs.truncateTo(endOffset);
        epochs.truncateBefore(logStartOffset);
        if (examinedFrom == Long.MAX_VALUE) {
            restoreProducers();
        } else {
            saveRecovered();
        }
        if (recoveryPoint < recoveryPointKnown) {
            shell.recoveryPoints().lower(partition, recoveryPoint);
        }
        // Most logs are not used soon: their files are opened again when they are.
        segments.all().forEach(Segment::close);
    }

    private List<String> names() {
        try {
            return shell.disk().list(files.directory().name());
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.ABSENT) {
                throw failure;
            }
            shell.disk().createDirectory(files.directory().name());
            return List.of();
        }
    }

    private void loadSegments(List<String> names) {
        for (String name : names) {
            SegmentFiles.baseOffset(name, SegmentFiles.LOG).ifPresent(baseOffset -> {
                Segment segment = segment(baseOffset);
                segment.load();
                segments.add(segment);
            });
        }
        // An empty segment that is not the last: a roll that was begun and given up, or a file that a crash emptied.
        // The first one of a compacted log may be one of which nothing is left: the log still starts there.
        for (Segment segment : segments.beginningAt(0)) {
            boolean compacted = config.compacts() && segment == segments.first();
            if (segments.count() > 1
                    && !compacted
                    && segment != segments.active()
                    && segment.data().measure() == 0) {
                segments.remove(segment);
                segment.delete();
            }
        }
        if (segments.isEmpty()) {
            Segment segment = segment(logStartOffset);
            segment.create();
            segments.add(segment);
        }
    }

    private Segment segment(long baseOffset) {
        long jitterMs = Math.min(config.segmentJitterMs(), config.segmentMs());
        return new Segment(
                files,
                baseOffset,
                shell.clock().millis(),
                jitterMs == 0 ? 0 : shell.random().nextLong(jitterMs));
    }

    private void loadEpochs(List<String> names, Stop stop) {
        String path = files.path(SegmentFiles.EPOCH_CHECKPOINT);
        if (names.contains(SegmentFiles.EPOCH_CHECKPOINT)) {
            epochsText = SmallFiles.text(shell.disk(), path).orElse("");
        }
        // Kafka may have left none in order; after a crash, an empty file is one whose content was lost.
        epochsLost = epochsText.isEmpty() && stop == Stop.UNCLEAN;
        if (epochsLost && names.contains(SegmentFiles.EPOCH_CHECKPOINT)) {
            LOG.warn("Making the leader epochs anew from the batches: {} is empty", path);
        }
        try {
            epochs = new LeaderEpochs(Checkpoint.readEpochs(path, epochsText));
        } catch (MalformedFile malformed) {
            LOG.warn("Making the leader epochs anew from the batches: {}", malformed.getMessage());
            epochsLost = true;
        }
    }

    /** A power cut in the moment of its making can leave this file empty; its owner then writes it again. */
    private void loadTopicId(List<String> names) {
        if (!names.contains(SegmentFiles.PARTITION_METADATA)) {
            return;
        }
        try {
            topicId = SmallFiles.text(shell.disk(), files.path(SegmentFiles.PARTITION_METADATA))
                    .map(PartitionMetadata::read)
                    .map(PartitionMetadata::topicId);
        } catch (MalformedFile malformed) {
            LOG.warn(
                    "{}: leaving out {}, which cannot be read: {}",
                    files.directory().name(),
                    SegmentFiles.PARTITION_METADATA,
                    malformed.getMessage());
        }
    }

    /** The recovery point, unless the indexes of an earlier segment are gone, or the epochs. */
    private long firstDoubtful(List<String> names) {
        if (epochsLost) {
            return 0;
        }
        return withoutIndexes(names)
                .map(Segment::baseOffset)
                .filter(base -> base < recoveryPoint)
                .orElse(recoveryPoint);
    }

    /** The first segment of which an index file is missing. */
    private Optional<Segment> withoutIndexes(List<String> names) {
        Set<String> present = new HashSet<>(names);
        return segments.all().stream()
                .filter(segment -> !present.contains(SegmentFiles.name(segment.baseOffset(), SegmentFiles.OFFSET_INDEX))
                        || !present.contains(SegmentFiles.name(segment.baseOffset(), SegmentFiles.TIME_INDEX)))
                .filter(segment -> segment.data().measure() > 0)
                .findFirst();
    }

    private void takeAtItsWord(List<String> names) {
        Optional<Segment> broken = withoutIndexes(names);
        if (broken.isPresent() || epochsLost) {
            LOG.warn(
                    "{}: making anew what is missing beside the batches",
                    files.directory().name());
            recoveryPoint =
                    epochsLost ? 0 : Math.min(recoveryPoint, broken.get().baseOffset());
            recover(recoveryPoint);
            return;
        }
        Segment active = segments.active();
        if (closedAt(active, recoveryPoint)) {
            endOffset = recoveryPoint;
            takenAtItsWord = true;
        } else if (!findEnd(active)) {
            LOG.warn("{} does not end with a whole batch", active);
            recoveryPoint = Math.min(recoveryPoint, active.baseOffset());
            recover(active.baseOffset());
        }
    }

    /**
     * Whether the log was closed when it ended at its recovery point: it leaves a snapshot of its producers there. Then nothing
     * has to be read to know its end.
     */
    private boolean closedAt(Segment active, long offset) {
        return snapshots.endAt(offset)
                && offset >= active.baseOffset()
                && (offset > active.baseOffset()) == (active.data().measure() > 0);
    }

    /** Whether the segment ends with a whole batch, whose end is then the log's. */
    private boolean findEnd(Segment segment) {
        int entries = segment.offsets().count();
        BatchScan scan = new BatchScan(segment.data(), segment.positionAt(entries - 1), segment.sizeBytes());
        endOffset = segment.baseOffset();
        while (scan.advance()) {
            endOffset = scan.lastOffset() + 1;
        }
        return scan.position() == segment.sizeBytes();
    }

    /**
     * Examines what lies beyond an offset, from the beginning of its segment on. The same pass brings back the producers, from the
     * newest snapshot before it: a later one may tell of batches that are cut now, or be torn itself.
     */
    private void recover(long fromOffset) {
        examinedFrom = segments.holding(fromOffset).baseOffset();
        snapshots.removeAbove(examinedFrom);
        snapshots.restore(producers, logStartOffset, examinedFrom);
        LeaderEpochs seen = new LeaderEpochs();
        Replay replay = new Replay(producers, seen, examinedFrom);
        replay.upTo(examinedFrom, segments, shell.buffers());
        endOffset = new Recovery(files, segments, config, replay).run(fromOffset, shell.buffers());
        producers.advance(endOffset);
        epochs.truncateTo(endOffset);
        // Only what the file does not tell: where an epoch began is not where the first batch that is left of it
        // begins.
        seen.entries().stream()
                .filter(entry -> entry.epoch() > epochs.latest().orElse(-1))
                .forEach(entry -> epochs.assign(entry.epoch(), entry.startOffset()));
    }

    /** Writes down what a recovery has made anew, and what the next one would not make anew again. */
    private void saveRecovered() {
        syncIndexesBelowRecoveryPoint();
        saveEpochs(); // not sooner: as long as they are lost, the next recovery begins at the front, too
        producers.expire(shell.clock().millis(), shell.producerIdExpirationMs());
        snapshots.take(producers);
    }

    /** The indexes there were made anew, but the next recovery begins at the recovery point again. */
    private void syncIndexesBelowRecoveryPoint() {
        long doubtfulFrom = segments.holding(recoveryPoint).baseOffset();
        List<Segment> below = segments
                .beginningAt(segments.holding(examinedFrom).baseOffset())
                .stream()
                .filter(segment -> segment.baseOffset() < doubtfulFrom)
                .toList();
        if (!below.isEmpty()) {
            below.forEach(Segment::sync);
            shell.disk().syncDirectory(files.directory().name());
        }
    }

    /** Producers of a log that was taken at its word: from their newest snapshot, and from the batches after it. */
    private void restoreProducers() {
        snapshots.removeAbove(endOffset);
        if (!snapshots.restoreNobody(producers, endOffset)) {
            snapshots.restore(producers, logStartOffset, endOffset);
            new Replay(producers, epochs, Long.MAX_VALUE).upTo(endOffset, segments, shell.buffers());
        }
    }

    /** Most recoveries find the epochs as they were left, and every sync waits for all that the system has yet to write. */
    private void saveEpochs() {
        String text = Checkpoint.epochs(epochs.entries());
        if (!text.equals(epochsText)) {
            SmallFiles.replace(
                    shell.disk(), files.path(SegmentFiles.EPOCH_CHECKPOINT), text, SmallFiles.Durability.SYNCED);
        }
    }

    private void beginAnew(long offset) {
        for (Segment segment : segments.beginningAt(0)) {
            segments.remove(segment);
            segment.delete();
        }
        snapshots.removeAbove(-1);
        producers.clear(offset);
        epochs.clear();
        Segment segment = segment(offset);
        segment.create();
        segments.add(segment);
        endOffset = offset;
        examinedFrom = offset;
    }

    LogFiles files() {
        return files;
    }

    Segments segments() {
        return segments;
    }

    SnapshotFiles snapshots() {
        return snapshots;
    }

    Producers producers() {
        return producers;
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    long logStartOffset() {
        return logStartOffset;
    }

    long endOffset() {
        return endOffset;
    }

    long recoveryPoint() {
        return recoveryPoint;
    }

    /** Where the log was closed, if it was found as that left it. */
    OptionalLong closedAt() {
        return examinedFrom == Long.MAX_VALUE && takenAtItsWord ? OptionalLong.of(endOffset) : OptionalLong.empty();
    }

    Optional<Uuid> topicId() {
        return topicId;
    }
}
