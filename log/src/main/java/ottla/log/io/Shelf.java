package ottla.log.io;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.TopicPartition;
import ottla.log.format.Checkpoint;

/**
 * One directory of a {@link LogStore}: which logs lie in it, open or not, and what its checkpoints said about them.
 *
 * <p>Guarded by the store's lock, but for what is final or volatile.
 */
final class Shelf {
    private static final Logger LOG = LoggerFactory.getLogger(Shelf.class);

    private final LogDirectory directory;
    private final LogShell shell;
    private final Set<TopicPartition> partitions = new HashSet<>();
    private final Map<TopicPartition, Long> recoveryPoints = new TreeMap<>();
    private final Map<TopicPartition, Long> logStartOffsets = new TreeMap<>();
    private final Map<TopicPartition, Long> highWatermarks = new TreeMap<>();
    private final Map<TopicPartition, Long> cleanedTo = new TreeMap<>();

    /** After an unclean stop: the logs that nobody has looked at since. */
    private final Set<TopicPartition> doubtful = new HashSet<>();

    private volatile State state = State.ONLINE;

    enum State {
        ONLINE,
        /** The disk failed. Nothing is read or written here until the next start. */
        OFFLINE
    }

    Shelf(LogDirectory directory, LogShell shell) {
        this.directory = directory;
        this.shell = shell;
    }

    /** Takes in what the last process left, and begins to use the directory. */
    void begin() {
        partitions.addAll(directory.partitions());
        recoveryPoints.putAll(directory.checkpoint(Checkpoint.RECOVERY_POINT));
        logStartOffsets.putAll(directory.checkpoint(Checkpoint.LOG_START_OFFSET));
        highWatermarks.putAll(directory.checkpoint(Checkpoint.HIGH_WATERMARK));
        cleanedTo.putAll(directory.checkpoint(Checkpoint.CLEANER));
        if (directory.stop() == Stop.UNCLEAN) {
            doubtful.addAll(partitions);
        }
        directory.forgetCleanStop();
        // Deleted before the last stop: whoever was reading them then is gone.
        directory.leftovers().forEach(name -> shell.background().soon(() -> disk().delete(name)));
    }

    LogDirectory directory() {
        return directory;
    }

    Disk disk() {
        return directory.disk();
    }

    LogShell shell() {
        return shell;
    }

    boolean isOnline() {
        return state == State.ONLINE;
    }

    void goOffline() {
        state = State.OFFLINE;
    }

    boolean holds(TopicPartition partition) {
        return partitions.contains(partition);
    }

    Set<TopicPartition> partitions() {
        return partitions;
    }

    Stop stop(TopicPartition partition) {
        return doubtful.contains(partition) ? Stop.UNCLEAN : Stop.CLEAN;
    }

    boolean isDoubtful() {
        return !doubtful.isEmpty();
    }

    long recoveryPoint(TopicPartition partition) {
        return recoveryPoints.getOrDefault(partition, 0L);
    }

    long logStartOffset(TopicPartition partition) {
        return logStartOffsets.getOrDefault(partition, 0L);
    }

    long highWatermark(TopicPartition partition) {
        return highWatermarks.getOrDefault(partition, 0L);
    }

    OptionalLong cleanedTo(TopicPartition partition) {
        Long offset = cleanedTo.get(partition);
        return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    void saveCleanedTo(TopicPartition partition, long offset) {
        cleanedTo.put(partition, offset);
        directory.saveCheckpoint(Checkpoint.CLEANER, cleanedTo);
    }

    /** The log was opened, so it is what it should be. */
    void opened(TopicPartition partition) {
        partitions.add(partition);
        doubtful.remove(partition);
    }

    void forget(TopicPartition partition) {
        partitions.remove(partition);
        doubtful.remove(partition);
        recoveryPoints.remove(partition);
        logStartOffsets.remove(partition);
        highWatermarks.remove(partition);
        if (cleanedTo.remove(partition) != null && isOnline()) {
            // Another log of this name must not be taken for clean.
            directory.saveCheckpoint(Checkpoint.CLEANER, cleanedTo);
        }
    }

    /** Writes down the high watermarks given, of the partitions that are here; the others keep theirs. */
    void saveHighWatermarks(Map<TopicPartition, Long> given) {
        boolean changed = false;
        for (Map.Entry<TopicPartition, Long> entry : given.entrySet()) {
            if (partitions.contains(entry.getKey())) {
                Long before = highWatermarks.put(entry.getKey(), entry.getValue());
                changed |= !entry.getValue().equals(before);
            }
        }
        if (changed) {
            directory.saveCheckpoint(Checkpoint.HIGH_WATERMARK, highWatermarks);
        }
    }

    /** Writes down how far the logs given are flushed; the others keep what was known. */
    void saveRecoveryPoints(Iterable<Log> open) {
        Map<TopicPartition, Long> flushed = new HashMap<>(recoveryPoints);
        for (Log log : open) {
            flushed.put(log.partition(), log.recoveryStart());
        }
        saveIfChanged(Checkpoint.RECOVERY_POINT, recoveryPoints, flushed);
    }

    /** Writes down where the logs given start; the others keep what was known. */
    void saveLogStartOffsets(Iterable<Log> open) {
        Map<TopicPartition, Long> starts = new HashMap<>(logStartOffsets);
        for (Log log : open) {
            starts.remove(log.partition());
            if (log.logStartOffset() > 0) {
                starts.put(log.partition(), log.logStartOffset());
            }
        }
        saveIfChanged(Checkpoint.LOG_START_OFFSET, logStartOffsets, starts);
    }

    private void saveIfChanged(String file, Map<TopicPartition, Long> before, Map<TopicPartition, Long> now) {
        if (!before.equals(now) || !disk().exists(file)) {
            directory.saveCheckpoint(file, now);
            before.clear();
            before.putAll(now);
        }
    }

    /** Takes a log's directory out of the names at once; its bytes go after a delay. */
    void setAsideForDeletion(TopicPartition partition, long delayMs) {
        String aside = LogDirectory.deletedName(
                partition, Long.toHexString(shell.random().nextLong()));
        disk().rename(partition.toString(), aside);
        disk().syncDirectory("");
        shell.background().after(delayMs, () -> disk().delete(aside));
    }

    /** Keeps the bytes of a log that belongs to no partition of this broker, under a name that nobody takes for one. */
    void setAsideAsStray(TopicPartition partition) {
        String aside = LogDirectory.strayName(
                partition, Long.toHexString(shell.random().nextLong()));
        LOG.warn("{} in {} is no partition of this broker: it is renamed to {}", partition, this, aside);
        disk().rename(partition.toString(), aside);
        disk().syncDirectory("");
        forget(partition);
    }

    @Override
    public String toString() {
        return disk().root();
    }
}
