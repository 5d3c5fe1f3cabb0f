package ottla.broker.io;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.controller.image.ClusterImage;
import ottla.log.io.DiskFailure;
import ottla.log.io.FaultyDisk;
import ottla.log.io.LogDirectory;
import ottla.replication.io.QuorumFormat;
import ottla.replication.io.Replica;
import ottla.replication.quorum.Endpoint;

/** A node of a simulated cluster: a disk that outlives its processes, and the process that runs now, if any. */
final class SimulatedNode {
    static final String CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg";
    private static final int CLIENT_PORTS = 9000;
    private static final int CONTROLLER_PORTS = 9100;

    private final int id;
    private final NodeConfig config;
    private final NodeSettings settings;
    private final SimulatedTime time;
    private final SimulatedClock clock;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final IntConsumer touched;
    private FaultyDisk disk;
    private @Nullable SimulatedHost host;
    private @Nullable Node node;
    private boolean serving;

    /** @param touched told after each event of the node */
    SimulatedNode(
            NodeConfig config,
            SimulatedTime time,
            SimulatedClock clock,
            SimulatedNetwork network,
            SplittableRandom random,
            IntConsumer touched) {
        this.id = config.nodeId();
        this.config = config;
        this.settings = new NodeSettings(config);
        this.time = time;
        this.clock = clock;
        this.network = network;
        this.random = random;
        this.touched = touched;
        disk = formatted();
    }

    private FaultyDisk formatted() {
        FaultyDisk fresh =
                new FaultyDisk(random.nextLong(), config.logDirs().getFirst().toString());
        fresh.createDirectory("");
        Uuid directory = new Uuid(0x1234_5678_9abc_4de0L + id, 0x8000_0000_0000_0000L + id);
        QuorumFormat.format(
                fresh,
                new QuorumFormat.Plan(CLUSTER, id, directory, Formatting.features(), Optional.empty()),
                clock.millis());
        return fresh;
    }

    /** The configuration of a node that is broker and controller, as are the first of the cluster, or broker only. */
    static NodeConfig config(int id, int controllers, Map<String, String> more) {
        Map<String, String> properties = new LinkedHashMap<>();
        boolean both = id <= controllers;
        String clients = "PLAINTEXT://n" + id + ":" + (CLIENT_PORTS + id);
        properties.put("process.roles", both ? "broker,controller" : "broker");
        properties.put("node.id", Integer.toString(id));
        properties.put("listeners", both ? clients + ",CONTROLLER://n" + id + ":" + (CONTROLLER_PORTS + id) : clients);
        properties.put("controller.listener.names", "CONTROLLER");
        StringBuilder voters = new StringBuilder();
        for (int voter = 1; voter <= controllers; voter++) {
            voters.append(voter > 1 ? "," : "").append(voter + "@n" + voter + ":" + (CONTROLLER_PORTS + voter));
        }
        properties.put("controller.quorum.voters", voters.toString());
        properties.put("log.dirs", "/n" + id);
        // threads that the simulation has no hold of
        properties.put("log.cleaner.enable", "false");
        properties.put("num.recovery.threads.per.data.dir", "1");
        properties.putAll(more);
        return switch (NodeConfig.parse(properties)) {
            case NodeConfig.Parsed.Accepted(NodeConfig accepted, List<String> warnings) -> accepted;
            case NodeConfig.Parsed.Refused(List<String> problems) -> throw new AssertionError(problems);
        };
    }

    /** Where clients find the broker of a node. */
    static Endpoint address(int id) {
        return new Endpoint("n" + id, CLIENT_PORTS + id);
    }

    int id() {
        return id;
    }

    boolean isUp() {
        SimulatedHost process = host;
        return process != null && process.isAlive();
    }

    /** Whether clients are let in. */
    boolean isServing() {
        return isUp() && serving;
    }

    /** Starts a process. */
    void start() {
        SimulatedHost process =
                new SimulatedHost(id, time, clock, network, random.split(), () -> ended(this.host), touched);
        Node started = new Node(config, settings, process);
        host = process;
        node = started;
        serving = false;
        process.after(0, () -> {
            try {
                LogDirectory directory = LogDirectory.open(disk);
                Directories directories = new Directories(CLUSTER, List.of(directory), directory, List.of());
                started.join(directories)
                        .whenComplete((joined, failure) -> process.after(0, () -> {
                            if (failure != null) {
                                // a process that cannot start ends
                                ended(process);
                                return;
                            }
                            serve(started);
                        }));
            } catch (RefusedStart | DiskFailure refused) {
                ended(process);
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
    }

    private void serve(Node started) {
        try {
            started.serve();
            serving = true;
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private void ended(@Nullable SimulatedHost process) {
        if (process != null && process == host) {
            kill();
        }
    }

    /** The process is gone from one moment to the next; what it wrote is still in the memory of its machine. */
    void kill() {
        SimulatedHost process = host;
        if (process != null) {
            process.kill();
            disk.releaseLocks();
            host = null;
            node = null;
            serving = false;
        }
    }

    /** The machine is gone, and with it what no disk has. */
    void losePower() {
        kill();
        disk.crash();
    }

    /** The machine is gone, and comes back with a disk of the same name that has nothing on it. */
    void loseDisk() {
        kill();
        disk = formatted();
    }

    /** Stops in order: hands over first. */
    void stop() {
        Node leaving = node;
        SimulatedHost process = host;
        if (leaving == null || process == null || !serving) {
            return;
        }
        leaving.leave()
                .whenComplete((gone, failure) -> process.after(0, () -> {
                    leaving.close();
                    ended(process);
                }));
    }

    void halt() {
        SimulatedHost process = host;
        if (process != null) {
            process.halt();
        }
    }

    void resume() {
        SimulatedHost process = host;
        if (process != null) {
            process.resume();
        }
    }

    /** Somebody sets its time of day. */
    void setClock() {
        clock.set(random);
    }

    /** The cluster as this node's broker shows it. */
    Optional<ClusterImage> image() {
        Node running = node;
        return running == null || !serving ? Optional.empty() : running.shown();
    }

    /** The partitions that are here. */
    List<Replica> replicas() {
        Node running = node;
        return running == null ? List.of() : running.replicas();
    }

    /** Nothing more can be written, but what has room already. */
    void fillDisk() {
        disk.limit(disk.totalBytes() - disk.usableBytes());
    }

    void emptyDisk() {
        disk.limit(Long.MAX_VALUE);
    }
}
