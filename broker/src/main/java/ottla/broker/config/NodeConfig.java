package ottla.broker.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one node is told by its configuration file and overrides: parsed and checked once, at start.
 *
 * @param listeners every address that this node binds
 * @param advertised the addresses that clients and brokers are told; none for a pure controller
 * @param advertisedControllers the addresses that the other nodes are told of this controller; none for a pure broker
 * @param controllerListeners the names of the listeners over which controllers are reached, the first one by other nodes
 * @param quorumBootstrap whom to ask for the leader of the quorum when nothing is known of it
 * @param metadataLogDir where {@code __cluster_metadata-0} lies, one of {@code logDirs}
 */
public record NodeConfig(
        int nodeId,
        Set<Role> roles,
        List<Listener> listeners,
        List<Listener> advertised,
        List<Listener> advertisedControllers,
        String interBrokerListener,
        List<String> controllerListeners,
        List<Voter> voters,
        List<Listener> quorumBootstrap,
        List<Path> logDirs,
        Path metadataLogDir,
        Values values) {

    /** What a node does in its cluster. */
    public enum Role {
        BROKER,
        CONTROLLER
    }

    /** How the parsing of a configuration ended. */
    public sealed interface Parsed {
        /** A node can be started; the warnings name what has no effect. */
        record Accepted(NodeConfig config, List<String> warnings) implements Parsed {}

        /** Every sentence names a key, its value and what is allowed. */
        record Refused(List<String> problems) implements Parsed {}
    }

    /** The configuration of a node that was started without a file: broker and controller in one, data under {@code ./data}. */
    public static Map<String, String> standalone() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("process.roles", "broker,controller");
        properties.put("node.id", "1");
        properties.put("listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093");
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("controller.quorum.voters", "1@localhost:9093");
        properties.put("log.dirs", "data");
        properties.put("offsets.topic.replication.factor", "1");
        properties.put("transaction.state.log.replication.factor", "1");
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.replication.factor", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        return properties;
    }

    public static Parsed parse(Map<String, String> properties) {
        List<String> warnings = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        properties.forEach((name, value) -> ConfigTable.BROKER
                .find(name)
                .ifPresentOrElse(key -> key.problem(value).ifPresent(problems::add), () -> {
                    if (!Listeners.isListenerSetting(name)) {
                        warnings.add("The key " + name + " is not known; it has no effect.");
                    }
                }));
        if (!problems.isEmpty()) {
            return new Parsed.Refused(problems);
        }
        return new NodeConfigParser(new Values(ConfigTable.BROKER, withBothIds(properties)), warnings).parse();
    }

    /** {@code broker.id} is the older name of {@code node.id}: whoever sets one has set both. */
    private static Map<String, String> withBothIds(Map<String, String> properties) {
        Map<String, String> both = new LinkedHashMap<>(properties);
        String nodeId = properties.get("node.id");
        String brokerId = properties.get("broker.id");
        if (brokerId == null && nodeId != null) {
            both.put("broker.id", nodeId);
        } else if (nodeId == null && brokerId != null) {
            both.put("node.id", brokerId);
        }
        return both;
    }

    public boolean isBroker() {
        return roles.contains(Role.BROKER);
    }

    public boolean isController() {
        return roles.contains(Role.CONTROLLER);
    }
}
