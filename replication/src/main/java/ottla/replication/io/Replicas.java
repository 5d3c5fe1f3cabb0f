package ottla.replication.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
            return Arrays.stream(replicas)
                    .filter(Objects::nonNull)
                    .map(Objects::requireNonNull)
                    .toList();
        }

        void set(int partition, @Nullable Replica replica) {
            @Nullable Replica[] next = Arrays.copyOf(replicas, Math.max(replicas.length, partition + 1));
            next[partition] = replica;
            replicas = next;
        }
    }

    /** The store and the disks behind it stay their owner's. */
    public Replicas(LogStore store, ReplicaShell shell) {
        this.store = store;
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
                });
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
        byName.values().forEach(topic -> all.addAll(topic.all()));
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
     * @param origin whether the log may be begun anew although a directory that could hold it is offline
     */
    public Assigned assign(
            TopicPartition name, Uuid topicId, LogConfig config, Assignment assignment, LogStore.Origin origin) {
        Optional<Replica> known = find(name);
        if (known.isPresent() && !known.get().topicId().equals(topicId)) {
            delete(name);
            known = Optional.empty();
        }
        Replica replica;
        try {
            replica = known.isPresent() ? known.get() : open(name, topicId, config, origin);
            offline.remove(name);
        } catch (DiskFailure failure) {
            LOG.error("{} is offline: {}", name, failure.getMessage());
            offline.add(name);
            return new Assigned.Offline(failure);
        }
        Partition.Transition transition = replica.assign(assignment);
        return new Assigned.Done(replica, transition);
    }

    private Replica open(TopicPartition name, Uuid topicId, LogConfig config, LogStore.Origin origin) {
        Replica replica =
                new Replica(name, topicId, store.log(name, config, topicId, origin), store.highWatermark(name), shell);
        Topic topic = byName.get(name.topic());
        if (topic == null || !topic.id.equals(topicId)) {
            topic = new Topic(topicId);
        }
        topic.set(name.partition(), replica);
        byName.put(name.topic(), topic);
        byId.put(topicId, topic);
        return replica;
    }

    /** Removes a partition and its log: its topic is deleted, or this broker is no replica of it any more. */
    public void delete(TopicPartition name) {
        offline.remove(name);
        find(name).ifPresent(replica -> {
            drop(replica);
            replica.end(() -> store.remove(name, replica.config()));
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

    /** The logs, for the cleaner. */
    public List<CleanableLog> cleanable() {
        return all().stream().map(Replica::cleanable).toList();
    }

    /** Every {@code producer.id.expiration.check.interval.ms}. */
    public void expireProducers() {
        long nowMs = shell.nowMs();
        all().forEach(replica -> replica.expireProducers(nowMs));
    }

    // ---- the end

    /** Refuses everything from now on and writes down the high watermarks. The store can be closed afterwards. */
    public void stop() {
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
        failures.accept(directory);
    }
}
