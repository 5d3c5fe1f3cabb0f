package ottla.broker.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.broker.api.ApiTable;
import ottla.broker.api.ClusterView;
import ottla.broker.config.CordonedDirectories;
import ottla.broker.config.LayeredConfig;
import ottla.broker.config.Listener;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.MetadataVersion;
import ottla.coordinator.io.GroupCoordinator;
import ottla.log.io.LogCleaner;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.Fetchers;
import ottla.replication.io.MachineDrive;
import ottla.replication.io.Replica;
import ottla.replication.io.ReplicaMoves;
import ottla.replication.io.ReplicaShell;
import ottla.replication.io.Replicas;
import ottla.replication.io.ReplicationThrottles;
import ottla.wire.compress.Codec;
import ottla.wire.io.ConnectionLimits;
import ottla.wire.io.Loop;
import ottla.wire.message.BrokerRegistrationRequest;

/**
 * What a node has when it is a broker: partitions, coordinators, and its membership of the cluster. Made and driven by the thread
 * that starts the node, in the order of the methods; ended by the node's {@link Endings}.
 */
final class BrokerRole {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerRole.class);

    /** Syncs of several files that run at the same time share a file system's journal; more of them only wait for each other. */
    private static final int FLUSH_THREADS = 4;

    private static final short PLAINTEXT = 0;

    private final Surroundings around;
    private final NodeConfig config;
    private final Values values;
    private final Node.Metadata metadata;
    private final Endings endings;
    private final Consumer<String> fail;
    private volatile ConnectionLimits connections;
    private volatile Optional<Doors> doors = Optional.empty();
    private final Replicas replicas;
    private final MetadataApplier applier;
    private final BrokerLifecycle lifecycle;
    private final ApiTable table;

    /** What the node has whatever its roles. */
    record Surroundings(
            NodeConfig config,
            NodeSettings settings,
            Host host,
            Threads disks,
            Directories directories,
            LogStore store,
            ClusterView cluster) {}

    /** @param fail ends the node for the reason given */
    BrokerRole(
            Surroundings around,
            Node.Metadata metadata,
            ActiveController active,
            Endings endings,
            Consumer<String> fail) {
        this.around = around;
        this.config = around.config();
        this.values = config.values();
        this.metadata = metadata;
        this.endings = endings;
        this.fail = fail;
        connections = NodeSettings.connections(values);
        ReplicaDirectories replicaDirectories = new ReplicaDirectories(around.cluster(), around.disks());
        IsrRequests isrRequests = new IsrRequests(around.cluster(), around.disks());
        replicas = replicas(replicaDirectories, isrRequests);
        endings.add("replicas", replicas::stop);
        Fetchers fetchers = endings.started("fetchers", fetchers());
        GroupCoordinator groups = groups();
        Codec codec = Codec.of(values.number("offsets.topic.compression.codec")).orElse(Codec.NONE);
        GroupTerms groupTerms =
                new GroupTerms(groups, around.disks(), around.host().clock(), codec);
        endings.add("groups", groupTerms::close);
        applier = endings.started(
                "metadata",
                new MetadataApplier(
                        config,
                        replicas,
                        fetchers,
                        around.cluster(),
                        groupTerms,
                        replicaDirectories,
                        around.host().threads("metadata", 1)));
        lifecycle = lifecycle();
        replicaDirectories.over(lifecycle::send);
        isrRequests.over(lifecycle::send);
        applier.tell(lifecycle::metadataReached);
        applier.tellConfigured(this::configured);
        replicas.onDirectoryFailure(this::directoryFailed);
        table = ApiTables.broker(
                config,
                around.cluster(),
                active,
                new ShownChanges(active, applier::carriedOut),
                metadata.quorum(),
                replicas,
                around.store(),
                around.directories().unusable(),
                groups,
                lifecycle,
                around.host().clock()::millis,
                around.host().random());
    }

    /** What this broker serves to clients. */
    ApiTable table() {
        return table;
    }

    /** The epoch of the registration; -1 before the first. */
    long epoch() {
        return lifecycle.epoch();
    }

    /** Registers and carries out all metadata there is; completes when the controller has unfenced this broker. */
    CompletionStage<Void> join() {
        CompletionStage<Void> unfenced = lifecycle.start();
        long rest = values.longNumber("server.max.startup.time.ms");
        Loop loop = around.host().loop();
        return Waits.limited(
                        "the controller registers this broker",
                        lifecycle.registered(),
                        values.number("initial.broker.registration.timeout.ms"),
                        loop)
                // Its first image must have all that was ever committed: what is not in it is not this broker's.
                .thenCompose(registered -> Waits.limited(
                        "the metadata arrives", metadata.controller().reached(lifecycle.epoch()), rest, loop))
                .thenCompose(arrived -> {
                    metadata.controller().addListener(applier);
                    metadata.controller().addListener(new QuotaWarnings());
                    metadata.controller().addListener(new RegistrationWatch(config.nodeId(), lifecycle));
                    return applier.loaded();
                })
                .thenCompose(loaded -> Waits.limited("the controller unfences this broker", unfenced, rest, loop));
    }

    /** Begins what goes on for as long as clients are served. */
    void serve() {
        Housekeeping.start(around.disks(), replicas, around.store(), values);
        watchDisks();
        startCleaner();
        endings.add("registration", () -> Waits.await("the controller lets this broker go", leave()));
    }

    List<Replica> replicas() {
        return replicas.all();
    }

    /** What the APIs are shown of the cluster. */
    ClusterImage shown() {
        return around.cluster().image();
    }

    /** Hands over what this broker leads, unless it is not to; completes when it may stop. */
    CompletionStage<Void> leave() {
        return values.flag("controlled.shutdown.enable") ? lifecycle.leave() : CompletableFuture.completedStage(null);
    }

    private Replicas replicas(ReplicaDirectories replicaDirectories, IsrRequests isrRequests) {
        Threads flushes = endings.started("flush threads", around.host().threads("flush", FLUSH_THREADS));
        Threads movers = endings.started(
                "log movers",
                around.host().threads("log-mover", around.settings().moverCount(around.directories())));
        ReplicaMoves moves = new ReplicaMoves(
                around.store(),
                replicaDirectories,
                new ReplicaMoves.Settings(
                        Math.max(1, values.number("replica.fetch.max.bytes")),
                        Set.copyOf(around.directories().unusable())),
                movers,
                System::nanoTime);
        return new Replicas(around.store(), replicaShell(flushes, isrRequests), moves);
    }

    private Fetchers fetchers() {
        return new Fetchers(
                around.settings().fetchers(),
                replicas.shell(),
                around.host()::loop,
                () -> epoch(),
                around.host()::toLeader);
    }

    private ReplicaShell replicaShell(Threads flushes, IsrRequests isrRequests) {
        return new ReplicaShell(
                config.nodeId(),
                around.host().clock(),
                around.disks(),
                flushes,
                values.longNumber("replica.lag.time.max.ms"),
                (brokerId, brokerEpoch) -> around.cluster()
                        .image()
                        .broker(brokerId)
                        .filter(BrokerRegistration::active)
                        .filter(broker -> brokerEpoch < 0 || broker.epoch() == brokerEpoch)
                        .isPresent(),
                isrRequests,
                (replica, failure) -> LOG.error("The log directory of {} is offline", replica, failure),
                ReplicationThrottles.over(
                        around.settings().replicationWindow(), around.host().clock()));
    }

    private GroupCoordinator groups() {
        MachineDrive thread = endings.started("group coordinator", around.host().machine("groups"));
        return new GroupCoordinator(
                around.settings().groups(),
                new ImageTopics(around.cluster()),
                this::memberUuid,
                thread.loop(),
                around.host().clock()::millis);
    }

    /** What makes a member's id differ from all others: a UUID of version 4, in its usual form. */
    private String memberUuid() {
        Uuid id = Uuid.random(around.host().random());
        return new UUID(id.mostSignificantBits(), id.leastSignificantBits()).toString();
    }

    private BrokerLifecycle lifecycle() {
        long timeoutMs = values.number("request.timeout.ms");
        return new BrokerLifecycle(
                around.host().loop(),
                request -> metadata.channel().send(request, timeoutMs),
                registration(),
                applier::offset,
                () -> fail.accept("the controller could not be told in time of a log directory that failed"),
                new BrokerLifecycle.Settings(
                        config.nodeId(),
                        values.number("broker.heartbeat.interval.ms"),
                        values.longNumber("log.dir.failure.timeout.ms"),
                        new Random(around.host().random().nextLong()),
                        around.host().ticksMs()));
    }

    private BrokerRegistrationRequest registration() {
        List<BrokerRegistrationRequest.Listener> listeners = new ArrayList<>();
        for (Listener listener : config.advertised()) {
            listeners.add(new BrokerRegistrationRequest.Listener(
                    listener.name(), NodeSettings.reachable(listener.host()), listener.port(), PLAINTEXT));
        }
        List<BrokerRegistrationRequest.Feature> features = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            features.add(new BrokerRegistrationRequest.Feature(
                    feature.featureName(), feature.minLevel(), feature.maxLevel(NodeSettings.featureLevels(values))));
        }
        List<LogDirectory> directories = around.directories().directories();
        return BrokerRegistrationRequest.DEFAULT
                .withBrokerId(config.nodeId())
                .withClusterId(around.cluster().clusterId())
                .withIncarnationId(new Uuid(
                        around.host().random().nextLong(),
                        around.host().random().nextLong()))
                .withListeners(listeners)
                .withFeatures(features)
                .withRack(values.find("broker.rack").orElse(null))
                .withLogDirs(directories.stream()
                        .flatMap(directory -> directory.id().stream())
                        .sorted()
                        .toList())
                .withPreviousBrokerEpoch(
                        directories.getFirst().cleanStopBrokerEpoch().orElse(-1));
    }

    /** From now on these take as many connections as is configured. */
    void limit(Doors opened) {
        doors = Optional.of(opened);
        opened.limit(connections);
    }

    private void configured(LayeredConfig layers, MetadataVersion version) {
        cordon(layers, version);
        try {
            connections = NodeSettings.connections(layers.brokerValues());
            doors.ifPresent(opened -> opened.limit(connections));
        } catch (RefusedStart wrong) {
            LOG.warn("The limits of connections stay as they were: {}", wrong.getMessage());
        }
    }

    /** A cluster whose metadata version knows nothing of it does without. */
    private void cordon(LayeredConfig layers, MetadataVersion version) {
        Predicate<String> named = version.hasCordonedDirectories() ? CordonedDirectories.in(layers) : root -> false;
        List<LogDirectory> directories = around.directories().directories().stream()
                .filter(directory -> named.test(directory.disk().root()))
                .toList();
        around.store().cordon(directories);
        lifecycle.cordon(directories.stream()
                .flatMap(directory -> directory.id().stream())
                .sorted()
                .toList());
    }

    private void watchDisks() {
        FullDiskWatch watch = new FullDiskWatch(
                config.nodeId(),
                () -> around.directories().directories().stream()
                        .filter(around.store()::isOnline)
                        .map(directory -> around.store().shell(directory.disk()))
                        .toList(),
                around.cluster()::image,
                around.host().clock(),
                lifecycle::stepBack);
        around.disks().every(FullDiskWatch.INTERVAL_MS, FullDiskWatch.INTERVAL_MS, watch::look);
    }

    /** Without it, compacted topics grow for ever: Kafka advises against that, and will not allow it from version 5 on. */
    private void startCleaner() {
        LogCleaner.Settings cleaning = around.settings().cleaner();
        if (values.flag("log.cleaner.enable")) {
            endings.started(
                            "cleaner",
                            new LogCleaner(
                                    cleaning,
                                    around.store(),
                                    replicas::cleanable,
                                    around.host().clock()))
                    .start();
        } else {
            LOG.warn("log.cleaner.enable is false: topics with cleanup.policy=compact are not compacted");
        }
    }

    /** The other directories go on, and the controller is told, if this node can go on at all. */
    private void directoryFailed(LogDirectory failed) {
        Directories directories = around.directories();
        if (failed == directories.metadata()) {
            fail.accept("the directory of the metadata log, " + failed.disk().root() + ", failed");
        } else if (directories.directories().stream().noneMatch(around.store()::isOnline)) {
            fail.accept("all log directories failed");
        } else {
            failed.id().ifPresent(lifecycle::directoryFailed);
        }
    }
}
