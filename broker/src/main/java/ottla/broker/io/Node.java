package ottla.broker.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.broker.api.ApiTable;
import ottla.broker.api.ClusterView;
import ottla.broker.config.ConfigCheck;
import ottla.broker.config.Listener;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.Feature;
import ottla.controller.io.ControllerNode;
import ottla.coordinator.io.GroupCoordinator;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogCleaner;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.MachineThread;
import ottla.replication.io.QuorumFormat;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.QuorumPeers;
import ottla.replication.io.ReplicaMoves;
import ottla.replication.io.ReplicaShell;
import ottla.replication.io.Replicas;
import ottla.wire.compress.Codec;
import ottla.wire.io.EventLoops;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.NetworkListener;
import ottla.wire.io.NetworkServer;
import ottla.wire.io.PeerLimits;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.ControllerRegistrationRequest;

/**
 * One node, controller and broker in one: all its parts, put together by constructor in the order in which they start, and ended in
 * the opposite order.
 *
 * <pre>
 *   disks -> quorum -> controller -> replicas, coordinators -> metadata applied -> controller's port
 *         -> registered and unfenced -> clients' ports
 * </pre>
 */
final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private static final int DISK_THREADS = 4;

    /** Syncs of several files that run at the same time share a file system's journal; more of them only wait for each other. */
    private static final int FLUSH_THREADS = 4;

    private static final long STEP_LIMIT_MS = 30_000;
    private static final long ANSWERS_LIMIT_MS = 2_000;
    private static final short PLAINTEXT = 0;

    private final NodeConfig config;
    private final Values values;
    private final NodeSettings settings;
    private final InstantSource clock = InstantSource.system();
    private final RandomGenerator random = new java.security.SecureRandom();
    private final Deque<Step> ending = new ArrayDeque<>();
    private final List<Listener> bound = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean failed;

    /** Whether a directory that was never formatted may be. */
    enum Format {
        IF_NEEDED,
        NEVER
    }

    private record Step(String name, Ending ending) {}

    @FunctionalInterface
    private interface Ending {
        void run() throws Exception;
    }

    private Node(NodeConfig config) {
        this.config = config;
        this.values = config.values();
        this.settings = new NodeSettings(config);
    }

    /** Starts a node; when this returns, clients are served. Throws {@link RefusedStart} with the reason if it cannot be. */
    static Node start(NodeConfig config, Format format) {
        Node node = new Node(config);
        try {
            node.start(format);
            return node;
        } catch (RefusedStart | DiskFailure | IOException failure) {
            node.close();
            throw new RefusedStart(String.valueOf(failure.getMessage()));
        } catch (RuntimeException | Error failure) {
            node.close();
            throw failure;
        }
    }

    private void start(Format format) throws IOException {
        if (format == Format.NEVER) {
            Directories.expectFormatted(config);
        }
        DiskThreads disks = started("disk threads", new DiskThreads("disk", DISK_THREADS));
        EventLoops loops = started("event loops", new EventLoops(loopCount()));
        Directories directories = Directories.open(config, random, open -> {
            if (format == Format.IF_NEEDED) {
                Formatting.formatIfNeeded(config, open, random, clock.millis());
            }
        });
        if (directories.isMetadataApart()) {
            ending.push(new Step("metadata directory", directories.metadata()::close));
        }
        LogStore store = LogStore.open(
                directories.directories(), directories.unusable().size(), settings.logs(), disks, clock, random);
        BrokerEpoch epoch = new BrokerEpoch();
        ending.push(new Step("logs", () -> store.close(epoch.get())));

        ClusterView cluster = new ClusterView(config.nodeId(), directories.clusterId());
        Metadata metadata = startMetadata(directories, store);
        DiskThreads flushes = started("flush threads", new DiskThreads("flush", FLUSH_THREADS));
        DiskThreads movers = started("log movers", new DiskThreads("log-mover", settings.moverCount(directories)));
        ReplicaDirectories replicaDirectories = new ReplicaDirectories(cluster, disks);
        ReplicaMoves moves = new ReplicaMoves(
                store,
                replicaDirectories,
                new ReplicaMoves.Settings(
                        Math.max(1, values.number("replica.fetch.max.bytes")), Set.copyOf(directories.unusable())),
                movers,
                System::nanoTime);
        Replicas replicas = new Replicas(store, replicaShell(cluster, disks, flushes), moves);
        ending.push(new Step("replicas", replicas::stop));
        MachineThread groupThread = started("group coordinator", new MachineThread("groups", clock::millis));
        GroupCoordinator groups = new GroupCoordinator(
                settings.groups(),
                new ImageTopics(cluster),
                () -> UUID.randomUUID().toString(),
                groupThread.loop(),
                clock::millis);
        Codec codec = Codec.of(values.number("offsets.topic.compression.codec")).orElse(Codec.NONE);
        GroupTerms groupTerms = new GroupTerms(groups, disks, clock, codec);
        ending.push(new Step("groups", groupTerms::close));
        MetadataApplier applier = started(
                "metadata",
                new MetadataApplier(config.nodeId(), values, replicas, cluster, groupTerms, replicaDirectories));

        // apart, so that clients that use up their connections cannot keep brokers from their controller
        NetworkServer controllerServer = server("controller's network", loops);
        NetworkServer clientServer = server("network", loops);
        BrokerLifecycle lifecycle = lifecycle(cluster, directories, loops, applier);
        epoch.of(lifecycle);
        replicaDirectories.over(lifecycle::send);
        ApiTables tables = ApiTables.of(
                config,
                cluster,
                metadata.controller(),
                metadata.quorum(),
                replicas,
                store,
                directories.unusable(),
                groups,
                lifecycle,
                clock::millis,
                random);
        open(controllerServer, tables.controller(), controllerListeners());
        applier.tell(lifecycle::metadataReached);
        replicas.onDirectoryFailure(directory -> directoryFailed(directory, directories, store, lifecycle));
        CompletionStage<Void> unfenced = lifecycle.start();
        // Its first image must have all that was ever committed: what is not in it is not this broker's.
        await(lifecycle.registered());
        metadata.controller().addListener(applier);
        applier.loaded().toCompletableFuture().join();
        await(unfenced);
        await(metadata.controller().registerController(controllerRegistration()));
        open(clientServer, tables.broker(), clientListeners());
        Housekeeping.start(disks, replicas, store, values);
        startCleaner(replicas, store);
        ending.push(new Step("registration", () -> await(lifecycle.leave())));
    }

    /** Without it, compacted topics grow for ever: Kafka advises against that, and will not allow it from version 5 on. */
    private void startCleaner(Replicas replicas, LogStore store) {
        LogCleaner.Settings cleaning = settings.cleaner();
        if (values.flag("log.cleaner.enable")) {
            started("cleaner", new LogCleaner(cleaning, store, replicas::cleanable, clock))
                    .start();
        } else {
            LOG.warn("log.cleaner.enable is false: topics with cleanup.policy=compact are not compacted");
        }
    }

    /** The quorum and the controller that follows it. */
    private record Metadata(QuorumNode quorum, ControllerNode controller) {}

    private Metadata startMetadata(Directories directories, LogStore store) {
        LogDirectory directory = directories.metadata();
        QuorumAccess access = new QuorumAccess();
        ControllerNode controller = new ControllerNode(
                settings.controller(directories.clusterId()),
                settings.controllerTiming(),
                new ConfigCheck(values),
                QuorumFormat.bootstrapRecords(directory.disk()).orElse(List.of()),
                access,
                access,
                clock::millis,
                random);
        QuorumNode quorum = QuorumNode.start(
                settings.quorum(directories.clusterId(), directory.id().orElse(Uuid.ZERO)),
                store.shell(directory.disk()),
                QuorumPeers.NONE,
                () -> System.nanoTime() / 1_000_000,
                List.of(controller),
                this::quorumFailed);
        access.into(quorum);
        // the controller ends first: it no longer decides when the log closes
        ending.push(new Step("quorum", quorum::close));
        ending.push(new Step("controller", controller::close));
        return new Metadata(quorum, controller);
    }

    private void quorumFailed(Throwable failure) {
        LOG.error("The metadata log cannot go on", failure);
        fail("the metadata log failed");
    }

    /** The other directories go on, and the controller is told, if this node can go on at all. */
    private void directoryFailed(
            LogDirectory failed, Directories directories, LogStore store, BrokerLifecycle lifecycle) {
        if (failed == directories.metadata()) {
            fail("the directory of the metadata log, " + failed.disk().root() + ", failed");
        } else if (directories.directories().stream().noneMatch(store::isOnline)) {
            fail("all log directories failed");
        } else {
            failed.id().ifPresent(lifecycle::directoryFailed);
        }
    }

    /** Ends the node because it cannot go on. */
    private void fail(String reason) {
        LOG.error("This node ends: {}", reason);
        failed = true;
        Thread.ofPlatform().name("halt").start(this::close);
    }

    private ReplicaShell replicaShell(ClusterView cluster, DiskThreads disks, DiskThreads flushes) {
        return new ReplicaShell(
                config.nodeId(),
                clock,
                disks,
                flushes,
                values.longNumber("replica.lag.time.max.ms"),
                (brokerId, brokerEpoch) -> cluster.image()
                        .broker(brokerId)
                        .filter(BrokerRegistration::active)
                        .filter(broker -> brokerEpoch < 0 || broker.epoch() == brokerEpoch)
                        .isPresent(),
                (replica, change) -> LOG.warn("{} has one broker, and its in-sync set cannot change", replica),
                (replica, failure) -> LOG.error("The log directory of {} is offline", replica, failure));
    }

    private BrokerLifecycle lifecycle(
            ClusterView cluster, Directories directories, EventLoops loops, MetadataApplier applier) {
        NetworkClient client = new NetworkClient(loops, PeerLimits.DEFAULT);
        return new BrokerLifecycle(
                loops.next(),
                () -> {
                    Listener controller = bound.getFirst();
                    return client.connect(
                            NodeSettings.reachable(controller.host()), controller.port(), "broker-" + config.nodeId());
                },
                registration(cluster, directories),
                applier::offset,
                () -> fail("the controller could not be told in time of a log directory that failed"),
                new BrokerLifecycle.Settings(
                        config.nodeId(),
                        values.number("broker.heartbeat.interval.ms"),
                        values.longNumber("log.dir.failure.timeout.ms"),
                        new Random(random.nextLong())));
    }

    private BrokerRegistrationRequest registration(ClusterView cluster, Directories directories) {
        List<BrokerRegistrationRequest.Listener> listeners = new ArrayList<>();
        for (Listener listener : config.advertised()) {
            listeners.add(new BrokerRegistrationRequest.Listener(
                    listener.name(), NodeSettings.reachable(listener.host()), listener.port(), PLAINTEXT));
        }
        List<BrokerRegistrationRequest.Feature> features = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            features.add(new BrokerRegistrationRequest.Feature(
                    feature.featureName(), feature.minLevel(), feature.maxLevel()));
        }
        return BrokerRegistrationRequest.DEFAULT
                .withBrokerId(config.nodeId())
                .withClusterId(cluster.clusterId())
                .withIncarnationId(new Uuid(random.nextLong(), random.nextLong()))
                .withListeners(listeners)
                .withFeatures(features)
                .withRack(values.find("broker.rack").orElse(null))
                .withLogDirs(directories.directories().stream()
                        .flatMap(directory -> directory.id().stream())
                        .sorted()
                        .toList())
                .withPreviousBrokerEpoch(directories
                        .directories()
                        .getFirst()
                        .cleanStopBrokerEpoch()
                        .orElse(-1));
    }

    private ControllerRegistrationRequest controllerRegistration() {
        List<ControllerRegistrationRequest.Listener> listeners = new ArrayList<>();
        for (Listener listener : bound) {
            listeners.add(new ControllerRegistrationRequest.Listener(
                    listener.name(), NodeSettings.reachable(listener.host()), listener.port(), PLAINTEXT));
        }
        List<ControllerRegistrationRequest.Feature> features = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            features.add(new ControllerRegistrationRequest.Feature(
                    feature.featureName(), feature.minLevel(), feature.maxLevel()));
        }
        return new ControllerRegistrationRequest(
                config.nodeId(), new Uuid(random.nextLong(), random.nextLong()), false, listeners, features);
    }

    private List<Listener> controllerListeners() {
        return config.listeners().stream()
                .filter(listener -> config.controllerListeners().contains(listener.name()))
                .toList();
    }

    private List<Listener> clientListeners() {
        return config.listeners().stream()
                .filter(listener -> !config.controllerListeners().contains(listener.name()))
                .toList();
    }

    private void open(NetworkServer server, ApiTable table, List<Listener> listeners) throws IOException {
        for (Listener listener : listeners) {
            InetSocketAddress address =
                    server.open(new NetworkListener(listener.name(), listener.host(), listener.port(), table, table));
            bound.add(listener.withPort(address.getPort()));
        }
    }

    private NetworkServer server(String name, EventLoops loops) {
        NetworkServer server = new NetworkServer(loops, settings.network());
        ending.push(new Step(name, () -> await(server.close(ANSWERS_LIMIT_MS))));
        return server;
    }

    private int loopCount() {
        return values.isSet("num.network.threads")
                ? values.number("num.network.threads")
                : Runtime.getRuntime().availableProcessors();
    }

    private <T extends AutoCloseable> T started(String name, T part) {
        ending.push(new Step(name, part::close));
        return part;
    }

    /** The addresses that are bound, with the ports that the system chose where it was asked to. */
    List<Listener> listeners() {
        return List.copyOf(bound);
    }

    /** How the process ends. */
    enum End {
        ORDERLY,
        FAILED
    }

    /** Returns when the node has ended. */
    End awaitEnd() throws InterruptedException {
        ended.await();
        return failed ? End.FAILED : End.ORDERLY;
    }

    /** Ends all that was started, the last first. Any thread; the second call returns when the first has. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            awaitOther();
            return;
        }
        LOG.info("Stopping node {}", config.nodeId());
        while (!ending.isEmpty()) {
            Step step = ending.pop();
            try {
                step.ending.run();
            } catch (Exception failure) {
                LOG.error("The {} did not end well", step.name, failure);
            }
        }
        LOG.info("Stopped node {}", config.nodeId());
        ended.countDown();
    }

    private void awaitOther() {
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void await(CompletionStage<?> stage) {
        try {
            stage.toCompletableFuture().get(STEP_LIMIT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RefusedStart("Interrupted.");
        } catch (ExecutionException | TimeoutException failure) {
            throw new RefusedStart("Waited in vain for " + STEP_LIMIT_MS + " ms: " + failure);
        }
    }

    /** The epoch that the broker was registered with, for the marker of a clean stop. */
    private static final class BrokerEpoch {
        private volatile LongSupplier source = () -> -1;

        void of(BrokerLifecycle lifecycle) {
            source = lifecycle::epoch;
        }

        long get() {
            return source.getAsLong();
        }
    }
}
