package ottla.broker.api;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import ottla.base.ErrorCode;
import ottla.broker.config.CordonedDirectories;
import ottla.broker.config.NodeRules;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.wire.io.InboundRequest;

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
            byte resourceType, String resourceName, List<String> keys, UnaryOperator<Map<String, String>> change) {
        boolean isOfBroker() {
            return resourceType == ConfigResource.Type.BROKER.id();
        }
    }

    record Refusal(ErrorCode error, String reason) {}

    /** Empty if it is passed on. */
    Optional<Refusal> refusal(Change change, InboundRequest inbound);

    /**
     * A controller's listener. It does not know the directories of a broker, which has a say in what brings new ones among those
     * that are cordoned (KIP-1066): such a change is to come by way of that broker.
     */
    static ConfigIntake ofController(ClusterView cluster) {
        return (change, inbound) -> {
            if (!change.isOfBroker() || inbound instanceof CarriedRequest) {
                return Optional.empty();
            }
            Map<String, String> set =
                    cluster.image().config(new ConfigResource(ConfigResource.Type.BROKER, change.resourceName));
            return CordonedDirectories.added(set, change.change.apply(set)).isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Refusal(
                            ErrorCode.INVALID_CONFIG,
                            "When updating cordoned.log.dirs via controllers,  the new value must be a subset of the"
                                    + " current configuration value."));
        };
    }

    static ConfigIntake ofBroker(ClusterView cluster, NodeRules rules) {
        return (change, inbound) ->
                reasonRefused(cluster, rules, change).map(reason -> new Refusal(ErrorCode.INVALID_REQUEST, reason));
    }

    private static Optional<String> reasonRefused(ClusterView cluster, NodeRules rules, Change change) {
        return repeated(change).or(() -> {
            if (!change.isOfBroker()) {
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
