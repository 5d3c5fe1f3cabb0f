package ottla.broker.api;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import ottla.broker.config.NodeRules;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;

/**
 * Which changes of configuration a listener passes on to the controller. A broker takes those of its own configuration and of all
 * brokers' (KIP-226) with which it could run, not those of another broker, and wants each key once.
 */
public interface ConfigIntake {
    /**
     * What somebody asks for.
     *
     * @param resourceType as it stands in the request, known or not
     * @param change from what is set for the resource to what would be
     */
    record Change(
            byte resourceType, String resourceName, List<String> keys, UnaryOperator<Map<String, String>> change) {}

    /** Empty if it is passed on. */
    Optional<String> reasonRefused(Change change);

    /** A controller's own listener. */
    static ConfigIntake everything() {
        return change -> Optional.empty();
    }

    static ConfigIntake ofBroker(ClusterView cluster, NodeRules rules) {
        return change -> repeated(change).or(() -> {
            if (change.resourceType != ConfigResource.Type.BROKER.id()) {
                return Optional.empty();
            }
            ClusterImage image = cluster.image();
            Map<String, String> all = image.config(ConfigResource.defaultBroker());
            Map<String, String> own = image.config(ConfigResource.broker(cluster.nodeId()));
            if (change.resourceName.isEmpty()) {
                return rules.problem(change.change.apply(all), own);
            }
            return isNumber(change.resourceName, cluster.nodeId())
                    ? rules.problem(all, change.change.apply(own))
                    : Optional.of("This is broker " + cluster.nodeId()
                            + ": it changes its own configuration, or with an"
                            + " empty name that of all brokers, and not that of '" + change.resourceName + "'.");
        });
    }

    private static Optional<String> repeated(Change change) {
        Set<String> seen = new HashSet<>();
        return change.keys.stream()
                .filter(key -> !seen.add(key))
                .findFirst()
                .map(key -> "The key '" + key + "' is named twice for '" + change.resourceName + "'.");
    }

    private static boolean isNumber(String name, int nodeId) {
        try {
            return Integer.parseInt(name) == nodeId;
        } catch (NumberFormatException notANumber) {
            return false;
        }
    }
}
