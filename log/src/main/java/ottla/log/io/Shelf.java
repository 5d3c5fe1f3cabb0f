package ottla.log.io;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
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

    /** Logs on their way here, with the names of their directories. Their checkpoints are those of their partition here. */
    private final Map<TopicPartition, String> futures = new HashMap<>();

    private final Map<TopicPartition, Long> recoveryPoints = new TreeMap<>();
    private final Map<TopicPartition, Long> logStartOffsets = new TreeMap<>();
    private final Map<TopicPartition, Long> highWatermarks = new TreeMap<>();
    private final Map<TopicPartition, Long> cleanedTo = new TreeMap<>();

    /** The checkpoints on disk still tell of a log that is gone. */
    private boolean checkpointsOutdated;

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
        directory.futures().forEach((partition, name) -> {
            if (partitions.contains(partition)) {
                setAsideForDeletion(name, LogDirectory.deletedName(partition, unique()), 0);
            } else {
                futures.put(partition, name);
            }
        });
        recoveryPoints.putAll(directory.checkpoint(Checkpoint.RECOVERY_POINT));
        logStartOffsets.putAll(directory.checkpoint(Checkpoint.LOG_START_OFFSET));
        highWatermarks.putAll(directory.checkpoint(Checkpoint.HIGH_WATERMARK));
        cleanedTo.putAll(directory.checkpoint(Checkpoint.CLEANER));
        if (directory.stop() == Stop.UNCLEAN) {
            doubtful.addAll(partitions);
            doubtful.addAll(futures.keySet());
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

    /** A log that is on its way here, by the name of its directory. */
    Optional<String> future(TopicPartition partition) {
        return Optional.ofNullable(futures.get(partition));
    }

    Set<TopicPartition> futures() {
        return futures.keySet();
    }

    /** A name for a log that is to come here. What the checkpoints say of an earlier log of the partition must not be taken for its. */
    String beginFuture(TopicPartition partition) {
        forget(partition);
        saveOutdated();
        String name = LogDirectory.futureName(partition, unique());
        futures.put(partition, name);
        return name;
    }

    void futureOpened(TopicPartition partition) {
        doubtful.remove(partition);
    }

    /** A log that was on its way here has arrived. */
    void promoted(TopicPartition partition, OptionalLong cleanedTo) {
        futures.remove(partition);
        partitions.add(partition);
        try {
            cleanedTo.ifPresent(offset -> saveCleanedTo(partition, offset));
        } catch (DiskFailure failure) {
            // the log is here all the same; at worst it is cleaned once more
            LOG.warn("{} in {}: up to where it is clean was not written down", partition, this, failure);
        }
    }

    void forget(TopicPartition partition) {
        futures.remove(partition);
        partitions.remove(partition);
        doubtful.remove(partition);
        boolean known = recoveryPoints.remove(partition) != null;
        known |= logStartOffsets.remove(partition) != null;
        known |= highWatermarks.remove(partition) != null;
        checkpointsOutdated |= known;
        if (cleanedTo.remove(partition) != null && isOnline()) {
            // Another log of this name must not be taken for clean.
            directory.saveCheckpoint(Checkpoint.CLEANER, cleanedTo);
        }
    }

    /** Writes the checkpoints without the logs that are gone, if they still tell of some. */
    void saveOutdated() {
        if (checkpointsOutdated) {
            directory.saveCheckpoint(Checkpoint.RECOVERY_POINT, recoveryPoints);
            directory.saveCheckpoint(Checkpoint.LOG_START_OFFSET, logStartOffsets);
            directory.saveCheckpoint(Checkpoint.HIGH_WATERMARK, highWatermarks);
            checkpointsOutdated = false;
        }
    }

    /** Writes down the high watermarks given, of the partitions that are here; the others keep theirs. */
    void saveHighWatermarks(Map<TopicPartition, Long> given) {
        boolean changed = false;
        for (Map.Entry<TopicPartition, Long> entry : given.entrySet()) {
            if (partitions.contains(entry.getKey()) || futures.containsKey(entry.getKey())) {
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
        saveOutdated();
        Map<TopicPartition, Long> flushed = new HashMap<>(recoveryPoints);
        for (Log log : open) {
            flushed.put(log.partition(), log.recoveryStart());
        }
        saveIfChanged(Checkpoint.RECOVERY_POINT, recoveryPoints, flushed);
    }

    /** Writes down at once that a log is known to be on disk only up to an offset, unless no more than that is written down. */
    void lowerRecoveryPoint(TopicPartition partition, long offset) {
        if (recoveryPoint(partition) > offset) {
            Map<TopicPartition, Long> flushed = new HashMap<>(recoveryPoints);
            flushed.put(partition, offset);
            saveIfChanged(Checkpoint.RECOVERY_POINT, recoveryPoints, flushed);
        }
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
        setAsideForDeletion(partition.toString(), LogDirectory.deletedName(partition, unique()), delayMs);
    }

    private void setAsideForDeletion(String name, String aside, long delayMs) {
        disk().rename(name, aside);
        disk().syncDirectory("");
        shell.background().after(delayMs, () -> disk().delete(aside));
    }

    private String unique() {
        return String.format(
                "%016x%016x", shell.random().nextLong(), shell.random().nextLong());
    }

    /** Keeps the bytes of a log that belongs to no partition of this broker, under a name that nobody takes for one. */
    void setAsideAsStray(TopicPartition partition) {
        String name = futures.getOrDefault(partition, partition.toString());
        String aside = LogDirectory.strayName(partition, unique());
        LOG.warn("{} in {} is no log of this broker's: it is renamed to {}", name, this, aside);
        disk().rename(name, aside);
        disk().syncDirectory("");
        forget(partition);
    }

    @Override
    public String toString() {
        return disk().root();
    }
}
