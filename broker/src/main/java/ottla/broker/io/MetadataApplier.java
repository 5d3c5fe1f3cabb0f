package ottla.broker.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.broker.api.ClusterView;
import ottla.broker.api.InternalTopics;
import ottla.broker.config.LayeredConfig;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.MetadataVersion;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.Provenance;
import ottla.controller.image.TopicDelta;
import ottla.controller.image.TopicImage;
import ottla.controller.io.ImageListener;
import ottla.log.LogConfig;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.Fetchers;
import ottla.replication.io.Replica;
import ottla.replication.io.Replicas;
import ottla.replication.io.ReplicationThrottles;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.LogMove;
import ottla.replication.partition.Partition;
import ottla.replication.quorum.Endpoint;

/**
 * Carries out on this broker what the controller decided: turns each published change of the image into commands (lead, follow,
 * delete, configure), and then shows the new image to the APIs. What an API reads is therefore never ahead of what is served.
 *
 * <p>Images come on the controller's thread and are worked off, in order, on one thread of their own, which may wait for disks.
 */
final class MetadataApplier implements ImageListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetadataApplier.class);

    // Kafka has them among the dynamic configurations only.
    private static final String MOVE_LIMIT = "replica.alter.log.dirs.io.max.bytes.per.second";
    private static final String LEADER_LIMIT = "leader.replication.throttled.rate";
    private static final String FOLLOWER_LIMIT = "follower.replication.throttled.rate";

    private static final String FETCHERS = "num.replica.fetchers";

    /** How long a log that found no room waits until it is tried again. */
    private static final long ROOM_RETRY_MS = 1_000;

    private static final String UNLIMITED = Long.toString(Long.MAX_VALUE);

    /** Of how many different settings of topics it is remembered what they mean to a log. */
    private static final int KNOWN_SETTINGS = 1_000;

    private final int nodeId;
    private final Values file;
    private final String interBrokerListener;
    private final Replicas replicas;
    private final Fetchers fetchers;
    private final ClusterView cluster;
    private final GroupTerms groups;
    private final ReplicaDirectories directories;
    private volatile LongConsumer reached = offset -> {};
    private volatile BiConsumer<LayeredConfig, MetadataVersion> configured = (layers, version) -> {};

    /** A single one. What comes when the node is about to end is not carried out any more. */
    private final Threads thread;

    /** Where the logs are to be begun that found a full disk. The thread's alone. */
    private final Map<Roomless, LogStore.Origin> roomless = new HashMap<>();

    /** What a topic's own settings mean to its logs, with what this broker adds to them. The thread's alone. */
    private final Map<Map<String, String>, LogConfig> known = new HashMap<>();

    private volatile long offset = -1;
    private final CompletableFuture<Void> loaded = new CompletableFuture<>();

    private record Roomless(TopicPartition name, Uuid topicId) {}

    MetadataApplier(
            NodeConfig config,
            Replicas replicas,
            Fetchers fetchers,
            ClusterView cluster,
            GroupTerms groups,
            ReplicaDirectories directories,
            Threads thread) {
        nodeId = config.nodeId();
        file = config.values();
        interBrokerListener = config.interBrokerListener();
        this.replicas = replicas;
        this.fetchers = fetchers;
        this.cluster = cluster;
        this.groups = groups;
        this.directories = directories;
        this.thread = thread;
    }

    /** The last offset of the metadata log that is carried out here; -1 before the first. */
    long offset() {
        return offset;
    }

    @Override
    public void onImage(ImageDelta delta, ClusterImage image, Provenance at) {
        thread.execute(() -> {
            try {
                apply(delta, image);
            } catch (RuntimeException defect) {
                LOG.error("The metadata up to offset {} could not be carried out completely", at.lastOffset(), defect);
            }
            cluster.publish(image, at.lastOffset());
            offset = at.lastOffset();
            loaded.complete(null);
            reached.accept(at.lastOffset());
        });
    }

    /** Completes when the first image is carried out: all logs of this broker are open. That takes as long as it takes. */
    CompletionStage<Void> loaded() {
        return loaded;
    }

    /** Completes when all images that came before the call are carried out; never if this broker ends before. */
    CompletionStage<Void> carriedOut() {
        return CompletableFuture.runAsync(() -> {}, thread);
    }

    /** From now on the listener is told of the last offset of each change once it is carried out. */
    void tell(LongConsumer listener) {
        reached = listener;
    }

    /**
     * From now on the listener is told how this broker is configured, and at which metadata version: at first, and when it changes,
     * before anything else is carried out.
     */
    void tellConfigured(BiConsumer<LayeredConfig, MetadataVersion> listener) {
        configured = listener;
    }

    private void apply(ImageDelta delta, ClusterImage image) {
        directories.carryingOut(image);
        fetchers.addresses(broker -> ClusterView.endpoint(image, broker, interBrokerListener)
                .map(endpoint -> new Endpoint(endpoint.host(), endpoint.port())));
        LayeredConfig layers = layers(image);
        if (!loaded.isDone() || changesBroker(delta) || !delta.changedFeatures().isEmpty()) {
            configured.accept(layers, image.metadataVersion());
        }
        if (changesBroker(delta) || known.size() > KNOWN_SETTINGS) {
            known.clear();
        }
        if (!loaded.isDone()) {
            load(image, layers);
        }
        delta.deletedTopics().forEach((id, topic) -> delete(topic));
        delta.changedTopics().forEach((id, topic) -> change(topic, image, layers));
        configure(delta, image, layers);
        Map<String, Uuid> deleted = new HashMap<>();
        delta.deletedTopics().forEach((id, topic) -> deleted.put(topic.name(), id));
        groups.topicsDeleted(deleted);
    }

    /** The first image has all that was committed before this broker started: what it does not give to it, is not its own. */
    private void load(ClusterImage image, LayeredConfig layers) {
        Check.invariant(image.broker(nodeId).isPresent(), "the first image knows this broker");
        List<LogStore.Wanted> wanted = new ArrayList<>();
        for (TopicImage topic : image.topics().all()) {
            LogConfig config = config(image, layers, topic.name());
            for (int i = 0; i < topic.partitionCount(); i++) {
                if (topic.partitions().get(i).hasReplica(nodeId)) {
                    wanted.add(new LogStore.Wanted(new TopicPartition(topic.name(), i), topic.id(), config));
                }
            }
        }
        replicas.load(wanted, file.number("num.recovery.threads.per.data.dir"));
    }

    private void delete(TopicImage topic) {
        for (int i = 0; i < topic.partitionCount(); i++) {
            if (topic.name().equals(InternalTopics.OFFSETS)) {
                groups.resign(i);
            }
            replicas.find(topic.id(), i).ifPresent(this::delete);
        }
    }

    private void delete(Replica replica) {
        fetchers.leave(replica);
        replicas.delete(replica.name());
    }

    private void change(TopicDelta topic, ClusterImage image, LayeredConfig layers) {
        LogConfig config = config(image, layers, topic.name());
        new TreeMap<>(topic.changedPartitions()).forEach((index, partition) -> {
            TopicPartition name = new TopicPartition(topic.name(), index);
            if (partition.hasReplica(nodeId)) {
                assign(name, topic.id(), config, partition);
            } else {
                replicas.find(topic.id(), index).ifPresent(fetchers::leave);
                replicas.delete(name);
            }
        });
    }

    private void assign(TopicPartition name, Uuid topicId, LogConfig config, PartitionRegistration partition) {
        boolean isNew = loaded.isDone()
                && cluster.image().topics().partition(topicId, name.partition()).isEmpty();
        assign(name, topicId, config, partition, isNew ? LogStore.Origin.NEW : LogStore.Origin.KNOWN);
    }

    private void assign(
            TopicPartition name,
            Uuid topicId,
            LogConfig config,
            PartitionRegistration partition,
            LogStore.Origin origin) {
        LogStore.Place place = new LogStore.Place(origin, partition.directory(nodeId));
        Replicas.Assigned assigned = replicas.assign(name, topicId, config, assignment(partition), place);
        if (assigned instanceof Replicas.Assigned.Offline(DiskFailure failure)
                && failure.kind() == DiskFailure.Kind.FULL
                && roomless.putIfAbsent(new Roomless(name, topicId), origin) == null) {
            thread.after(ROOM_RETRY_MS, () -> assignAgain(new Roomless(name, topicId)));
        }
        if (assigned instanceof Replicas.Assigned.Done(Replica replica, Partition.Transition transition)) {
            tellDirectory(replica, partition);
            follow(replica, partition);
        }
        if (!name.topic().equals(InternalTopics.OFFSETS)) {
            return;
        }
        if (assigned instanceof Replicas.Assigned.Done(Replica replica, Partition.Transition transition)) {
            if (!replica.isLeader()) {
                groups.resign(name.partition());
            } else if (transition == Partition.Transition.NEW_EPOCH) {
                groups.lead(name.partition(), replica);
            }
        }
    }

    /** A full disk is no failed one: a partition that could not be begun for want of room is when there is some. */
    private void assignAgain(Roomless waiting) {
        LogStore.Origin origin = Objects.requireNonNull(roomless.remove(waiting), "only what waits is tried again");
        TopicPartition name = waiting.name();
        ClusterImage image = cluster.image();
        image.topics()
                .partition(waiting.topicId(), name.partition())
                .filter(partition -> partition.hasReplica(nodeId) && replicas.isOffline(name))
                .ifPresent(partition ->
                        assign(name, waiting.topicId(), config(image, layers(image), name.topic()), partition, origin));
    }

    private void follow(Replica replica, PartitionRegistration partition) {
        if (partition.hasLeader() && partition.leader() != nodeId) {
            fetchers.follow(replica, partition.leader(), partition.leaderEpoch());
        } else {
            fetchers.leave(replica);
        }
    }

    /** Where this broker chose the directory, or found the log in another one, the controller does not know. */
    private void tellDirectory(Replica replica, PartitionRegistration partition) {
        if (replica.isMoving() || directories.reporting() == LogMove.Reporting.NONE) {
            return;
        }
        replicas.directoryOf(replica)
                .flatMap(LogDirectory::id)
                .filter(actual -> !actual.equals(partition.directory(nodeId)))
                .ifPresent(actual ->
                        directories.assign(replica.topicId(), replica.name().partition(), actual, () -> {}));
    }

    private static Assignment assignment(PartitionRegistration partition) {
        return new Assignment(
                partition.leader(),
                partition.leaderEpoch(),
                partition.partitionEpoch(),
                partition.replicas(),
                partition.isr(),
                partition.leaderRecovery() == PartitionRegistration.LeaderRecovery.RECOVERING
                        ? Assignment.Recovery.RECOVERING
                        : Assignment.Recovery.RECOVERED);
    }

    private void configure(ImageDelta delta, ClusterImage image, LayeredConfig layers) {
        if (changesBroker(delta)) {
            ReplicationThrottles throttles = replicas.shell().throttles();
            fetchers.resize(fetcherCount(layers));
            limit(layers, MOVE_LIMIT, replicas::limitMoves);
            limit(layers, LEADER_LIMIT, throttles.leader()::limit);
            limit(layers, FOLLOWER_LIMIT, throttles.follower()::limit);
            image.topics()
                    .all()
                    .forEach(topic -> replicas.configure(topic.name(), config(image, layers, topic.name())));
            return;
        }
        for (ConfigResource resource : delta.changedConfigs()) {
            boolean existing = resource.type() == ConfigResource.Type.TOPIC
                    && image.topic(resource.name()).isPresent();
            if (existing) {
                replicas.configure(resource.name(), config(image, layers, resource.name()));
            }
        }
    }

    private boolean changesBroker(ImageDelta delta) {
        return delta.changedConfigs().contains(ConfigResource.broker(nodeId))
                || delta.changedConfigs().contains(ConfigResource.defaultBroker());
    }

    private static int fetcherCount(LayeredConfig layers) {
        return layers.brokerSettings(FETCHERS).stream()
                .findFirst()
                .flatMap(LayeredConfig.Setting::value)
                .map(count -> Integer.parseInt(count.trim()))
                .orElse(1);
    }

    private static void limit(LayeredConfig layers, String key, LongConsumer limited) {
        String limit = layers.broker().getOrDefault(key, layers.allBrokers().getOrDefault(key, UNLIMITED));
        try {
            limited.accept(Long.parseLong(limit.trim()));
        } catch (NumberFormatException wrong) {
            LOG.warn("{} cannot be {}: it stays as it was", key, limit);
        }
    }

    private LayeredConfig layers(ClusterImage image) {
        return new LayeredConfig(
                file, image.config(ConfigResource.broker(nodeId)), image.config(ConfigResource.defaultBroker()));
    }

    private LogConfig config(ClusterImage image, LayeredConfig layers, String topic) {
        return known.computeIfAbsent(image.config(ConfigResource.topic(topic)), own -> parsed(layers, topic, own));
    }

    private static LogConfig parsed(LayeredConfig layers, String topic, Map<String, String> own) {
        return switch (LogConfig.of(layers.topicValues(own))) {
            case LogConfig.Parsed.Accepted(LogConfig config) -> config;
            case LogConfig.Parsed.Refused(String name, String value, String reason) -> {
                // the controller let it in, so it was right when it was set: what this node adds from its file is wrong
                LOG.error("{} of the topic {} cannot be {}: {}; the defaults are used", name, topic, value, reason);
                yield LogConfig.DEFAULT;
            }
        };
    }

    @Override
    public void close() {
        thread.close();
    }
}
