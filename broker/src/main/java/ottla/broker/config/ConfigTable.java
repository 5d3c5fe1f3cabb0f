package ottla.broker.config;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import ottla.broker.config.ConfigKey.Change;
import ottla.broker.config.ConfigKey.Synonym;
import ottla.broker.config.ConfigKey.Visibility;

/** The keys of one kind of resource, in alphabetical order. The tables are data files beside this class. */
public final class ConfigTable {
    public static final ConfigTable BROKER = load("broker");

    /** What brokers take besides, but not from their file. */
    public static final ConfigTable DYNAMIC = load("dynamic");

    public static final ConfigTable TOPIC = load("topic");
    public static final ConfigTable GROUP = load("group");

    /** Those of a subscription to client metrics (KIP-714). */
    public static final ConfigTable CLIENT_METRICS = load("client-metrics");

    private final Map<String, ConfigKey> keys = new LinkedHashMap<>();

    private ConfigTable() {}

    public Optional<ConfigKey> find(String name) {
        return Optional.ofNullable(keys.get(name));
    }

    /** What a broker's key means, also of one listener's, and of one that nobody knows. */
    public static ConfigKey brokerKey(String name) {
        return BROKER.find(name)
                .or(() -> DYNAMIC.find(name))
                .or(() -> Listeners.withoutListener(name).flatMap(BROKER::find).map(key -> key.ofListener(name)))
                .orElseGet(() -> ConfigKey.unknown(name));
    }

    /** The key of a name that this program itself uses. */
    ConfigKey get(String name) {
        return Objects.requireNonNull(keys.get(name), name);
    }

    public Collection<ConfigKey> all() {
        return keys.values();
    }

    private static ConfigTable load(String kind) {
        ConfigTable table = new ConfigTable();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(ConfigTable.class.getResourceAsStream(kind + "-keys.tsv")),
                StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    ConfigKey key = key(line.split("\t", -1));
                    table.keys.put(key.name(), key);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return table;
    }

    private static ConfigKey key(String[] columns) {
        String standard = columns[2];
        Optional<String> value =
                standard.startsWith("=") ? Optional.of(standard.substring(1).trim()) : Optional.empty();
        return new ConfigKey(
                columns[0],
                ConfigType.of(columns[1]),
                value,
                Constraint.parse(columns[3]),
                change(columns[4]),
                synonyms(columns[4]),
                columns.length > 5 ? Visibility.INTERNAL : Visibility.PUBLIC);
    }

    private static Change change(String column) {
        return switch (column) {
            case "per-broker" -> Change.PER_BROKER;
            case "cluster-wide" -> Change.CLUSTER_WIDE;
            default -> Change.READ_ONLY;
        };
    }

    private static List<Synonym> synonyms(String column) {
        List<Synonym> synonyms = new ArrayList<>();
        for (String word : column.split(" ")) {
            int star = word.indexOf('*');
            if (star > 0) {
                synonyms.add(new Synonym(word.substring(0, star), Long.parseLong(word.substring(star + 1))));
            }
        }
        return synonyms;
    }
}
