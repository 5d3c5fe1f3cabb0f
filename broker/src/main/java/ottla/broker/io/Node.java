package ottla.broker.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
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
import ottla.controller.image.Feature;
import ottla.controller.io.ControllerNode;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.NetworkPeers;
import ottla.replication.io.PeerLink;
import ottla.replication.io.QuorumFormat;
import ottla.replication.io.QuorumNode;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.Leadership;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.EventLoops;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.NetworkListener;
import ottla.wire.io.NetworkServer;
import ottla.wire.io.PeerLimits;
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

    private static final long STEP_LIMIT_MS = 30_000;
    private static final long ANSWERS_LIMIT_MS = 2_000;
    private static final short PLAINTEXT = 0;

    private final NodeConfig config;
    private final Values values;
    private final NodeSettings settings;
    private final InstantSource clock = InstantSource.system();
    private final RandomGenerator random = new java.security.SecureRandom();
    private final Endings endings = new Endings();
    private final List<Listener> bound = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean failed;
    private volatile Optional<Endpoint> ownController = Optional.empty();

    /** Whether a directory that was never formatted may be. */
    enum Format {
        IF_NEEDED,
        NEVER
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
        DiskThreads disks = endings.started("disk threads", new DiskThreads("disk", DISK_THREADS));
        EventLoops loops = endings.started("event loops", new EventLoops(loopCount()));
        Directories directories = Directories.open(config, random, open -> {
            if (format == Format.IF_NEEDED) {
                Formatting.formatIfNeeded(config, open, random, clock.millis());
            }
        });
        if (directories.isMetadataApart()) {
            endings.add("metadata directory", directories.metadata()::close);
        }
        LogStore store = LogStore.open(
                directories.directories(), directories.unusable().size(), settings.logs(), disks, clock, random);
        AtomicReference<LongSupplier> epoch = new AtomicReference<>(() -> -1);
        endings.add("logs", () -> store.close(epoch.get().getAsLong()));

        ClusterView cluster = new ClusterView(config.nodeId(), directories.clusterId());
        Metadata metadata = startMetadata(directories, store, loops);
        // apart, so that clients that use up their connections cannot keep brokers from their controller
        ApiTable controllerTable =
                ApiTables.controller(metadata.controller().requests(), metadata.quorum(), cluster, values);
        ActiveController active = new ActiveController(
                metadata.controller(), controllerTable, metadata.clientsChannel(), values.number("request.timeout.ms"));
        if (!config.isBroker()) {
            openController(loops, controllerTable);
            // with nothing to carry out, the newest image is at once what is served
            metadata.controller().addListener((delta, image, at) -> cluster.publish(image, at.lastOffset()));
            announceController(metadata, loops);
            return;
        }
        BrokerRole broker = new BrokerRole(
                new BrokerRole.Surroundings(config, settings, clock, random, disks, loops, directories, store, cluster),
                metadata,
                active,
                endings,
                this::fail);
        epoch.set(broker::epoch);
        if (config.isController()) {
            openController(loops, controllerTable);
        }
        broker.join();
        if (config.isController()) {
            await("the controllers know this one", announceController(metadata, loops));
        }
        open(server("network", loops), broker.table(), clientListeners());
        broker.serve();
    }

    private void openController(EventLoops loops, ApiTable table) throws IOException {
        open(server("controller's network", loops), table, controllerListeners());
        Listener first = bound.getFirst();
        ownController = Optional.of(new Endpoint(NodeSettings.reachable(first.host()), first.port()));
    }

    private CompletionStage<Void> announceController(Metadata metadata, EventLoops loops) {
        ControllerPresence presence = new ControllerPresence(
                controllerRegistration(),
                request -> metadata.channel().send(request, values.number("request.timeout.ms")),
                loops.next());
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
            ControllerChannel clientsChannel) {}

    private Metadata startMetadata(Directories directories, LogStore store, EventLoops loops) {
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
        ClientSoftware software = new ClientSoftware("ottla", new Version().ottla());
        NetworkPeers peers = endings.started(
                "peers",
                new NetworkPeers(
                        new NetworkClient(loops, settings.quorumPeers()),
                        software,
                        "raft-client-" + config.nodeId(),
                        settings.quorumPeers().requestTimeoutMs()));
        NetworkClient client = new NetworkClient(loops, PeerLimits.DEFAULT);
        AtomicReference<Supplier<Leadership>> leadership = new AtomicReference<>(() -> Leadership.NONE);
        Supplier<ControllerChannel> channels = () -> new ControllerChannel(
                () -> leadership.get().get(),
                this::controllerAddress,
                endpoint -> new PeerLink(client, software, "broker-" + config.nodeId(), endpoint));
        ControllerChannel channel = channels.get();
        ControllerChannel clientsChannel = channels.get();
        QuorumNode quorum = QuorumNode.start(
                settings.quorum(directories.clusterId(), directory.id().orElse(Uuid.ZERO)),
                store.shell(directory.disk()),
                peers,
                () -> System.nanoTime() / 1_000_000,
                List.of(controller, new LeaderWatch(epoch -> {
                    channel.epochBegun(epoch);
                    clientsChannel.epochBegun(epoch);
                })),
                this::quorumFailed);
        access.into(quorum);
        leadership.set(quorum::leadership);
        // the controller ends first: it no longer decides when the log closes
        endings.add("quorum", quorum::close);
        endings.add("controller", controller::close);
        endings.add("controller's channel", channel::close);
        endings.add("clients' way to the controller", clientsChannel::close);
        return new Metadata(quorum, controller, channel, clientsChannel);
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
        Thread.ofPlatform().name("halt").start(this::close);
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
                    feature.featureName(), feature.minLevel(), feature.maxLevel()));
        }
        return new ControllerRegistrationRequest(
                config.nodeId(), new Uuid(random.nextLong(), random.nextLong()), false, listeners, features);
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

    private void open(NetworkServer server, ApiTable table, List<Listener> listeners) throws IOException {
        for (Listener listener : listeners) {
            InetSocketAddress address =
                    server.open(new NetworkListener(listener.name(), listener.host(), listener.port(), table, table));
            bound.add(listener.withPort(address.getPort()));
        }
    }

    private NetworkServer server(String name, EventLoops loops) {
        NetworkServer server = new NetworkServer(loops, settings.network());
        endings.add(name, () -> await("the connections are closed", server.close(ANSWERS_LIMIT_MS)));
        return server;
    }

    private int loopCount() {
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

    static void await(String what, CompletionStage<?> stage) {
        await(what, stage, Duration.ofMillis(STEP_LIMIT_MS));
    }

    /** Waits for something that another node may have to do first. Throws {@link RefusedStart} if it does not come. */
    static void await(String what, CompletionStage<?> stage, Duration limit) {
        try {
            stage.toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RefusedStart("Interrupted.");
        } catch (ExecutionException | TimeoutException failure) {
            throw new RefusedStart("Waited in vain for " + limit.toMillis() + " ms until " + what + ": " + failure);
        }
    }
}
