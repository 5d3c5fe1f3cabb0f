package ottla.log.io;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.format.Checkpoint;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.Producers;

/** What the parts of one {@link Log} share. Under the log's lock, but for what says otherwise. */
final class LogState {
    final LogShell shell;
    final TopicPartition partition;
    final LogFiles files;
    final Segments segments;
    final SnapshotFiles snapshots;
    final Producers producers;
    final LeaderEpochs epochs;
    final Tail tail;
    final Flushing flushing;
    LogConfig config;

    /** Read without the lock by whoever writes the checkpoints. */
    volatile long logStartOffset;

    long endOffset;
    Optional<Uuid> topicId;

    /** The epochs are to be written down with the next append. A start that did not find the latest would not miss it. */
    boolean epochUnwritten;

    /** The file has epochs of records that are given up, which does no harm: upkeep writes it anew. */
    boolean epochsOutlived;

    /** Where the log was closed in order, as long as nothing but appends happened since. */
    private OptionalLong closedAt;

    /** Counts what makes a cleaner give its pass up: cuts, and the end of the log. Read without the lock by the cleaner. */
    volatile int upheavals;

    /** The segment that a cleaner is putting in the place of others, as long as a crash would leave both. */
    Optional<Segment> swapping = Optional.empty();

    /** The lowest offset that the log was cut to since a cleaner last asked: what was clean beyond it is so no more. */
    long cutTo = Long.MAX_VALUE;

    LogState(LogShell shell, TopicPartition partition, LogConfig config, LogOpening opened) {
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
        topicId = opened.topicId();
        closedAt = opened.closedAt();
    }

    /** Whether everything is on disk as a {@link Log#close} left it, so that there is nothing to write down. */
    boolean isAsItWasClosed() {
        return closedAt.isPresent() && closedAt.getAsLong() == endOffset;
    }

    /** Something other than the end of the log changes. */
    void changed() {
        closedAt = OptionalLong.empty();
    }

    /** A segment that has no files yet. */
    Segment newSegment(long baseOffset) {
        long jitterMs = Math.min(config.segmentJitterMs(), config.segmentMs());
        return new Segment(
                files,
                baseOffset,
                shell.clock().millis(),
                jitterMs == 0 ? 0 : shell.random().nextLong(jitterMs));
    }

    /** Deletes the files of segments that are no longer among the log's, once nobody can be reading them. */
    void discard(List<Segment> gone) {
        gone.forEach(Segment::setAside);
        if (!gone.isEmpty()) {
            shell.background().after(config.fileDeleteDelayMs(), () -> gone.forEach(Segment::delete));
        }
    }

    /** As {@link #saveEpochs}, where older epochs in the file do no harm: on a full disk they stay there for a while. */
    void saveEpochsIfRoom() {
        try {
            saveEpochs();
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.FULL) {
                throw failure;
            }
            shell.refused(failure);
        }
    }

    void saveEpochs() {
        changed();
        epochUnwritten = true; // as long as it has not succeeded: a full disk may refuse it, and the log goes on
        SmallFiles.replace(
                shell.disk(),
                files.path(SegmentFiles.EPOCH_CHECKPOINT),
                Checkpoint.epochs(epochs.entries()),
                SmallFiles.Durability.WRITTEN);
        epochUnwritten = false;
        epochsOutlived = false;
        flushing.namesChanged();
    }

    /** To be called before anything is cut at an offset. What a cleaner has begun to put in must not bring it back. */
    void cutting(long offset) {
        upheaval();
        cutTo = Math.min(cutTo, offset);
        if (swapping.isPresent()) {
            swapping.filter(cleaned -> !segments.contains(cleaned)).ifPresent(this::withdraw);
            syncNames();
        }
    }

    /** What a cleaner has offered is not to come into the log. */
    void withdraw(Segment cleaned) {
        cleaned.withdraw(this::syncNames);
        swapping = Optional.empty();
    }

    void syncNames() {
        shell.disk().syncDirectory(files.directory().name());
    }

    /** A cleaner's pass that is under way is given up. */
    void upheaval() {
        int next = upheavals + 1; // under the lock: the field is volatile for the cleaner alone
        upheavals = next;
    }

    LogFlush planFlush() {
        Flushing.Mark mark = flushing.mark();
        return new LogFlush(flushing, List.copyOf(segments.from(mark.fromOffset())), mark, endOffset);
    }

    /** Returns when everything appended so far, and the indexes of it, would survive a power cut. */
    void flush() {
        Segment active = segments.active();
        active.writeIndexes();
        flushing.flush(segments.from(flushing.recoveryStart()), endOffset);
    }
}
