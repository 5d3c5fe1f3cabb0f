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

    /** What Kafka makes of a broker's key that it does not know: it might be a secret. */
    static ConfigKey unknown(String name) {
        return new ConfigKey(
                name,
                ConfigType.UNKNOWN,
                Optional.empty(),
                new Constraint.Any(),
                Change.READ_ONLY,
                List.of(),
                Visibility.PUBLIC);
    }

    /** This key for one listener alone, whose name is part of the other name. */
    ConfigKey ofListener(String listenersName) {
        return new ConfigKey(listenersName, type, standard, constraint, Change.READ_ONLY, synonyms, visibility);
    }

    /** Why a value is refused, as a sentence with the key, the value and what is allowed. */
    public Optional<String> problem(String value) {
        return type.problem(value.trim())
                .or(() -> constraint.problem(value.trim(), type))
                .map(why ->
                        "Invalid value " + shown(value) + " for configuration " + name + ": the value " + why + ".");
    }

    /** A password is never shown, not even a wrong one, nor what could be one. */
    public boolean isSensitive() {
        return type == ConfigType.PASSWORD || type == ConfigType.UNKNOWN;
    }

    private String shown(String value) {
        return isSensitive() ? "[hidden]" : value;
    }
}
