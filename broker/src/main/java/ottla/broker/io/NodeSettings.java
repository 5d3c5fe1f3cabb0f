package ottla.broker.io;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.image.FeatureLevels;
import ottla.controller.io.ControllerNode;
import ottla.controller.quota.QuotaWindow;
import ottla.coordinator.group.GroupConfig;
import ottla.log.LogConfig;
import ottla.log.io.LogCleaner;
import ottla.log.io.LogStore;
import ottla.replication.io.Fetchers;
import ottla.replication.io.QuorumSettings;
import ottla.replication.partition.ByteQuota;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.ReplicaKey;
import ottla.replication.quorum.Timeouts;
import ottla.replication.quorum.Voter;
import ottla.replication.quorum.VoterSet;
import ottla.wire.io.ConnectionLimits;
import ottla.wire.io.NetworkLimits;
import ottla.wire.io.PeerLimits;

/** Hands each part of the node the settings that it knows, out of the node's configuration. */
record NodeSettings(NodeConfig config) {
    /**
     * The newest bytes of all logs, for readers at their ends: an eighth of a small machine's heap, and enough for tens of
     * partitions under full load.
     */
    private static final long TAIL_CACHE_BYTES = 64L << 20;

    /** Buffers for reads from disk: sixteen fetches of a megabyte on each of two threads. */
    private static final long READ_BUFFER_BYTES = 32L << 20;

    NetworkLimits network() {
        Values values = config.values();
        NetworkLimits limits = NetworkLimits.DEFAULT;
        return new NetworkLimits(
                values.number("socket.request.max.bytes"),
                values.longNumber("connections.max.idle.ms") < 0
                        ? Long.MAX_VALUE
                        : values.longNumber("connections.max.idle.ms"),
                connections(values),
                values.number("socket.send.buffer.bytes"),
                values.number("socket.receive.buffer.bytes"),
                values.number("socket.listen.backlog.size"),
                limits.inFlightRequests(),
                limits.inFlightBytes(),
                values.longNumber("queued.max.request.bytes") > 0
                        ? values.longNumber("queued.max.request.bytes")
                        : limits.totalInFlightBytes(),
                limits.outboundBytes());
    }

    static ConnectionLimits connections(Values values) {
        return new ConnectionLimits(
                values.number("max.connections"),
                values.number("max.connections.per.ip"),
                perIp(values.list("max.connections.per.ip.overrides")));
    }

    private static Map<InetAddress, Integer> perIp(List<String> overrides) {
        Map<InetAddress, Integer> limits = new HashMap<>();
        for (String override : overrides) {
            int colon = override.lastIndexOf(':');
            try {
                limits.put(
                        InetAddress.getByName(override.substring(0, Math.max(colon, 0))),
                        Integer.parseInt(override.substring(colon + 1).trim()));
            } catch (UnknownHostException | NumberFormatException e) {
                throw new RefusedStart("Invalid value " + override
                        + " for configuration max.connections.per.ip.overrides: each entry is host:number.");
            }
        }
        return limits;
    }

    LogStore.Limits logs() {
        return new LogStore.Limits(
                OpenFileLimit.ofLogs(),
                TAIL_CACHE_BYTES,
                READ_BUFFER_BYTES,
                config.values().number("producer.id.expiration.ms"));
    }

    LogCleaner.Settings cleaner() {
        Values values = config.values();
        LogCleaner.Settings cleaner = new LogCleaner.Settings(
                values.number("log.cleaner.threads"),
                values.longNumber("log.cleaner.dedupe.buffer.size"),
                values.decimal("log.cleaner.io.buffer.load.factor"),
                values.number("log.cleaner.io.buffer.size"),
                values.decimal("log.cleaner.io.max.bytes.per.second"),
                values.longNumber("log.cleaner.backoff.ms"));
        if (!cleaner.holdsAnyKey()) {
            throw new RefusedStart("log.cleaner.dedupe.buffer.size is " + cleaner.keyBytes()
                    + ", which for each of log.cleaner.threads (" + cleaner.threads()
                    + ") is too small to hold a single key.");
        }
        return cleaner;
    }

    /** How many logs may be copied to other directories at a time: as many as there are directories, unless it is said. */
    int moverCount(Directories directories) {
        return config.values()
                .find("num.replica.alter.log.dirs.threads")
                .map(Integer::parseInt)
                .filter(count -> count > 0)
                .orElse(directories.directories().size());
    }

    Fetchers.Settings fetchers() {
        Values values = config.values();
        return new Fetchers.Settings(
                values.number("num.replica.fetchers"),
                values.number("replica.fetch.wait.max.ms"),
                values.number("replica.fetch.min.bytes"),
                values.number("replica.fetch.max.bytes"),
                values.number("replica.fetch.response.max.bytes"),
                values.number("replica.fetch.backoff.ms"),
                values.number("replica.socket.timeout.ms"));
    }

    /** Over which time throttled replication keeps to its limits. */
    ByteQuota.Window replicationWindow() {
        Values values = config.values();
        return new ByteQuota.Window(
                values.number("replication.quota.window.num"),
                TimeUnit.SECONDS.toMillis(values.number("replication.quota.window.size.seconds")));
    }

    /** How a follower is connected with its leaders. */
    PeerLimits leaders() {
        Values values = config.values();
        PeerLimits limits = PeerLimits.DEFAULT;
        return new PeerLimits(
                limits.connectTimeoutMs(),
                values.number("replica.socket.timeout.ms"),
                limits.inFlightRequests(),
                limits.responseMaxBytes(),
                limits.sendBufferBytes(),
                values.number("replica.socket.receive.buffer.bytes"));
    }

    GroupConfig groups() {
        Values values = config.values();
        return new GroupConfig(
                values.number("group.min.session.timeout.ms"),
                values.number("group.max.session.timeout.ms"),
                values.number("group.max.size"),
                values.number("group.initial.rebalance.delay.ms"),
                values.number("offset.metadata.max.bytes"),
                values.number("offsets.retention.minutes") * 60_000L,
                values.longNumber("offsets.retention.check.interval.ms"),
                values.number("offsets.commit.timeout.ms"),
                values.number("offsets.topic.num.partitions"));
    }

    ControllerSettings controller(String clusterId) {
        Values values = config.values();
        return new ControllerSettings(
                clusterId,
                config.nodeId(),
                config.isBroker() ? OptionalInt.of(config.nodeId()) : OptionalInt.empty(),
                values.number("num.partitions"),
                values.number("default.replication.factor"),
                values.number("min.insync.replicas"),
                values.number("broker.session.timeout.ms"),
                values.flag("delete.topic.enable")
                        ? ControllerSettings.TopicDeletion.ALLOWED
                        : ControllerSettings.TopicDeletion.DISABLED,
                values.flag("unclean.leader.election.enable")
                        ? ControllerSettings.UncleanElection.ALLOWED
                        : ControllerSettings.UncleanElection.FORBIDDEN,
                new QuotaWindow(
                        values.number("controller.quota.window.num"),
                        values.number("controller.quota.window.size.seconds")),
                featureLevels(values));
    }

    static FeatureLevels featureLevels(Values values) {
        return values.flag("unstable.feature.versions.enable") ? FeatureLevels.UNSTABLE_TOO : FeatureLevels.STABLE;
    }

    ControllerNode.Timing controllerTiming() {
        Values values = config.values();
        return new ControllerNode.Timing(
                Duration.ofMillis(values.number("metadata.max.idle.interval.ms")),
                values.longNumber("metadata.log.max.record.bytes.between.snapshots"),
                Duration.ofMillis(values.longNumber("metadata.log.max.snapshot.interval.ms")),
                values.flag("auto.leader.rebalance.enable")
                        ? Duration.ofSeconds(values.longNumber("leader.imbalance.check.interval.seconds"))
                        : Duration.ZERO,
                Duration.ofMillis(values.longNumber("unclean.leader.election.interval.ms")));
    }

    QuorumSettings quorum(String clusterId, Uuid directoryId) {
        Values values = config.values();
        String listener = config.controllerListeners().getFirst();
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        config.advertisedControllers()
                .forEach(told -> endpoints.put(told.name(), new Endpoint(reachable(told.host()), told.port())));
        List<Voter> voters = new ArrayList<>();
        config.voters()
                .forEach(voter -> voters.add(new Voter(
                        ReplicaKey.ofUnknownDirectory(voter.nodeId()),
                        Map.of(listener, new Endpoint(voter.host(), voter.port())),
                        // what it supports it says itself (KIP-853)
                        0,
                        0)));
        Map<String, String> log = new HashMap<>();
        log.put("segment.bytes", values.text("metadata.log.segment.bytes"));
        // what Kafka's own tests ask for
        values.find("internal.metadata.log.segment.bytes").ifPresent(bytes -> log.put("internal.segment.bytes", bytes));
        log.put("segment.ms", values.text("metadata.log.segment.ms"));
        return new QuorumSettings(
                clusterId,
                new QuorumMembership(
                        new ReplicaKey(config.nodeId(), directoryId),
                        endpoints,
                        listener,
                        bootstrap(endpoints),
                        config.roles().contains(NodeConfig.Role.CONTROLLER)
                                        && values.flag("controller.quorum.auto.join.enable")
                                ? QuorumMembership.Joining.BY_ITSELF
                                : QuorumMembership.Joining.BY_REQUEST),
                VoterSet.of(voters),
                new Timeouts(
                        values.number("controller.quorum.election.timeout.ms"),
                        values.number("controller.quorum.election.backoff.max.ms"),
                        values.number("controller.quorum.fetch.timeout.ms"),
                        values.number("controller.quorum.request.timeout.ms"),
                        values.number("controller.quorum.retry.backoff.ms")),
                metadataLog(log),
                new MetadataRetention(
                        values.longNumber("metadata.max.retention.bytes"),
                        values.longNumber("metadata.max.retention.ms")));
    }

    /** Whom to ask for the leader: the servers that are named, else the voters; not this node itself. */
    private List<Endpoint> bootstrap(Map<String, Endpoint> own) {
        List<Endpoint> servers = new ArrayList<>();
        config.quorumBootstrap().forEach(server -> servers.add(new Endpoint(server.host(), server.port())));
        if (servers.isEmpty()) {
            config.voters().stream()
                    .filter(voter -> voter.nodeId() != config.nodeId())
                    .forEach(voter -> servers.add(new Endpoint(voter.host(), voter.port())));
        }
        servers.removeAll(own.values());
        return servers;
    }

    /** Between nodes of the quorum nothing is waited for longer than {@code controller.quorum.request.timeout.ms}. */
    PeerLimits quorumPeers() {
        int timeoutMs = Math.max(1, config.values().number("controller.quorum.request.timeout.ms"));
        return PeerLimits.DEFAULT.withConnectTimeoutMs(timeoutMs).withRequestTimeoutMs(timeoutMs);
    }

    private static LogConfig metadataLog(Map<String, String> settings) {
        return switch (LogConfig.of(settings)) {
            case LogConfig.Parsed.Accepted(LogConfig log) -> log;
            case LogConfig.Parsed.Refused(String name, String value, String reason) ->
                throw new RefusedStart(
                        "Invalid value " + value + " for configuration metadata.log." + name + ": " + reason);
        };
    }

    /** What others are told to connect to where this node binds every interface. */
    static String reachable(String host) {
        if (!host.isEmpty() && !host.equals("0.0.0.0")) {
            return host;
        }
        try {
            return InetAddress.getLocalHost().getCanonicalHostName();
        } catch (UnknownHostException e) {
            return InetAddress.getLoopbackAddress().getHostName();
        }
    }
}
