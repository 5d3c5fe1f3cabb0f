package ottla.log.io;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.format.Checkpoint;

/**
 * All logs of a broker, in one or more directories. A log is opened when somebody asks for it, and costs nothing but its name
 * before.
 *
 * <p>Safe for use by several threads; each log it hands out is its partition's own. Life: {@link #open}, logs, and at the end, when
 * nobody uses a log any more, {@link #close}.
 */
public final class LogStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogStore.class);

    private final Limits limits;
    private final List<Shelf> shelves = new ArrayList<>();
    private final OpenFiles files;
    private final Map<TopicPartition, Placed> open = new ConcurrentHashMap<>();

    /** What the logs share, and how much of it. */
    public record Limits(int openFilesMax, long tailCacheBytes, long readBufferBytes, long producerIdExpirationMs) {}

    /** A directory, and what its checkpoints said about logs that are not open. */
    private static final class Shelf {
        private final LogDirectory directory;
        private final LogShell shell;
        private final Set<TopicPartition> partitions = new HashSet<>();
        private final Map<TopicPartition, Long> recoveryPoints;
        private final Map<TopicPartition, Long> logStartOffsets;
        private final Map<TopicPartition, Long> highWatermarks;

        /** After an unclean stop: the logs that nobody has looked at since. */
        private final Set<TopicPartition> doubtful = new HashSet<>();

        Shelf(LogDirectory directory, LogShell shell) {
            this.directory = directory;
            this.shell = shell;
            partitions.addAll(directory.partitions());
            recoveryPoints = new TreeMap<>(directory.checkpoint(Checkpoint.RECOVERY_POINT));
            logStartOffsets = new TreeMap<>(directory.checkpoint(Checkpoint.LOG_START_OFFSET));
            highWatermarks = new TreeMap<>(directory.checkpoint(Checkpoint.HIGH_WATERMARK));
            if (directory.stop() == Stop.UNCLEAN) {
                doubtful.addAll(partitions);
            }
        }
    }

    private record Placed(Log log, Shelf shelf) {}

    private LogStore(Limits limits) {
        this.limits = limits;
        files = new OpenFiles(limits.openFilesMax());
    }

    /** Begins to use directories that {@link LogDirectory#open} has taken for this process. */
    public static LogStore open(
            List<LogDirectory> directories,
            Limits limits,
            Background background,
            InstantSource clock,
            RandomGenerator random) {
        LogStore store = new LogStore(limits);
        TailCache tails = new TailCache(limits.tailCacheBytes());
        ReadBuffers buffers = new ReadBuffers(limits.readBufferBytes());
        for (LogDirectory directory : directories) {
            LogShell shell = new LogShell(
                    directory.disk(),
                    store.files,
                    tails,
                    buffers,
                    background,
                    clock,
                    random,
                    limits.producerIdExpirationMs());
            store.shelves.add(new Shelf(directory, shell));
            directory.forgetCleanStop();
            // Deleted before the last stop: whoever was reading them then is gone.
            directory
                    .leftovers()
                    .forEach(name -> background.soon(() -> directory.disk().delete(name)));
        }
        return store;
    }

    /** What a log outside the topics needs, such as the metadata log, to be opened in the first directory. */
    public LogShell shell() {
        return shelves.getFirst().shell;
    }

    public List<LogDirectory> directories() {
        return shelves.stream().map(shelf -> shelf.directory).toList();
    }

    /** The partitions that have a log, open or not. */
    public synchronized Set<TopicPartition> partitions() {
        Set<TopicPartition> all = new HashSet<>();
        shelves.forEach(shelf -> all.addAll(shelf.partitions));
        return all;
    }

    /** The directory that holds a partition's log, if it has one. */
    public synchronized Optional<LogDirectory> directoryOf(TopicPartition partition) {
        return shelf(partition).map(shelf -> shelf.directory);
    }

    /** The log of a partition if it is open. */
    public Optional<Log> find(TopicPartition partition) {
        return Optional.ofNullable(open.get(partition)).map(Placed::log);
    }

    /** The open logs in a directory. */
    public List<Log> logs(LogDirectory directory) {
        return open.values().stream()
                .filter(placed -> placed.shelf.directory == directory)
                .map(Placed::log)
                .toList();
    }

    /** The log of a partition, opened if it exists, else begun in the directory that has fewest. */
    public synchronized Log log(TopicPartition partition, LogConfig config, Uuid topicId) {
        Placed known = open.get(partition);
        if (known != null) {
            return known.log;
        }
        Shelf shelf = shelf(partition).orElseGet(this::emptiest);
        Stop stop = shelf.doubtful.contains(partition) ? Stop.UNCLEAN : Stop.CLEAN;
        Log log = Log.open(
                shelf.shell,
                partition,
                partition.toString(),
                config,
                stop,
                shelf.logStartOffsets.getOrDefault(partition, 0L),
                shelf.recoveryPoints.getOrDefault(partition, 0L));
        if (log.topicId().isPresent() && !log.topicId().get().equals(topicId)) {
            LOG.warn("{} belongs to a topic that was deleted: it is removed and begun anew", partition);
            shelf.partitions.add(partition);
            shelf.doubtful.remove(partition);
            log.remove();
            forget(shelf, partition);
            return log(partition, config, topicId);
        }
        log.assignTopicId(topicId);
        shelf.partitions.add(partition);
        shelf.doubtful.remove(partition);
        open.put(partition, new Placed(log, shelf));
        return log;
    }

    /** Removes a partition's log, open or not. */
    public synchronized void remove(TopicPartition partition, LogConfig config) {
        Optional<Shelf> shelf = shelf(partition);
        if (shelf.isEmpty()) {
            return;
        }
        Placed placed = open.remove(partition);
        if (placed != null) {
            placed.log.remove();
        } else {
            Disk disk = shelf.get().directory.disk();
            String aside = Deleting.deletedName(
                    partition, Long.toHexString(shelf.get().shell.random().nextLong()));
            disk.rename(partition.toString(), aside);
            disk.syncDirectory("");
            shelf.get().shell.background().after(config.fileDeleteDelayMs(), () -> disk.delete(aside));
        }
        forget(shelf.get(), partition);
    }

    private static void forget(Shelf shelf, TopicPartition partition) {
        shelf.partitions.remove(partition);
        shelf.doubtful.remove(partition);
        shelf.recoveryPoints.remove(partition);
        shelf.logStartOffsets.remove(partition);
        shelf.highWatermarks.remove(partition);
    }

    /** The high watermark that was last written down for a partition, 0 if none was. */
    public synchronized long highWatermark(TopicPartition partition) {
        return shelf(partition)
                .map(shelf -> shelf.highWatermarks.getOrDefault(partition, 0L))
                .orElse(0L);
    }

    /** Writes down the high watermarks of the partitions given; the others keep theirs. */
    public synchronized void saveHighWatermarks(Map<TopicPartition, Long> highWatermarks) {
        for (Shelf shelf : shelves) {
            boolean changed = false;
            for (Map.Entry<TopicPartition, Long> entry : highWatermarks.entrySet()) {
                if (shelf.partitions.contains(entry.getKey())) {
                    Long before = shelf.highWatermarks.put(entry.getKey(), entry.getValue());
                    changed |= !entry.getValue().equals(before);
                }
            }
            if (changed) {
                shelf.directory.saveCheckpoint(Checkpoint.HIGH_WATERMARK, shelf.highWatermarks);
            }
        }
    }

    /** Writes down recovery points and log start offsets, so that the next start knows how little it must look at. */
    public synchronized void saveCheckpoints() {
        for (Shelf shelf : shelves) {
            Map<TopicPartition, Long> recoveryPoints = new HashMap<>(shelf.recoveryPoints);
            Map<TopicPartition, Long> logStartOffsets = new HashMap<>(shelf.logStartOffsets);
            for (Placed placed : open.values()) {
                if (placed.shelf == shelf) {
                    Log log = placed.log;
                    recoveryPoints.put(log.partition(), log.recoveryPoint());
                    logStartOffsets.remove(log.partition());
                    if (log.logStartOffset() > 0) {
                        logStartOffsets.put(log.partition(), log.logStartOffset());
                    }
                }
            }
            saveIfChanged(shelf.directory, Checkpoint.RECOVERY_POINT, shelf.recoveryPoints, recoveryPoints);
            saveIfChanged(shelf.directory, Checkpoint.LOG_START_OFFSET, shelf.logStartOffsets, logStartOffsets);
        }
    }

    private static void saveIfChanged(
            LogDirectory directory, String file, Map<TopicPartition, Long> before, Map<TopicPartition, Long> now) {
        if (!before.equals(now) || !directory.disk().exists(file)) {
            directory.saveCheckpoint(file, now);
            before.clear();
            before.putAll(now);
        }
    }

    /** How many files are open. */
    public long openFileCount() {
        return files.count();
    }

    private Optional<Shelf> shelf(TopicPartition partition) {
        return shelves.stream()
                .filter(shelf -> shelf.partitions.contains(partition))
                .findFirst();
    }

    private Shelf emptiest() {
        Shelf emptiest = shelves.getFirst();
        for (Shelf shelf : shelves) {
            if (shelf.partitions.size() < emptiest.partitions.size()) {
                emptiest = shelf;
            }
        }
        return emptiest;
    }

    /**
     * Closes all logs, writes the checkpoints and the marker of a clean stop, and lets other processes in. A directory with a log
     * that could not be closed, or that was left unclean before and has a log that was not opened since, gets no marker.
     *
     * @param brokerEpoch the epoch of this broker's registration, -1 if it had none
     */
    public synchronized void close(long brokerEpoch) {
        Set<Shelf> unclean = new HashSet<>();
        for (Placed placed : open.values()) {
            try {
                placed.log.close();
            } catch (DiskFailure failure) {
                LOG.error("Could not close {}", placed.log, failure);
                unclean.add(placed.shelf);
            }
        }
        saveCheckpoints();
        open.clear();
        for (Shelf shelf : shelves) {
            if (shelf.doubtful.isEmpty() && !unclean.contains(shelf)) {
                shelf.directory.markCleanStop(brokerEpoch);
            } else {
                LOG.warn(
                        "{} will be examined at the next start",
                        shelf.directory.disk().root());
            }
        }
        files.close();
        shelves.forEach(shelf -> shelf.directory.close());
        Check.invariant(open.isEmpty(), "no log is open after the end");
    }

    @Override
    public void close() {
        close(-1);
    }

    /** The limits that this store keeps to. */
    public Limits limits() {
        return limits;
    }
}
