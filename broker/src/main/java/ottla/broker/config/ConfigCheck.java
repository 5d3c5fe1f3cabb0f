package ottla.broker.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import ottla.base.ErrorCode;
import ottla.broker.config.ConfigKey.Change;
import ottla.broker.config.LayeredConfig.Setting;
import ottla.controller.decide.ConfigRules;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.log.LogConfig;

/** What the controller asks about configuration keys, answered from the tables and by the parts that obey the keys. */
public final class ConfigCheck implements ConfigRules {
    /** By what a subscription to client metrics may choose its clients (KIP-714). */
    private static final Set<String> CLIENT_MATCHES = Set.of(
            "client_id",
            "client_instance_id",
            "client_software_name",
            "client_software_version",
            "client_source_address",
            "client_source_port");

    private static final int METRICS_INTERVAL_MIN_MS = 100;
    private static final int METRICS_INTERVAL_MAX_MS = 3_600_000;

    /** A limit that Kafka changes while it runs, and that is refused at start, too. */
    private static final String CREATION_RATE = "max.connection.creation.rate";

    /** What a running broker changes for one listener at a time. */
    private static final Set<String> OF_ONE_LISTENER = Set.of(
            "ssl.key.password",
            "ssl.keystore.certificate.chain",
            "ssl.keystore.key",
            "ssl.keystore.location",
            "ssl.keystore.password",
            "ssl.keystore.type",
            "ssl.truststore.certificates",
            "ssl.truststore.location",
            "ssl.truststore.password",
            "ssl.truststore.type");

    private final Values file;

    public ConfigCheck(Values file) {
        this.file = file;
    }

    @Override
    public Optional<String> reasonInvalid(ConfigResource resource, SortedMap<String, String> overrides) {
        return switch (resource.type()) {
            case TOPIC -> topic(overrides);
            case BROKER -> broker(resource, overrides);
            case GROUP -> known(ConfigTable.GROUP, overrides).or(() -> GroupRules.problem(file, overrides));
            case CLIENT_METRICS -> clientMetrics(overrides).map(Fault::reason);
            case BROKER_LOGGER -> Optional.of("Log levels cannot be changed through this version of Ottla.");
        };
    }

    @Override
    public ErrorCode codeOfInvalid(ConfigResource resource, SortedMap<String, String> overrides) {
        return resource.type() == ConfigResource.Type.CLIENT_METRICS
                ? clientMetrics(overrides).map(Fault::error).orElse(ErrorCode.NONE)
                : ConfigRules.super.codeOfInvalid(resource, overrides);
    }

    @Override
    public boolean isList(ConfigResource.Type type, String key) {
        return table(type)
                .flatMap(table -> table.find(key))
                .filter(found -> found.type() == ConfigType.LIST)
                .isPresent();
    }

    @Override
    public Optional<String> defaultValue(ConfigResource.Type type, String key) {
        return table(type).flatMap(table -> table.find(key)).flatMap(ConfigKey::standard);
    }

    @Override
    public List<ConfigRules.EffectiveConfig> effective(ClusterImage image, SortedMap<String, String> topicOverrides) {
        LayeredConfig all = new LayeredConfig(file, Map.of(), image.config(ConfigResource.defaultBroker()));
        List<ConfigRules.EffectiveConfig> effective = new ArrayList<>();
        for (ConfigKey key : ConfigTable.TOPIC.all()) {
            // what is not for users is shown to the one who set it
            if (key.visibility() == ConfigKey.Visibility.PUBLIC || topicOverrides.containsKey(key.name())) {
                List<Setting> settings = all.topicSettings(key, topicOverrides);
                byte source = settings.isEmpty()
                        ? ConfigSource.STANDARD.id()
                        : settings.getFirst().source().id();
                String value = all.topicValue(key, topicOverrides).orElse(null);
                effective.add(new ConfigRules.EffectiveConfig(key.name(), value, source, false, false));
            }
        }
        return effective;
    }

    private static Optional<String> topic(SortedMap<String, String> overrides) {
        Optional<String> problem = known(ConfigTable.TOPIC, overrides);
        if (problem.isPresent()) {
            return problem;
        }
        return switch (LogConfig.of(overrides)) {
            case LogConfig.Parsed.Refused(String name, String value, String reason) ->
                Optional.of("Invalid value " + value + " for configuration " + name + ": " + reason);
            case LogConfig.Parsed.Accepted(LogConfig ignored) -> Optional.empty();
        };
    }

    /** Why the values of a subscription to client metrics cannot stand, and with which error Kafka says so. */
    private record Fault(ErrorCode error, String reason) {}

    private static Optional<Fault> clientMetrics(SortedMap<String, String> overrides) {
        for (String key : overrides.keySet()) {
            if (ConfigTable.CLIENT_METRICS.find(key).isEmpty()) {
                return Optional.of(
                        new Fault(ErrorCode.INVALID_REQUEST, "Unknown client metrics configuration: " + key));
            }
        }
        String interval = overrides.get("interval.ms");
        if (interval != null) {
            Optional<String> notANumber = ConfigType.INT.problem(interval.trim());
            if (notANumber.isPresent()) {
                return Optional.of(new Fault(
                        ErrorCode.INVALID_CONFIG,
                        "Invalid value " + interval + " for configuration interval.ms: " + notANumber.get()));
            }
            int intervalMs = Integer.parseInt(interval.trim());
            if (intervalMs < METRICS_INTERVAL_MIN_MS || intervalMs > METRICS_INTERVAL_MAX_MS) {
                return Optional.of(new Fault(
                        ErrorCode.INVALID_REQUEST,
                        "Invalid value " + interval + " for interval.ms, interval must be between "
                                + METRICS_INTERVAL_MIN_MS + " and " + METRICS_INTERVAL_MAX_MS + " (1 hour)"));
            }
        }
        return Values.split(overrides.getOrDefault("match", "")).stream()
                .filter(pattern -> !isMatch(pattern))
                .findFirst()
                .map(pattern -> new Fault(ErrorCode.INVALID_CONFIG, "Illegal client matching pattern: " + pattern));
    }

    /** Whether this is one of the properties of a client, with a pattern for it. */
    private static boolean isMatch(String text) {
        int equals = text.indexOf('=');
        if (equals <= 0 || !CLIENT_MATCHES.contains(text.substring(0, equals).trim())) {
            return false;
        }
        try {
            return !Pattern.compile(text.substring(equals + 1).trim()).pattern().isEmpty();
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    private static Optional<String> broker(ConfigResource resource, SortedMap<String, String> overrides) {
        Set<String> fixed = new TreeSet<>();
        Set<String> ofListeners = new TreeSet<>();
        Set<String> single = new TreeSet<>();
        for (String name : overrides.keySet()) {
            Optional<ConfigKey> key = ConfigTable.BROKER.find(name);
            if (key.isPresent() && key.get().change() == Change.READ_ONLY) {
                fixed.add(name);
            } else if (OF_ONE_LISTENER.contains(name)) {
                ofListeners.add(name);
            } else if (resource.isDefaultBroker() && isOfOneBroker(name, key)) {
                single.add(name);
            }
        }
        if (!fixed.isEmpty()) {
            return Optional.of("Cannot update these configs dynamically: " + fixed);
        }
        if (!ofListeners.isEmpty()) {
            return Optional.of("These security configs can be dynamically updated only per-listener using the listener"
                    + " prefix: " + ofListeners);
        }
        if (!single.isEmpty()) {
            return Optional.of(
                    "Cannot update these configs at default cluster level, broker id must be specified: " + single);
        }
        if (overrides.containsKey(CREATION_RATE)) {
            return Optional.of(CREATION_RATE
                    + " is set, but this version of Ottla does not have a limit on the rate of new connections.");
        }
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            Optional<String> problem = ConfigTable.BROKER
                    .find(override.getKey())
                    .or(() -> ConfigTable.DYNAMIC.find(override.getKey()))
                    .flatMap(key -> key.problem(override.getValue()));
            if (problem.isPresent()) {
                return problem;
            }
        }
        return Optional.empty();
    }

    /** Listeners belong to one broker each, whatever is set for them. */
    private static boolean isOfOneBroker(String name, Optional<ConfigKey> key) {
        return Listeners.isListenerSetting(name)
                || key.filter(found -> found.change() == Change.PER_BROKER).isPresent();
    }

    private static Optional<String> known(ConfigTable table, SortedMap<String, String> overrides) {
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            Optional<ConfigKey> key = table.find(override.getKey());
            if (key.isEmpty()) {
                return Optional.of("Unknown " + (table == ConfigTable.TOPIC ? "topic" : "group") + " config name: "
                        + override.getKey());
            }
            Optional<String> problem = key.get().problem(override.getValue());
            if (problem.isPresent()) {
                return problem;
            }
        }
        return Optional.empty();
    }

    private static Optional<ConfigTable> table(ConfigResource.Type type) {
        return switch (type) {
            case TOPIC -> Optional.of(ConfigTable.TOPIC);
            case BROKER -> Optional.of(ConfigTable.BROKER);
            case GROUP -> Optional.of(ConfigTable.GROUP);
            case CLIENT_METRICS -> Optional.of(ConfigTable.CLIENT_METRICS);
            case BROKER_LOGGER -> Optional.empty();
        };
    }
}
