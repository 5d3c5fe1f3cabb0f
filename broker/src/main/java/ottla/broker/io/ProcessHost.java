package ottla.broker.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import ottla.log.io.LogShell;
import ottla.replication.io.LeaderLink;
import ottla.replication.io.MachineDrive;
import ottla.replication.io.MachineThread;
import ottla.replication.io.NetworkPeers;
import ottla.replication.io.PeerLink;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.QuorumSettings;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.ConnectionLimits;
import ottla.wire.io.EventLoops;
import ottla.wire.io.Loop;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.NetworkClient.Payloads;
import ottla.wire.io.NetworkListener;
import ottla.wire.io.NetworkServer;
import ottla.wire.io.PeerFailure;
import ottla.wire.io.PeerLimits;

/** What a process has of its own: platform threads, event loops, sockets, the system's clocks. */
final class ProcessHost implements Host {
    private static final int KNOCK_LIMIT_MS = 1_000;

    private final NodeSettings settings;
    private final String nodeName;
    private final InstantSource clock = InstantSource.system();
    private final RandomGenerator random = new SecureRandom();
    private final ClientSoftware software = new ClientSoftware("ottla", new Version().ottla());
    private final EventLoops loops;
    private final NetworkClient controllers;
    private final NetworkClient knocking;
    private final NetworkClient leaders;
    private final NetworkPeers peers;

    /** @param loopCount how many threads serve the network */
    ProcessHost(NodeSettings settings, int loopCount) {
        this.settings = settings;
        nodeName = Integer.toString(settings.config().nodeId());
        loops = new EventLoops(loopCount);
        controllers = new NetworkClient(loops, PeerLimits.DEFAULT);
        knocking = new NetworkClient(loops, PeerLimits.DEFAULT.withConnectTimeoutMs(KNOCK_LIMIT_MS));
        leaders = new NetworkClient(loops, settings.leaders());
        peers = new NetworkPeers(
                new NetworkClient(loops, settings.quorumPeers()),
                software,
                "raft-client-" + nodeName,
                settings.quorumPeers().requestTimeoutMs());
    }

    @Override
    public InstantSource clock() {
        return clock;
    }

    @Override
    public LongSupplier ticksMs() {
        return () -> System.nanoTime() / 1_000_000;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public Threads threads(String name, int count) {
        return new DiskThreads(name, count);
    }

    @Override
    public MachineDrive machine(String name) {
        return new MachineThread(name, clock::millis);
    }

    @Override
    public Loop loop() {
        return loops.next();
    }

    @Override
    public void aside(String name, Runnable task) {
        Thread.ofPlatform().name(name).start(task);
    }

    @Override
    public QuorumNode quorum(
            QuorumSettings quorum, LogShell disk, List<QuorumListener> listeners, Consumer<Throwable> fault) {
        return QuorumNode.start(quorum, disk, peers, ticksMs(), listeners, fault);
    }

    @Override
    public LeaderLink toController(Endpoint endpoint) {
        return new PeerLink(controllers, software, "broker-" + nodeName, endpoint);
    }

    @Override
    public LeaderLink toLeader(Endpoint endpoint, Loop loop) {
        return new PeerLink(leaders.on(loop, Payloads.RELEASED), software, "broker-" + nodeName + "-fetcher", endpoint);
    }

    @Override
    public CompletionStage<Knock> knock(Endpoint endpoint) {
        return knocking.connect(endpoint.host(), endpoint.port(), "").handle((connection, failure) -> {
            if (failure == null) {
                connection.close();
                return Knock.OPEN;
            }
            return failure instanceof PeerFailure peer && peer.reason() == PeerFailure.Reason.REFUSED
                    ? Knock.REFUSED
                    : Knock.NO_ANSWER;
        });
    }

    @Override
    public Doors doors() {
        NetworkServer server = new NetworkServer(loops, settings.network());
        return new Doors() {
            @Override
            public InetSocketAddress open(NetworkListener listener) throws IOException {
                return server.open(listener);
            }

            @Override
            public void limit(ConnectionLimits limits) {
                server.limitConnections(limits);
            }

            @Override
            public CompletionStage<Void> close(long graceMs) {
                return server.close(graceMs);
            }
        };
    }

    @Override
    public void close() {
        peers.close();
        loops.close();
    }
}
