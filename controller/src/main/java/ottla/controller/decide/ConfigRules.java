package ottla.controller.decide;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;

/**
 * What the controller must know about configuration keys. The keys belong to the parts that obey them, so this is bound where
 * the parts are put together. Implementations are pure and may be called on any thread.
 */
public interface ConfigRules {
    /** Why the overrides of a resource, all of them after the change, cannot stand: a sentence. */
    Optional<String> reasonInvalid(ConfigResource resource, SortedMap<String, String> overrides);

    /** With which error they cannot stand. Kafka's brokers answer so for historical reasons (KAFKA-13609). */
    default ErrorCode codeOfInvalid(ConfigResource resource, SortedMap<String, String> overrides) {
        return resource.type() == ConfigResource.Type.BROKER ? ErrorCode.INVALID_REQUEST : ErrorCode.INVALID_CONFIG;
    }

    /** Whether the key's value is a list, to which can be appended. */
    boolean isList(ConfigResource.Type type, String key);

    /** The default of a key, empty if it has none. */
    Optional<String> defaultValue(ConfigResource.Type type, String key);

    /** What would hold for a topic with these overrides in the given cluster, key by key in order. */
    List<EffectiveConfig> effective(ClusterImage image, SortedMap<String, String> topicOverrides);

    /** One value and where it comes from; {@code source} is the protocol's number (KIP-226). */
    record EffectiveConfig(String name, @Nullable String value, byte source, boolean readOnly, boolean sensitive) {}
}
