package ottla.compat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One combined node (controller and broker) in a process of its own, on a directory that the stock tool formatted. It can be
 * stopped, killed and started again on the same directory and ports. {@link #close} ends it and deletes the directory; its log
 * stays in {@code target/compat}. Owned by one test.
 */
public final class BrokerProcess implements AutoCloseable {
    /** Where processes keep their files: directories while they run, logs and archives of classes for longer. */
    static final Path WORK = Path.of(System.getProperty("basedir", ""), "target", "compat");

    public static final String CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";

    private final NodeProcess node;
    private final int port = Ports.free();
    private final int controllerPort = Ports.free();

    private BrokerProcess(BrokerKind kind, String name, Map<String, String> settings, List<String> shell) {
        node = new NodeProcess(kind, name, shell, port, RawConnection::isUsable);
        Map<String, String> all = defaults();
        all.putAll(settings);
        all.values().removeIf(String::isEmpty);
        all.replaceAll((key, value) -> withPorts(value));
        node.configure(all);
        node.format(
                CLUSTER_ID,
                all.containsKey("controller.quorum.voters") ? new String[0] : new String[] {"--standalone"});
        node.launch();
    }

    /**
     * Starts a node and returns when it answers. The settings are laid over those of a one-node cluster; {@code $PORT} and
     * {@code $CONTROLLER_PORT} in them stand for the ports that were found free; an empty value leaves out a setting. Without
     * {@code controller.quorum.voters} the directory is formatted for a quorum that keeps its voters itself (KIP-853).
     */
    public static BrokerProcess start(BrokerKind kind, String name, Map<String, String> settings) {
        return start(kind, name, settings, List.of());
    }

    /** As the other, after a command of the shell such as {@code ulimit}, in the same process. */
    public static BrokerProcess startAfter(
            String shellCommand, BrokerKind kind, String name, Map<String, String> settings) {
        return start(kind, name, settings, List.of("sh", "-c", shellCommand + " && exec \"$@\"", "sh"));
    }

    private static BrokerProcess start(BrokerKind kind, String name, Map<String, String> settings, List<String> shell) {
        BrokerProcess broker = new BrokerProcess(kind, name, settings, shell);
        broker.node.awaitReady();
        return broker;
    }

    public BrokerKind kind() {
        return node.kind();
    }

    public String bootstrap() {
        return "127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    public int controllerPort() {
        return controllerPort;
    }

    public long pid() {
        return node.pid();
    }

    public String clusterId() {
        return CLUSTER_ID;
    }

    /** The file that the node was started with. */
    public Path properties() {
        return node.properties();
    }

    public Path dataDirectory() {
        return node.dataDirectory();
    }

    public Path log() {
        return node.log();
    }

    /** SIGTERM: a clean stop. Returns the exit status. */
    public int terminate() {
        return node.terminate();
    }

    /** SIGKILL: what was not written is lost. */
    public void kill() {
        node.kill();
    }

    /** From the next start on, the node is one that others learn from. */
    void train() {
        node.train();
    }

    /** Hands the directory to a broker of this kind. */
    public void restartAs(BrokerKind next) {
        node.become(next);
        restart();
    }

    /** Starts again on the same directory and ports and returns when it answers. */
    public void restart() {
        node.launch();
        node.awaitReady();
    }

    @Override
    public void close() {
        node.close();
    }

    @Override
    public String toString() {
        return kind().name();
    }

    private String withPorts(String value) {
        return value.replace("$PORT", String.valueOf(port)).replace("$CONTROLLER_PORT", String.valueOf(controllerPort));
    }

    private Map<String, String> defaults() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", "1");
        settings.put("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
        settings.put("listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
        settings.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
        settings.put("log.dirs", dataDirectory().toString());
        settings.put("offsets.topic.replication.factor", "1");
        settings.put("offsets.topic.num.partitions", "4");
        settings.put("transaction.state.log.replication.factor", "1");
        settings.put("transaction.state.log.min.isr", "1");
        settings.put("share.coordinator.state.topic.replication.factor", "1");
        settings.put("share.coordinator.state.topic.min.isr", "1");
        settings.put("group.initial.rebalance.delay.ms", "0");
        return settings;
    }
}
