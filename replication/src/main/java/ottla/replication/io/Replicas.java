package ottla.replication.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.io.CleanableLog;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Partition;

/**
 * All partitions of this broker, by their topic's name and by its id.
 *
 * <p>Look-ups may be called from any thread and take no lock. What changes the set ({@link #assign}, {@link #delete},
 * {@link #stop}) may wait for a disk and is called by the one thread that carries out the controller's decisions.
 */
public final class Replicas {
    private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

    private final LogStore store;
    private final ReplicaShell shell;
    private final ReplicaMoves moves;
    private final Map<String, Topic> byName = new ConcurrentHashMap<>();
    private final Map<Uuid, Topic> byId = new ConcurrentHashMap<>();

    /** Partitions that would be here if their logs could be opened. */
    private final Set<TopicPartition> offline = ConcurrentHashMap.newKeySet();

    private volatile Consumer<LogDirectory> failures = directory -> {};

    /** The partitions of one topic that are here, each at its index. Replaced, never changed. */
    private static final class Topic {
        final Uuid id;
        volatile @Nullable Replica[] replicas = new @Nullable Replica[0];

        Topic(Uuid id) {
            this.id = id;
        }

        Optional<Replica> find(int partition) {
            @Nullable Replica[] all = replicas;
            return partition >= 0 && partition < all.length ? Optional.ofNullable(all[partition]) : Optional.empty();
        }

        List<Replica> all() {
            List<Replica> here = new ArrayList<>();
            addTo(here);
            return here;
        }

        void addTo(List<Replica> list) {
            for (@Nullable Replica replica : replicas) {
                if (replica != null) {
                    list.add(replica);
                }
            }
        }

        void set(int partition, @Nullable Replica replica) {
            @Nullable Replica[] next = Arrays.copyOf(replicas, Math.max(replicas.length, partition + 1));
            next[partition] = replica;
            replicas = next;
        }
    }

    /** The store and the disks behind it stay their owner's; the moves end with the replicas. */
    public Replicas(LogStore store, ReplicaShell shell, ReplicaMoves moves) {
        this.store = store;
        this.moves = moves;
        this.shell = new ReplicaShell(
                shell.brokerId(),
                shell.clock(),
                shell.diskThreads(),
                shell.flushThreads(),
                shell.lagTimeMaxMs(),
                shell.eligibility(),
                shell.isrChanges(),
                (replica, failure) -> {
                    directoryOf(replica).ifPresent(directory -> store.fail(directory, failure));
                    shell.diskFailures().failed(replica, failure);
                },
                shell.throttles());
        store.onFailure(this::takeOffline);
    }

    /** From now on the listener is told, by any thread, of directories that failed, when all replicas there are offline. */
    public void onDirectoryFailure(Consumer<LogDirectory> listener) {
        failures = listener;
    }

    /** What the replicas share. */
    public ReplicaShell shell() {
        return shell;
    }

    // ---- look-ups

    public Optional<Replica> find(String topic, int partition) {
        Topic found = byName.get(topic);
        return found == null ? Optional.empty() : found.find(partition);
    }

    public Optional<Replica> find(Uuid topicId, int partition) {
        Topic found = byId.get(topicId);
        return found == null ? Optional.empty() : found.find(partition);
    }

    public Optional<Replica> find(TopicPartition partition) {
        return find(partition.topic(), partition.partition());
    }

    /** The partitions of one topic, in order. */
    public List<Replica> ofTopic(String topic) {
        Topic found = byName.get(topic);
        return found == null ? List.of() : found.all();
    }

    public List<Replica> all() {
        List<Replica> all = new ArrayList<>();
        byName.values().forEach(topic -> topic.addTo(all));
        return all;
    }

    /** Whether a partition would be here if its log could be opened, or its disk had not failed. */
    public boolean isOffline(TopicPartition partition) {
        return offline.contains(partition);
    }

    /** The directory that holds a replica's log. */
    public Optional<LogDirectory> directoryOf(Replica replica) {
        return store.directoryOf(replica.name());
    }

    // ---- directories

    /**
     * Puts a partition's log into another directory, or the log that it will have one day. Waits for a disk.
     *
     * @return as AlterReplicaLogDirs has it, but NOT_LEADER_OR_FOLLOWER if the partition is not here
     */
    public ErrorCode alterDirectory(TopicPartition name, String path) {
        ErrorCode refused = moves.reasonRefused(name, path);
        if (refused != ErrorCode.NONE) {
            return refused;
        }
        Optional<Replica> replica = find(name);
        if (isOffline(name) || replica.filter(here -> !here.isOnline()).isPresent()) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        if (replica.isEmpty()) {
            moves.prefer(name, path);
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        return moves.alter(replica.get(), path);
    }

    /** How many bytes a second may be copied to other directories. */
    public void limitMoves(long bytesPerSecond) {
        moves.limit(bytesPerSecond);
    }

    /** The copy of a replica's log in another directory, as long as it moves there. */
    public Optional<ReplicaMoves.Copy> copyOf(Replica replica) {
        return moves.copy(replica.name());
    }

    // ---- the controller's decisions

    /**
     * Opens the logs of all partitions that are to be here, before the first assignment; see {@link LogStore#load}. What is not
     * among them is not this broker's any more.
     */
    public void load(Collection<LogStore.Wanted> wanted, int threadsPerDirectory) {
        store.load(wanted, threadsPerDirectory);
    }

    /** How an assignment went. */
    public sealed interface Assigned {
        /** The replica has its role. */
        record Done(Replica replica, Partition.Transition transition) implements Assigned {}

        /** Its log cannot be opened: the partition is offline here. */
        record Offline(DiskFailure failure) implements Assigned {}
    }

    /**
     * Leads or follows a partition, as the assignment says; opens its log, or begins one, if this is the first time. A replica of
     * an older topic of the same name is deleted first.
     *
     * @param place where the log is to be begun if there is none
     */
    public Assigned assign(
            TopicPartition name, Uuid topicId, LogConfig config, Assignment assignment, LogStore.Place place) {
        Optional<Replica> known = find(name);
        if (known.isPresent() && !known.get().topicId().equals(topicId)) {
            delete(name);
            known = Optional.empty();
        }
        Replica replica;
        try {
            replica = known.isPresent() ? known.get() : open(name, topicId, config, place);
            offline.remove(name);
        } catch (DiskFailure failure) {
            LOG.error("{} is offline: {}", name, failure.getMessage());
            offline.add(name);
            return new Assigned.Offline(failure);
        }
        Partition.Transition transition = replica.assign(assignment);
        return new Assigned.Done(replica, transition);
    }

    private Replica open(TopicPartition name, Uuid topicId, LogConfig config, LogStore.Place place) {
        Replica replica =
                new Replica(name, topicId, store.log(name, config, topicId, place), store.highWatermark(name), shell);
        Topic topic = byName.get(name.topic());
        if (topic == null || !topic.id.equals(topicId)) {
            topic = new Topic(topicId);
        }
        topic.set(name.partition(), replica);
        byName.put(name.topic(), topic);
        byId.put(topicId, topic);
        moves.opened(replica);
        return replica;
    }

    /** Removes a partition and its log: its topic is deleted, or this broker is no replica of it any more. */
    public void delete(TopicPartition name) {
        offline.remove(name);
        find(name).ifPresent(replica -> {
            drop(replica);
            replica.end(() -> store.remove(name, replica.config()));
            moves.removed(name);
        });
    }

    private void drop(Replica replica) {
        Topic topic = byId.get(replica.topicId());
        if (topic != null) {
            topic.set(replica.name().partition(), null);
            if (topic.all().isEmpty()) {
                byId.remove(topic.id, topic);
                byName.remove(replica.name().topic(), topic);
            }
        }
    }

    /** A topic's configuration changed. */
    public void configure(String topic, LogConfig config) {
        ofTopic(topic).forEach(replica -> replica.configure(config));
    }

    // ---- upkeep, called now and then by whoever owns the clockwork

    /** Every {@code replica.high.watermark.checkpoint.interval.ms}, and before the store is closed. */
    public void saveHighWatermarks() {
        Map<TopicPartition, Long> highWatermarks = new HashMap<>();
        for (Replica replica : all()) {
            highWatermarks.put(replica.name(), replica.highWatermark());
        }
        store.saveHighWatermarks(highWatermarks);
    }

    /** Every half of {@code replica.lag.time.max.ms}. */
    public void dropLaggards() {
        all().forEach(Replica::dropLaggards);
    }

    /** Every {@code log.retention.check.interval.ms}. */
    public void retain() {
        long nowMs = shell.nowMs();
        all().forEach(replica -> replica.retain(nowMs));
    }

    /** Every {@code log.flush.scheduler.interval.ms}. */
    public void flushOld() {
        long nowMs = shell.nowMs();
        all().forEach(replica -> replica.flushIfOld(nowMs));
    }

    /** The logs, for the cleaner, but for those that move: their copies would have to be cleaned as well. */
    public List<CleanableLog> cleanable() {
        return all().stream()
                .filter(replica -> !replica.isMoving())
                .map(Replica::cleanable)
                .toList();
    }

    /** Every {@code producer.id.expiration.check.interval.ms}. */
    public void expireProducers() {
        long nowMs = shell.nowMs();
        all().forEach(replica -> replica.expireProducers(nowMs));
    }

    // ---- the end

    /** Ends all moves, refuses everything from now on, and writes down the high watermarks. The store can be closed afterwards. */
    public void stop() {
        moves.end();
        saveHighWatermarks();
        all().forEach(replica -> replica.end(() -> {}));
    }

    /** One disk failed, perhaps under one replica: the others on it cannot be trusted to be written either. */
    private void takeOffline(LogDirectory directory) {
        for (Replica replica : all()) {
            if (directoryOf(replica).equals(Optional.of(directory))) {
                replica.goOffline();
            }
        }
        moves.directoryFailed(directory);
        failures.accept(directory);
    }
}
