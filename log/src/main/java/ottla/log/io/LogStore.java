package ottla.log.io;

import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;

/**
 * All logs of a broker, in one or more directories. A log is opened by {@link #load} or when somebody asks for it; what is neither
 * costs nothing but its name.
 *
 * <p>A directory whose disk fails goes offline: its logs are gone until the next start, whoever asks for one gets a
 * {@link DiskFailure}, and the other directories go on.
 *
 * <p>Safe for use by several threads; each log it hands out is its partition's own. Life: {@link #open}, {@link #load}, logs, and at
 * the end, when nobody uses a log any more, {@link #close}.
 */
public final class LogStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogStore.class);

    private final Limits limits;
    private final List<Shelf> shelves = new ArrayList<>();
    private final OpenFiles files;
    private final Map<TopicPartition, Placed> open = new ConcurrentHashMap<>();
    private final FutureLogs futures = new FutureLogs(this);
    private final Placement placement;
    private volatile Consumer<LogDirectory> failures = directory -> {};
    private volatile int threadsPerDirectory = 1;

    /** What the logs share, and how much of it. */
    public record Limits(int openFilesMax, long tailCacheBytes, long readBufferBytes, long producerIdExpirationMs) {}

    /** A partition of this broker, whose log is to be opened if it has one. */
    public record Wanted(TopicPartition partition, Uuid topicId, LogConfig config) {}

    /**
     * What is known of a partition whose log may have to be begun.
     *
     * @param assigned the directory that the controller has it in; an id that no directory has if it does not say
     */
    public record Place(Origin origin, Uuid assigned) {
        public static final Place NEW = new Place(Origin.NEW, Uuid.ZERO);
    }

    private record Placed(Log log, Shelf shelf) {}

    private LogStore(Limits limits, int absentDirectories) {
        this.limits = limits;
        placement = new Placement(shelves, absentDirectories);
        files = new OpenFiles(limits.openFilesMax());
    }

    /** Begins to use directories that {@link LogDirectory#open} has taken for this process. */
    public static LogStore open(
            List<LogDirectory> directories,
            Limits limits,
            Background background,
            InstantSource clock,
            RandomGenerator random) {
        return open(directories, 0, limits, background, clock, random);
    }

    /** @param absentDirectories how many directories of this broker could not even be opened: they may hold logs as well */
    public static LogStore open(
            List<LogDirectory> directories,
            int absentDirectories,
            Limits limits,
            Background background,
            InstantSource clock,
            RandomGenerator random) {
        LogStore store = new LogStore(limits, absentDirectories);
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
                    limits.producerIdExpirationMs(),
                    new FullDisk(directory.disk()),
                    (partition, offset) -> store.lowerRecoveryPoint(directory, partition, offset));
            Shelf shelf = new Shelf(directory, shell);
            store.shelves.add(shelf);
            try {
                shelf.begin();
            } catch (DiskFailure failure) {
                store.fail(directory, failure);
            }
        }
        return store;
    }

    /** What a log outside the topics needs, such as the metadata log, to be opened in one of the directories or on a disk apart. */
    public LogShell shell(Disk disk) {
        return shelves.stream()
                .map(Shelf::shell)
                .filter(shell -> shell.disk().root().equals(disk.root()))
                .findFirst()
                .orElseGet(() -> shellApart(disk, shelves.getFirst().shell()));
    }

    private static LogShell shellApart(Disk disk, LogShell any) {
        return new LogShell(
                disk,
                any.files(),
                any.tails(),
                any.buffers(),
                any.background(),
                any.clock(),
                any.random(),
                any.producerIdExpirationMs());
    }

    // ---- directories

    public List<LogDirectory> directories() {
        return shelves.stream().map(Shelf::directory).toList();
    }

    /** Begins no new logs in these directories any more, as long as there are others (KIP-1066). What is there stays and works. */
    public void cordon(Collection<LogDirectory> wanted) {
        placement.cordon(wanted);
    }

    public boolean isCordoned(LogDirectory directory) {
        return placement.isCordoned(directory);
    }

    public boolean isOnline(LogDirectory directory) {
        return shelf(directory).isOnline();
    }

    /** From now on the listener is told, once each and by any thread, of directories that fail. */
    public void onFailure(Consumer<LogDirectory> listener) {
        failures = listener;
    }

    /**
     * A disk failed: its directory goes offline, and with it all logs there, which their owners must not use any more. A disk that
     * is merely full has not failed.
     */
    public void fail(LogDirectory directory, DiskFailure failure) {
        Shelf shelf = shelf(directory);
        synchronized (this) {
            if (!shelf.isOnline()) {
                return;
            }
            shelf.goOffline();
            open.values().removeIf(placed -> placed.shelf == shelf);
            futures.forgetAll(directory);
        }
        LOG.error("The log directory {} failed and is offline until the next start", shelf, failure);
        failures.accept(directory);
    }

    Shelf shelf(LogDirectory directory) {
        return shelves.stream()
                .filter(shelf -> shelf.directory() == directory)
                .findFirst()
                .orElseThrow();
    }

    /** The partitions that have a log, open or not. */
    public synchronized Set<TopicPartition> partitions() {
        Set<TopicPartition> all = new HashSet<>();
        shelves.forEach(shelf -> all.addAll(shelf.partitions()));
        return all;
    }

    /** The directory that holds a partition's log, if it has one. */
    public synchronized Optional<LogDirectory> directoryOf(TopicPartition partition) {
        return shelf(partition).map(Shelf::directory);
    }

    /** The log of a partition if it is open. */
    public Optional<Log> find(TopicPartition partition) {
        return Optional.ofNullable(open.get(partition)).map(Placed::log);
    }

    /** The open logs in a directory. */
    public List<Log> logs(LogDirectory directory) {
        return open.values().stream()
                .filter(placed -> placed.shelf.directory() == directory)
                .map(Placed::log)
                .toList();
    }

    /** The logs on their way into another directory. */
    public FutureLogs futures() {
        return futures;
    }

    /** A log that does not exist yet is to be begun in this directory, if it is one day. The wish lasts as long as this store. */
    public synchronized void prefer(TopicPartition partition, LogDirectory directory) {
        placement.prefer(partition, shelf(directory));
    }

    // ---- opening

    /**
     * Opens the logs that are wanted and there, so many at a time in each directory ({@code num.recovery.threads.per.data.dir}).
     * What is there and belongs to no wanted partition is renamed as stray, and kept. A directory where a log cannot be opened goes
     * offline.
     */
    public void load(Collection<Wanted> wanted, int threads) {
        threadsPerDirectory = threads;
        Set<TopicPartition> ours = new HashSet<>();
        wanted.forEach(want -> ours.add(want.partition()));
        Map<Shelf, List<Runnable>> tasks = new LinkedHashMap<>();
        synchronized (this) {
            for (Shelf shelf : shelves) {
                setStraysAside(shelf, ours);
                tasks.put(shelf, loadings(shelf, wanted));
            }
        }
        // All are known before the first begins: a log that is in two directories must be looked at in both.
        LogLoading loading = new LogLoading("opened", threads);
        tasks.forEach((shelf, ofShelf) -> loading.start(shelf.toString(), ofShelf));
        loading.await();
    }

    /** Under the lock. */
    private List<Runnable> loadings(Shelf shelf, Collection<Wanted> wanted) {
        List<Runnable> tasks = new ArrayList<>();
        for (Wanted want : wanted) {
            if (shelf.holds(want.partition()) && !open.containsKey(want.partition())) {
                tasks.add(() -> load(shelf, want));
            }
            if (shelf.future(want.partition()).isPresent()) {
                tasks.add(() -> futures.load(shelf, want));
            }
        }
        if (shelf.isDoubtful()) {
            LOG.info(
                    "{} was not closed in order: what {} logs got since their last flush is examined",
                    shelf,
                    tasks.size());
        }
        return tasks;
    }

    private void setStraysAside(Shelf shelf, Set<TopicPartition> ours) {
        try {
            for (TopicPartition partition : List.copyOf(shelf.partitions())) {
                if (!ours.contains(partition)) {
                    shelf.setAsideAsStray(partition);
                }
            }
            for (TopicPartition partition : List.copyOf(shelf.futures())) {
                if (!ours.contains(partition)) {
                    shelf.setAsideAsStray(partition);
                }
            }
        } catch (DiskFailure failure) {
            LOG.warn("{}: stray logs could not be renamed", shelf, failure);
        }
    }

    private void load(Shelf shelf, Wanted want) {
        if (!shelf.isOnline()) {
            return;
        }
        try {
            placed(shelf, want.partition(), want.topicId(), openLog(shelf, want.partition(), want.config()));
        } catch (DiskFailure failure) {
            failed(shelf, want.partition(), failure);
        } catch (RuntimeException defect) {
            LOG.error("The log of {} in {} could not be opened", want.partition(), shelf, defect);
        }
    }

    /** A full disk passes, and the log may be opened then. */
    void failed(Shelf shelf, TopicPartition partition, DiskFailure failure) {
        if (failure.kind() == DiskFailure.Kind.FULL) {
            LOG.error("{} is full: the log of {} was not opened", shelf, partition, failure);
        } else {
            fail(shelf.directory(), failure);
        }
    }

    /**
     * The log of a partition, opened if it exists, else begun: where it was wished for, or where the controller has it, or in the
     * directory that has fewest. A partition that is known elsewhere in the cluster already is not begun as long as a directory is
     * offline: its log may be there. A log that was to come into the directory where the controller has it takes the place of one
     * that is nowhere any more.
     */
    public Log log(TopicPartition partition, LogConfig config, Uuid topicId, Place place) {
        Shelf shelf;
        synchronized (this) {
            Placed known = open.get(partition);
            if (known == null && shelf(partition).isEmpty()) {
                futures.promoteAbandoned(partition, place.assigned());
                known = open.get(partition);
            }
            if (known != null) {
                return known.log;
            }
            shelf = shelf(partition).orElseGet(() -> placement.choose(partition, place));
        }
        if (!shelf.isOnline()) {
            throw offline("open " + partition, shelf.toString());
        }
        try {
            return placed(shelf, partition, topicId, openLog(shelf, partition, config))
                    .orElseGet(() -> log(partition, config, topicId, place));
        } catch (DiskFailure failure) {
            failed(shelf, partition, failure);
            throw failure;
        }
    }

    /** As above, of a partition that is new. */
    public Log log(TopicPartition partition, LogConfig config, Uuid topicId) {
        return log(partition, config, topicId, Place.NEW);
    }

    /** Whether a partition can have had a log on this broker before. */
    public enum Origin {
        NEW,
        KNOWN
    }

    private Log openLog(Shelf shelf, TopicPartition partition, LogConfig config) {
        Stop stop;
        long startOffset;
        long recoveryPoint;
        synchronized (this) {
            if (!shelf.holds(partition)) {
                shelf.saveOutdated(); // what is written down of an earlier log of that name is not this one's
            }
            stop = shelf.stop(partition);
            startOffset = shelf.logStartOffset(partition);
            recoveryPoint = shelf.recoveryPoint(partition);
        }
        return Log.open(shelf.shell(), partition, partition.toString(), config, stop, startOffset, recoveryPoint);
    }

    /** Puts an open log in its place; nothing if it was that of an older topic, which is removed. */
    private synchronized Optional<Log> placed(Shelf shelf, TopicPartition partition, Uuid topicId, Log log) {
        Placed twin = open.get(partition);
        if (twin != null && twin.shelf != shelf) {
            return Optional.of(longer(partition, twin, new Placed(log, shelf)));
        }
        if (log.topicId().isPresent() && !log.topicId().get().equals(topicId)) {
            LOG.warn("{} in {} belongs to a topic that was deleted: it is removed and begun anew", partition, shelf);
            log.remove();
            shelf.forget(partition);
            return Optional.empty();
        }
        log.assignTopicId(topicId);
        shelf.opened(partition);
        open.put(partition, new Placed(log, shelf));
        return Optional.of(log);
    }

    /**
     * A stop between the two names that end a move leaves the log in both directories. Whichever has more is kept, whoever was
     * opened first: nothing is appended to one of them before the other has lost its name.
     */
    private Log longer(TopicPartition partition, Placed one, Placed other) {
        int more = Long.compare(one.log.endOffset(), other.log.endOffset());
        boolean first = more > 0 || (more == 0 && shelves.indexOf(one.shelf) < shelves.indexOf(other.shelf));
        Placed kept = first ? one : other;
        Placed given = first ? other : one;
        LOG.warn("{} is in {} and in {}: it was being moved", partition, one.shelf, other.shelf);
        given.log.abandon();
        given.shelf.setAsideAsStray(partition);
        kept.shelf.opened(partition);
        open.put(partition, kept);
        return kept.log;
    }

    /** A log has come into a directory, and takes the place of the one elsewhere, if there is one, which is removed. */
    synchronized void replace(TopicPartition partition, Log log, Shelf target) {
        Placed old = open.get(partition);
        Optional<Shelf> source = shelf(partition);
        OptionalLong cleanedTo = source.map(shelf -> shelf.cleanedTo(partition)).orElse(OptionalLong.empty());
        open.put(partition, new Placed(log, target));
        target.promoted(partition, cleanedTo);
        try {
            if (old != null) {
                old.log.remove();
            }
        } catch (DiskFailure failure) {
            old.log.abandon();
            throw failure;
        } finally {
            source.ifPresent(shelf -> shelf.forget(partition));
        }
    }

    static DiskFailure offline(String deed, String where) {
        return new DiskFailure(
                DiskFailure.Kind.BROKEN, deed, new IOException("the log directory " + where + " is offline"));
    }

    private Optional<Shelf> shelf(TopicPartition partition) {
        return shelves.stream().filter(shelf -> shelf.holds(partition)).findFirst();
    }

    // ---- removal

    /** Removes a partition's log, open or not. */
    public synchronized void remove(TopicPartition partition, LogConfig config) {
        placement.forget(partition);
        Optional<Shelf> shelf = shelf(partition);
        if (shelf.isEmpty()) {
            return;
        }
        Placed placed = open.remove(partition);
        if (placed != null) {
            placed.log.remove();
        } else if (shelf.get().isOnline()) {
            shelf.get().setAsideForDeletion(partition, config.fileDeleteDelayMs());
        }
        shelf.get().forget(partition);
    }

    // ---- checkpoints

    /** The high watermark that was last written down for a partition, 0 if none was. */
    public synchronized long highWatermark(TopicPartition partition) {
        return shelf(partition).map(shelf -> shelf.highWatermark(partition)).orElse(0L);
    }

    /** Writes down the high watermarks of the partitions given; the others keep theirs. */
    public void saveHighWatermarks(Map<TopicPartition, Long> highWatermarks) {
        onEachShelf(shelf -> {
            Map<TopicPartition, Long> here = new HashMap<>(highWatermarks);
            futures.boundHighWatermarks(shelf, here);
            shelf.saveHighWatermarks(here);
        });
    }

    /** Up to where a log is known to be compacted. */
    synchronized OptionalLong cleanedTo(TopicPartition partition) {
        return shelf(partition).map(shelf -> shelf.cleanedTo(partition)).orElse(OptionalLong.empty());
    }

    synchronized void saveCleanedTo(TopicPartition partition, long offset) {
        shelf(partition).filter(Shelf::isOnline).ifPresent(shelf -> shelf.saveCleanedTo(partition, offset));
    }

    /** Writes down recovery points, so that the next start knows how little it must look at. */
    public void saveRecoveryPoints() {
        onEachShelf(shelf -> shelf.saveRecoveryPoints(allLogs(shelf.directory())));
    }

    private synchronized void lowerRecoveryPoint(LogDirectory directory, TopicPartition partition, long offset) {
        shelf(directory).lowerRecoveryPoint(partition, offset);
    }

    /** Writes down where the logs start, as DeleteRecords and retention have moved it. */
    public void saveLogStartOffsets() {
        onEachShelf(shelf -> shelf.saveLogStartOffsets(allLogs(shelf.directory())));
    }

    /** Those that are on their way here as well. */
    private List<Log> allLogs(LogDirectory directory) {
        List<Log> all = new ArrayList<>(logs(directory));
        all.addAll(futures.logs(directory));
        return all;
    }

    private void onEachShelf(Consumer<Shelf> deed) {
        for (Shelf shelf : shelves) {
            try {
                synchronized (this) {
                    if (shelf.isOnline()) {
                        deed.accept(shelf);
                    }
                }
            } catch (DiskFailure failure) {
                if (failure.kind() == DiskFailure.Kind.FULL) {
                    shelf.shell().refused(failure); // the next time will do
                } else {
                    fail(shelf.directory(), failure);
                }
            }
        }
    }

    /** Closes the files of logs that nobody has used for a while. To be called now and then. */
    public void closeIdleFiles() {
        files.closeIdle();
    }

    /** How many files are open. */
    public long openFileCount() {
        return files.count();
    }

    // ---- the end

    /**
     * Closes all logs, writes the checkpoints and the marker of a clean stop, and lets other processes in. A directory with a log
     * that could not be closed, or that was left unclean before and has a log that was not opened since, gets no marker.
     *
     * @param brokerEpoch the epoch of this broker's registration, -1 if it had none
     */
    public void close(long brokerEpoch) {
        Set<Shelf> unclean = ConcurrentHashMap.newKeySet();
        LogLoading closing = new LogLoading("closed", threadsPerDirectory);
        for (Shelf shelf : shelves) {
            List<Runnable> tasks = new ArrayList<>();
            for (Log log : allLogs(shelf.directory())) {
                tasks.add(() -> {
                    try {
                        log.close();
                    } catch (DiskFailure failure) {
                        LOG.error("Could not close {}", log, failure);
                        unclean.add(shelf);
                    }
                });
            }
            closing.start(shelf.toString(), tasks);
        }
        closing.await();
        saveRecoveryPoints();
        saveLogStartOffsets();
        synchronized (this) {
            open.clear();
            futures.clear();
            shelves.forEach(shelf -> end(shelf, brokerEpoch, unclean.contains(shelf)));
        }
        files.close();
        Check.invariant(open.isEmpty(), "no log is open after the end");
    }

    private static void end(Shelf shelf, long brokerEpoch, boolean unclean) {
        try {
            if (shelf.isOnline() && !shelf.isDoubtful() && !unclean) {
                shelf.directory().markCleanStop(brokerEpoch);
            } else {
                LOG.warn("{} will be examined at the next start", shelf);
            }
        } catch (DiskFailure failure) {
            LOG.error("{} will be examined at the next start: it could not be marked", shelf, failure);
        }
        shelf.directory().close();
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
