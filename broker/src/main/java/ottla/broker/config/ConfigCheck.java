package ottla.broker.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import ottla.broker.config.ConfigKey.Change;
import ottla.broker.config.LayeredConfig.Setting;
import ottla.controller.decide.ConfigRules;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.log.LogConfig;

/** What the controller asks about configuration keys, answered from the tables and by the parts that obey the keys. */
public final class ConfigCheck implements ConfigRules {
    private static final Set<String> CLIENT_METRICS = Set.of("metrics", "interval.ms", "match");

    private final Values file;

    public ConfigCheck(Values file) {
        this.file = file;
    }

    @Override
    public Optional<String> reasonInvalid(ConfigResource resource, SortedMap<String, String> overrides) {
        return switch (resource.type()) {
            case TOPIC -> topic(overrides);
            case BROKER -> broker(resource, overrides);
            case GROUP -> known(ConfigTable.GROUP, overrides);
            case CLIENT_METRICS ->
                overrides.keySet().stream()
                        .filter(key -> !CLIENT_METRICS.contains(key))
                        .findFirst()
                        .map(key -> "Unknown client metrics configuration: " + key);
            case BROKER_LOGGER -> Optional.of("Log levels cannot be changed through this version of Ottla.");
        };
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
            if (key.visibility() == ConfigKey.Visibility.PUBLIC) {
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

    private static Optional<String> broker(ConfigResource resource, SortedMap<String, String> overrides) {
        Set<String> fixed = new TreeSet<>();
        Set<String> single = new TreeSet<>();
        for (String name : overrides.keySet()) {
            Optional<ConfigKey> key = ConfigTable.BROKER.find(name);
            if (key.isPresent() && key.get().change() == Change.READ_ONLY) {
                fixed.add(name);
            } else if (key.isPresent() && key.get().change() == Change.PER_BROKER && resource.isDefaultBroker()) {
                single.add(name);
            }
        }
        if (!fixed.isEmpty()) {
            return Optional.of("Cannot update these configs dynamically: " + fixed);
        }
        if (!single.isEmpty()) {
            return Optional.of(
                    "Cannot update these configs at default cluster level, broker id must be specified: " + single);
        }
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            Optional<String> problem =
                    ConfigTable.BROKER.find(override.getKey()).flatMap(key -> key.problem(override.getValue()));
            if (problem.isPresent()) {
                return problem;
            }
        }
        return Optional.empty();
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
            case CLIENT_METRICS, BROKER_LOGGER -> Optional.empty();
        };
    }
}
