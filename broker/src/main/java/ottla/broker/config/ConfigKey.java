package ottla.broker.config;

import java.util.List;
import java.util.Optional;

/**
 * One configuration key as Kafka 4.3.1 has it.
 *
 * @param standard the default, empty for a key that has none
 * @param synonyms for a topic key, the broker keys that give its default, the first that is set winning
 */
public record ConfigKey(
        String name,
        ConfigType type,
        Optional<String> standard,
        Constraint constraint,
        Change change,
        List<Synonym> synonyms,
        Visibility visibility) {

    /** How a broker's value may be changed while it runs. */
    public enum Change {
        READ_ONLY,
        PER_BROKER,
        CLUSTER_WIDE
    }

    /** Whether the key is shown to anyone. */
    public enum Visibility {
        PUBLIC,
        INTERNAL
    }

    /** A broker key whose value, times {@code factor}, is this key's value. */
    public record Synonym(String brokerKey, long factor) {}

    /** Why a value is refused, as a sentence with the key, the value and what is allowed. */
    public Optional<String> problem(String value) {
        return type.problem(value.trim())
                .or(() -> constraint.problem(value.trim(), type))
                .map(why ->
                        "Invalid value " + shown(value) + " for configuration " + name + ": the value " + why + ".");
    }

    /** A password is never shown, not even a wrong one. */
    public boolean isSensitive() {
        return type == ConfigType.PASSWORD;
    }

    private String shown(String value) {
        return isSensitive() ? "[hidden]" : value;
    }
}
