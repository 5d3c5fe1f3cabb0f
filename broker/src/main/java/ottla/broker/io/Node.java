package ottla.broker.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.broker.api.ApiTable;
import ottla.broker.api.ClusterView;
import ottla.broker.config.ConfigCheck;
import ottla.broker.config.Listener;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.io.ControllerNode;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.QuorumFormat;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.Replica;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.Leadership;
import ottla.wire.io.NetworkListener;
import ottla.wire.message.ControllerRegistrationRequest;

/**
 * One node, as a controller, a broker, or both: all its parts, put together by constructor in the order in which they start, and
 * ended in the opposite order.
 *
 * <pre>
 *   disks -> quorum -> controller -> [broker: replicas, coordinators] -> [controller: its port]
 *         -> [broker: registered and unfenced] -> [controller: registered] -> [broker: clients' ports]
 * </pre>
 *
 * A node that is only a broker has a controller, too, which follows the metadata and is never active.
 */
final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private static final int DISK_THREADS = 4;

    private static final long ANSWERS_LIMIT_MS = 2_000;
    private static final long ANNOUNCEMENT_LIMIT_MS = 30_000;
    private static final short PLAINTEXT = 0;

    private final NodeConfig config;
    private final Values values;
    private final NodeSettings settings;
    private final Host host;
    private final Endings endings = new Endings();
    private final List<Listener> bound = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean failed;
    private volatile Optional<Endpoint> ownController = Optional.empty();
    private Optional<BrokerRole> broker = Optional.empty();

    /** Whether a directory that was never formatted may be. */
    enum Format {
        IF_NEEDED,
        NEVER
    }

    Node(NodeConfig config, NodeSettings settings, Host host) {
        this.config = config;
        this.values = config.values();
        this.settings = settings;
        this.host = host;
    }

    /** Starts a node; when this returns, clients are served. Throws {@link RefusedStart} with the reason if it cannot be. */
    static Node start(NodeConfig config, Format format) {
        NodeSettings settings = new NodeSettings(config);
        if (format == Format.NEVER) {
            Directories.expectFormatted(config);
        }
        Node node = new Node(config, settings, new ProcessHost(settings, loopCount(config.values())));
        try {
            Directories directories = Directories.open(config, node.host.random(), open -> {
                if (format == Format.IF_NEEDED) {
                    Formatting.formatIfNeeded(
                            config, open, node.host.random(), node.host.clock().millis());
                }
            });
            Waits.await(node.join(directories));
            node.serve();
            return node;
        } catch (RefusedStart | DiskFailure | IOException failure) {
            node.close();
            throw new RefusedStart(String.valueOf(failure.getMessage()));
        } catch (RuntimeException | Error failure) {
            node.close();
            throw failure;
        }
    }

    /** Puts all parts together and takes part in the cluster; completes, on any thread, when the node could {@link #serve}. */
    CompletionStage<Void> join(Directories directories) throws IOException {
        Threads disks = endings.started("disk threads", host.threads("disk", DISK_THREADS));
        endings.add("host", host::close);
        if (directories.isMetadataApart()) {
            endings.add("metadata directory", directories.metadata()::close);
        }
        LogStore store = LogStore.open(
                directories.directories(),
                directories.unusable().size(),
                settings.logs(),
                disks,
                host.clock(),
                host.random());
        AtomicReference<LongSupplier> epoch = new AtomicReference<>(() -> -1);
        endings.add("logs", () -> store.close(epoch.get().getAsLong()));

        ClusterView cluster = new ClusterView(config.nodeId(), directories.clusterId());
        Metadata metadata = startMetadata(directories, store);
        // apart, so that clients that use up their connections cannot keep brokers from their controller
        ApiTable controllerTable = ApiTables.controller(
                metadata.controller().requests(), metadata.quorum(), cluster, values, metadata.watch());
        ActiveController active = new ActiveController(
                metadata.controller(),
                controllerTable,
                metadata.clientsChannel(),
                values.number("request.timeout.ms"),
                host.ticksMs());
        if (!config.isBroker()) {
            openController(controllerTable);
            // with nothing to carry out, the newest image is at once what is served
            metadata.controller().addListener((delta, image, at) -> cluster.publish(image, at.lastOffset()));
            announceController(metadata);
            return CompletableFuture.completedStage(null);
        }
        BrokerRole role = new BrokerRole(
                new BrokerRole.Surroundings(config, settings, host, disks, directories, store, cluster),
                metadata,
                active,
                endings,
                this::fail);
        broker = Optional.of(role);
        epoch.set(role::epoch);
        if (!config.isController()) {
            return role.join();
        }
        openController(controllerTable);
        return role.join()
                .thenCompose(joined -> Waits.limited(
                        "the controllers know this one",
                        announceController(metadata),
                        ANNOUNCEMENT_LIMIT_MS,
                        host.loop()));
    }

    /** Lets clients in. */
    void serve() throws IOException {
        if (broker.isPresent()) {
            Doors doors = doors("network");
            broker.get().limit(doors);
            open(doors, broker.get().table(), clientListeners());
            broker.get().serve();
        }
    }

    private void openController(ApiTable table) throws IOException {
        open(doors("controller's network"), table, controllerListeners());
        Listener first = bound.getFirst();
        ownController = Optional.of(new Endpoint(NodeSettings.reachable(first.host()), first.port()));
    }

    private CompletionStage<Void> announceController(Metadata metadata) {
        ControllerPresence presence = new ControllerPresence(
                controllerRegistration(),
                request -> metadata.channel().send(request, values.number("request.timeout.ms")),
                host.loop());
        metadata.controller().addListener(presence);
        return presence.known();
    }

    /**
     * The quorum, the controller that follows it, and the ways to the controller that leads it: one for what the node has to say, and
     * one for what clients want, behind which no heartbeat waits.
     */
    record Metadata(
            QuorumNode quorum,
            ControllerNode controller,
            ControllerChannel channel,
            ControllerChannel clientsChannel,
            BrokerWatch watch) {}

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
                host.clock()::millis,
                host.random(),
                host.machine("controller"));
        AtomicReference<Supplier<Leadership>> leadership = new AtomicReference<>(() -> Leadership.NONE);
        Supplier<ControllerChannel> channels =
                () -> new ControllerChannel(() -> leadership.get().get(), this::controllerAddress, host::toController);
        ControllerChannel channel = channels.get();
        ControllerChannel clientsChannel = channels.get();
        BrokerWatch watch = new BrokerWatch(
                controller::image,
                controller::activeEpoch,
                host::knock,
                controller.requests()::fenceLost,
                host.loop(),
                values.number("broker.heartbeat.interval.ms"));
        QuorumNode quorum = host.quorum(
                settings.quorum(directories.clusterId(), directory.id().orElse(Uuid.ZERO)),
                store.shell(directory.disk()),
                List.of(
                        controller,
                        new LeaderWatch(
                                epoch -> {
                                    channel.epochBegun(epoch);
                                    clientsChannel.epochBegun(epoch);
                                },
                                watch::becameActive)),
                this::quorumFailed);
        access.into(quorum);
        leadership.set(quorum::leadership);
        // the controller ends first: it no longer decides when the log closes
        endings.add("quorum", quorum::close);
        endings.add("controller", controller::close);
        endings.add("controller's channel", channel::close);
        endings.add("clients' way to the controller", clientsChannel::close);
        return new Metadata(quorum, controller, channel, clientsChannel, watch);
    }

    /** Where the leader of the quorum answers other nodes; where this node itself is bound if it leads. */
    private Optional<Endpoint> controllerAddress(Leadership leadership) {
        if (leadership.leaderId().isEmpty()) {
            return Optional.empty();
        }
        return leadership.leaderId().getAsInt() == config.nodeId()
                ? ownController
                : Optional.ofNullable(
                        leadership.endpoints().get(config.controllerListeners().getFirst()));
    }

    private void quorumFailed(Throwable failure) {
        LOG.error("The metadata log cannot go on", failure);
        fail("the metadata log failed");
    }

    /** Ends the node because it cannot go on. */
    private void fail(String reason) {
        LOG.error("This node ends: {}", reason);
        failed = true;
        host.aside("halt", this::close);
    }

    private ControllerRegistrationRequest controllerRegistration() {
        List<ControllerRegistrationRequest.Listener> listeners = new ArrayList<>();
        for (Listener listener : advertisedControllers()) {
            listeners.add(new ControllerRegistrationRequest.Listener(
                    listener.name(), NodeSettings.reachable(listener.host()), listener.port(), PLAINTEXT));
        }
        List<ControllerRegistrationRequest.Feature> features = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            features.add(new ControllerRegistrationRequest.Feature(
                    feature.featureName(),
                    feature.minLevel(),
                    feature.maxLevel(NodeSettings.featureLevels(config.values()))));
        }
        return new ControllerRegistrationRequest(
                config.nodeId(),
                new Uuid(host.random().nextLong(), host.random().nextLong()),
                false,
                listeners,
                features);
    }

    /** What the other nodes are told, with the port that the system chose where it was asked to. */
    private List<Listener> advertisedControllers() {
        return config.advertisedControllers().stream()
                .map(told -> bound.stream()
                        .filter(listener -> told.port() == 0 && listener.name().equals(told.name()))
                        .findFirst()
                        .map(listener -> told.withPort(listener.port()))
                        .orElse(told))
                .toList();
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

    private void open(Doors doors, ApiTable table, List<Listener> listeners) throws IOException {
        for (Listener listener : listeners) {
            InetSocketAddress address =
                    doors.open(new NetworkListener(listener.name(), listener.host(), listener.port(), table, table));
            bound.add(listener.withPort(address.getPort()));
        }
    }

    private Doors doors(String name) {
        Doors doors = host.doors();
        endings.add(name, () -> Waits.await("the connections are closed", doors.close(ANSWERS_LIMIT_MS)));
        return doors;
    }

    private static int loopCount(Values values) {
        return values.isSet("num.network.threads")
                ? values.number("num.network.threads")
                : Runtime.getRuntime().availableProcessors();
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

    /** Hands over what this node leads; completes when it may end. */
    CompletionStage<Void> leave() {
        return broker.map(BrokerRole::leave).orElse(CompletableFuture.completedStage(null));
    }

    /** The partitions that are here. */
    List<Replica> replicas() {
        return broker.map(BrokerRole::replicas).orElse(List.of());
    }

    /** What the APIs are shown of the cluster. */
    Optional<ClusterImage> shown() {
        return broker.map(BrokerRole::shown);
    }

    /** Ends all that was started, the last first. Any thread; the second call returns when the first has. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            awaitOther();
            return;
        }
        LOG.info("Stopping node {}", config.nodeId());
        endings.run();
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
}
