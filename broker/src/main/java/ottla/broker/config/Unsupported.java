package ottla.broker.config;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** What Kafka can be configured to do and this version cannot: refused at start, never ignored. */
final class Unsupported {
    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("authorizer.class.name", "authorization"),
            Map.entry("create.topic.policy.class.name", "policies in Java classes"),
            Map.entry("alter.config.policy.class.name", "policies in Java classes"),
            Map.entry("client.quota.callback.class", "quota callbacks in Java classes"),
            Map.entry("config.providers", "configuration providers"),
            Map.entry("remote.log.storage.system.enable", "tiered storage"),
            Map.entry("delegation.token.secret.key", "delegation tokens"),
            Map.entry("early.start.listeners", "listeners that start early"),
            Map.entry("max.connection.creation.rate", "a limit on the rate of new connections"));

    private static final String REPLICA_SELECTOR = "replica.selector.class";
    private static final String RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

    /** Limits that Kafka has for each listener as well as for all together. */
    private static final Set<String> LISTENER_LIMITS = Set.of("max.connections", "max.connection.creation.rate");

    private Unsupported() {}

    static void check(Values values, List<String> problems) {
        KEYS.forEach((key, what) -> {
            ConfigKey known = ConfigTable.BROKER.get(key);
            String value = values.find(key).orElse("");
            if (values.isSet(key) && !value.equals(known.standard().orElse(""))) {
                problems.add(key + " is set to " + (known.isSensitive() ? "[hidden]" : value)
                        + ", but this version of Ottla does not have " + what + "; remove the key to start.");
            }
        });
        checkClasses(values, problems);
        checkReplicaSelector(values, problems);
        checkListenerLimits(values, problems);
    }

    private static void checkClasses(Values values, List<String> problems) {
        for (ConfigKey key : ConfigTable.BROKER.all()) {
            boolean named = !KEYS.containsKey(key.name()) && key.type() == ConfigType.CLASS && values.isSet(key.name());
            if (named && !values.find(key.name()).equals(key.standard())) {
                problems.add(key.name() + " is set to " + values.text(key.name())
                        + ", but this version of Ottla does not load Java classes; remove the key to start.");
            }
        }
    }

    /** The only one that comes with Kafka is built in. */
    private static void checkReplicaSelector(Values values, List<String> problems) {
        values.find(REPLICA_SELECTOR)
                .filter(name -> !name.equals(RACK_AWARE))
                .ifPresent(name -> problems.add(REPLICA_SELECTOR + " is set to " + name
                        + ", but this version of Ottla does not load Java classes and has only " + RACK_AWARE
                        + " built in; name that one, or remove the key to start."));
    }

    private static void checkListenerLimits(Values values, List<String> problems) {
        values.set().forEach((key, value) -> {
            if (Listeners.isListenerSetting(key)
                    && LISTENER_LIMITS.stream().anyMatch(limit -> key.endsWith("." + limit))) {
                problems.add(
                        key + " is set to " + value
                                + ", but this version of Ottla does not have limits for a single listener; remove the key to start.");
            }
        });
    }
}
