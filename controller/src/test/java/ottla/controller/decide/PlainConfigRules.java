package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;

/** A few keys of topics, enough to tell a valid change from an invalid one. */
public final class PlainConfigRules implements ConfigRules {
    private static final SortedMap<String, String> DEFAULTS = new TreeMap<>(Map.of(
            "cleanup.policy", "delete",
            "min.insync.replicas", "1",
            "retention.ms", "604800000",
            "segment.bytes", "1073741824",
            "unclean.leader.election.enable", "false"));

    @Override
    public Optional<String> reasonInvalid(ConfigResource resource, SortedMap<String, String> overrides) {
        if (resource.type() != ConfigResource.Type.TOPIC) {
            return Optional.empty();
        }
        for (String key : overrides.keySet()) {
            if (!DEFAULTS.containsKey(key)) {
                return Optional.of("Unknown topic config name: " + key);
            }
        }
        return Optional.empty();
    }

    @Override
    public boolean isList(ConfigResource.Type type, String key) {
        return key.equals("cleanup.policy");
    }

    @Override
    public Optional<String> defaultValue(ConfigResource.Type type, String key) {
        return Optional.ofNullable(DEFAULTS.get(key));
    }

    @Override
    public List<EffectiveConfig> effective(ClusterImage image, SortedMap<String, String> topicOverrides) {
        List<EffectiveConfig> all = new ArrayList<>();
        DEFAULTS.forEach((key, value) -> {
            String override = topicOverrides.get(key);
            all.add(new EffectiveConfig(
                    key, override == null ? value : override, (byte) (override == null ? 5 : 1), false, false));
        });
        return all;
    }
}
