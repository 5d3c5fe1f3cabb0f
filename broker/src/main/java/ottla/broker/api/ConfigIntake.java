package ottla.broker.api;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ottla.controller.image.ConfigResource;

/**
 * Which changes of configuration a listener passes on to the controller. A broker takes those of its own configuration and of all
 * brokers' (KIP-226), not those of another broker, and wants each key once.
 */
public interface ConfigIntake {
    /** Empty if it is passed on. */
    Optional<String> reasonRefused(byte resourceType, String resourceName, List<String> keys);

    /** A controller's own listener. */
    static ConfigIntake everything() {
        return (resourceType, resourceName, keys) -> Optional.empty();
    }

    static ConfigIntake ofBroker(int nodeId) {
        return (resourceType, resourceName, keys) -> {
            boolean named = resourceType == ConfigResource.Type.BROKER.id() && !resourceName.isEmpty();
            return repeated(keys)
                    .map(key -> "The key '" + key + "' is named twice for '" + resourceName + "'.")
                    .or(() -> named && !isNumber(resourceName, nodeId)
                            ? Optional.of("This is broker " + nodeId + ": it changes its own configuration, or with an"
                                    + " empty name that of all brokers, and not that of '" + resourceName + "'.")
                            : Optional.empty());
        };
    }

    private static Optional<String> repeated(List<String> keys) {
        Set<String> seen = new HashSet<>();
        return keys.stream().filter(key -> !seen.add(key)).findFirst();
    }

    private static boolean isNumber(String name, int nodeId) {
        try {
            return Integer.parseInt(name) == nodeId;
        } catch (NumberFormatException notANumber) {
            return false;
        }
    }
}
