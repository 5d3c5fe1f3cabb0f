package ottla.log.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.format.Checkpoint;
import ottla.log.format.MalformedFile;
import ottla.log.format.MetaProperties;

/**
 * One of the directories in {@code log.dirs}: whose it is, how it was left, and which logs lie in it. Nobody else uses it between
 * {@link #open} and {@link #close}, other processes included.
 *
 * <p>Used by one thread at a time.
 */
public final class LogDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(LogDirectory.class);

    static final String DELETED = "-delete";
    static final String FUTURE = "-future";
    private static final String STRAY = "-stray";
    /** How long a directory's name may be. A long topic's name is cut to make room for what is put behind it. */
    private static final int NAME_LENGTH_MAX = 255;

    /** A UUID without its dashes. */
    private static final int UNIQUE_LENGTH = 32;

    private static final String LOCK = ".lock";
    private static final String CLEAN_STOP = ".kafka_cleanshutdown";
    private static final String METADATA_TOPIC = "__cluster_metadata";
    private static final Pattern BROKER_EPOCH = Pattern.compile("\"brokerEpoch\"\\s*:\\s*(-?\\d+)");

    private final Disk disk;
    private final Disk.DiskLock lock;
    private final Stop stop;
    private final OptionalLong brokerEpoch;
    private Optional<MetaProperties> metaProperties;

    private LogDirectory(Disk disk, Disk.DiskLock lock) {
        this.disk = disk;
        this.lock = lock;
        metaProperties = SmallFiles.text(disk, MetaProperties.FILE).map(MetaProperties::read);
        Optional<String> marker = SmallFiles.text(disk, CLEAN_STOP);
        stop = marker.isPresent() ? Stop.CLEAN : Stop.UNCLEAN;
        Matcher epoch = BROKER_EPOCH.matcher(marker.orElse(""));
        brokerEpoch = epoch.find() ? OptionalLong.of(Long.parseLong(epoch.group(1))) : OptionalLong.empty();
    }

    /**
     * Takes the directory for this process; {@link DiskFailure.Kind#LOCKED} if another has it, {@link MalformedFile} if its
     * {@code meta.properties} cannot be read. The marker of a clean stop is used up.
     */
    public static LogDirectory open(Disk disk) {
        disk.createDirectory("");
        Disk.DiskLock lock;
        try {
            lock = disk.lock(LOCK);
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.LOCKED) {
                throw failure;
            }
            throw new DiskFailure(
                    DiskFailure.Kind.LOCKED,
                    "The log directory " + disk.root() + " is in use by another broker, which must be stopped first",
                    new IOException(failure));
        }
        try {
            return new LogDirectory(disk, lock);
        } catch (RuntimeException failure) {
            lock.release();
            throw failure;
        }
    }

    public Disk disk() {
        return disk;
    }

    /** Empty if the directory was never formatted. */
    public Optional<MetaProperties> metaProperties() {
        return metaProperties;
    }

    /** The directory's own id, if it has one. */
    public Optional<Uuid> id() {
        return metaProperties.flatMap(MetaProperties::directoryId);
    }

    /** Makes the directory one of a cluster and a node. */
    public void format(MetaProperties properties) {
        SmallFiles.replace(disk, MetaProperties.FILE, properties.text(), SmallFiles.Durability.SYNCED);
        metaProperties = Optional.of(properties);
    }

    /** Somebody else has formatted the directory: what it says is read again. */
    public void formatted() {
        metaProperties = SmallFiles.text(disk, MetaProperties.FILE).map(MetaProperties::read);
    }

    /** How the last process left the directory. One that never held a log was left clean. */
    public Stop stop() {
        return stop;
    }

    /** The epoch in which the broker stopped cleanly, if it did, for its next registration (KIP-966). */
    public OptionalLong cleanStopBrokerEpoch() {
        return brokerEpoch;
    }

    /** From now on a crash is a crash: to be called before the first log is opened. */
    void forgetCleanStop() {
        if (disk.exists(CLEAN_STOP)) {
            disk.delete(CLEAN_STOP);
            disk.syncDirectory("");
        }
    }

    void markCleanStop(long epoch) {
        SmallFiles.replace(
                disk, CLEAN_STOP, "{\"version\":0,\"brokerEpoch\":" + epoch + "}", SmallFiles.Durability.SYNCED);
    }

    /** The partitions whose logs lie here, apart from the metadata log, by the names of their directories. */
    public List<TopicPartition> partitions() {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String name : disk.list("")) {
            partition(name)
                    .filter(partition -> !partition.topic().equals(METADATA_TOPIC))
                    .ifPresent(partitions::add);
        }
        return partitions;
    }

    /** The directories of logs that are on their way into this one (KIP-113), by their partitions. */
    Map<TopicPartition, String> futures() {
        Map<TopicPartition, String> futures = new TreeMap<>();
        for (String name : disk.list("")) {
            int dot = name.lastIndexOf('.');
            if (name.endsWith(FUTURE) && dot > 0) {
                partition(name.substring(0, dot)).ifPresent(partition -> futures.put(partition, name));
            }
        }
        return futures;
    }

    /** What a log's directory is called until it takes the place of the one in another directory. Nothing is cut here. */
    public static String futureName(TopicPartition partition, String unique) {
        return partition + "." + unique + FUTURE;
    }

    /** Whether a partition's log could be moved: a long topic's name leaves no room for what is put behind it. */
    public static boolean canMove(TopicPartition partition) {
        return futureName(partition, "0".repeat(UNIQUE_LENGTH)).length() <= NAME_LENGTH_MAX;
    }

    /** Directories of logs that were deleted, or given up, by an earlier process. */
    List<String> leftovers() {
        return disk.list("").stream().filter(name -> name.endsWith(DELETED)).toList();
    }

    /** What a log's directory is called from its deletion until its bytes are gone. */
    static String deletedName(TopicPartition partition, String unique) {
        return asideName(partition, "." + unique + DELETED);
    }

    /** What the directory of a log is called that belongs to no partition of this broker. */
    static String strayName(TopicPartition partition, String unique) {
        return asideName(partition, "." + unique + STRAY);
    }

    private static String asideName(TopicPartition partition, String what) {
        String suffix = "-" + partition.partition() + what;
        String topic = partition.topic();
        int room = NAME_LENGTH_MAX - suffix.length();
        return (topic.length() > room ? topic.substring(0, room) : topic) + suffix;
    }

    private static Optional<TopicPartition> partition(String name) {
        int dash = name.lastIndexOf('-');
        if (dash <= 0 || name.endsWith(DELETED) || name.endsWith(FUTURE) || name.endsWith(STRAY)) {
            return Optional.empty();
        }
        String number = name.substring(dash + 1);
        if (number.isEmpty()
                || number.length() > 9
                || !number.chars().allMatch(digit -> digit >= '0' && digit <= '9')) {
            return Optional.empty();
        }
        return Optional.of(new TopicPartition(name.substring(0, dash), Integer.parseInt(number)));
    }

    /** What a checkpoint file holds. One that cannot be read counts as empty, which costs time or asks the leader again. */
    Map<TopicPartition, Long> checkpoint(String file) {
        try {
            return SmallFiles.text(disk, file)
                    .map(text -> Checkpoint.readOffsets(file, text))
                    .orElseGet(TreeMap::new);
        } catch (MalformedFile malformed) {
            LOG.warn("Leaving out a checkpoint in {}: {}", disk.root(), malformed.getMessage());
            return new TreeMap<>();
        }
    }

    void saveCheckpoint(String file, Map<TopicPartition, Long> offsets) {
        SmallFiles.replace(disk, file, Checkpoint.offsets(offsets), SmallFiles.Durability.SYNCED);
    }

    /** Lets other processes in. */
    public void close() {
        lock.release();
    }
}
