package ottla.broker.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import ottla.broker.config.ConfigKey.Synonym;

/**
 * What holds for a node or a topic, put together from everything that may set it: the topic, this broker, all brokers, the file,
 * Kafka's default, in this order.
 *
 * @param file what the node was started with
 * @param broker the dynamic configuration of this broker
 * @param allBrokers the dynamic configuration of all brokers
 */
public record LayeredConfig(Values file, Map<String, String> broker, Map<String, String> allBrokers) {
    /** Broker keys that several units share: the finer one wins. */
    private static final Map<String, List<String>> FAMILIES = Map.of(
            "log.roll.ms", List.of("log.roll.ms", "log.roll.hours"),
            "log.roll.hours", List.of("log.roll.ms", "log.roll.hours"),
            "log.roll.jitter.ms", List.of("log.roll.jitter.ms", "log.roll.jitter.hours"),
            "log.roll.jitter.hours", List.of("log.roll.jitter.ms", "log.roll.jitter.hours"),
            "log.flush.interval.ms", List.of("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
            "log.retention.ms", List.of("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
            "log.retention.minutes", List.of("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
            "log.retention.hours", List.of("log.retention.ms", "log.retention.minutes", "log.retention.hours"));

    /** One place where a value was set. */
    public record Setting(String name, Optional<String> value, ConfigSource source) {}

    /** What holds for this broker. */
    public Values brokerValues() {
        Map<String, String> all = new LinkedHashMap<>(file.set());
        all.putAll(allBrokers);
        all.putAll(broker);
        return new Values(ConfigTable.BROKER, all);
    }

    /** Every place where a broker key or one that stands for it is set, the one that counts first. */
    public List<Setting> brokerSettings(String key) {
        Optional<String> ofAll = Listeners.withoutListener(key);
        List<String> names = ofAll.map(base -> List.of(key, base)).orElse(FAMILIES.getOrDefault(key, List.of(key)));
        List<Setting> settings = new ArrayList<>();
        add(settings, names, broker, ConfigSource.BROKER);
        add(settings, names, allBrokers, ConfigSource.ALL_BROKERS);
        add(settings, names, file.set(), ConfigSource.FILE);
        String standard = ofAll.orElse(key);
        ConfigTable.BROKER
                .find(standard)
                .flatMap(ConfigKey::standard)
                .ifPresent(value -> settings.add(new Setting(standard, Optional.of(value), ConfigSource.STANDARD)));
        return settings;
    }

    /** All broker keys that are set anywhere, known or not. */
    public Set<String> brokerKeys() {
        Set<String> names = new TreeSet<>(file.set().keySet());
        names.addAll(broker.keySet());
        names.addAll(allBrokers.keySet());
        return names;
    }

    /** Every place where a topic's key is set, the one that counts first. */
    public List<Setting> topicSettings(ConfigKey key, Map<String, String> topic) {
        List<Setting> settings = new ArrayList<>();
        add(settings, List.of(key.name()), topic, ConfigSource.TOPIC);
        if (!key.synonyms().isEmpty()) {
            settings.addAll(brokerSettings(key.synonyms().getFirst().brokerKey()));
        }
        return settings;
    }

    /** The value of a topic's key in the topic's own unit; empty if it has none. */
    public Optional<String> topicValue(ConfigKey key, Map<String, String> topic) {
        String own = topic.get(key.name());
        if (own != null) {
            return Optional.of(own);
        }
        // as in Kafka, a finer unit wins over a coarser one wherever each of them was set
        for (Synonym synonym : key.synonyms()) {
            Optional<String> value = explicit(synonym.brokerKey());
            if (value.isPresent()) {
                return value.map(text -> scaled(text, synonym.factor()));
            }
        }
        return key.standard();
    }

    /** All of a topic's values, by key. */
    public Map<String, String> topicValues(Map<String, String> topic) {
        Map<String, String> all = new LinkedHashMap<>();
        for (ConfigKey key : ConfigTable.TOPIC.all()) {
            topicValue(key, topic).ifPresent(value -> all.put(key.name(), value));
        }
        return all;
    }

    private Optional<String> explicit(String key) {
        String value = broker.get(key);
        if (value == null) {
            value = allBrokers.get(key);
        }
        if (value == null) {
            value = file.set().get(key);
        }
        return Optional.ofNullable(value);
    }

    private static String scaled(String text, long factor) {
        if (factor == 1) {
            return text;
        }
        long number = Long.parseLong(text.trim());
        return Long.toString(number < 0 ? number : Math.multiplyExact(number, factor));
    }

    private static void add(List<Setting> settings, List<String> names, Map<String, String> from, ConfigSource source) {
        for (String name : names) {
            String value = from.get(name);
            if (value != null) {
                settings.add(new Setting(name, Optional.of(value.trim()), source));
            }
        }
    }
}
