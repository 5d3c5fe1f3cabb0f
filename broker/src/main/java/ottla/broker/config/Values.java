package ottla.broker.config;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** The values that were set, and the table's defaults for the others. What is in here was checked; reading it cannot fail. */
public final class Values {
    private final ConfigTable table;
    private final Map<String, String> set;

    Values(ConfigTable table, Map<String, String> set) {
        this.table = table;
        this.set = Collections.unmodifiableMap(new LinkedHashMap<>(set));
    }

    /** What the file and the overrides say, unknown keys included. */
    public Map<String, String> set() {
        return set;
    }

    public boolean isSet(String key) {
        return set.containsKey(key);
    }

    public Optional<String> find(String key) {
        String given = set.get(key);
        return given != null ? Optional.of(given.trim()) : table.find(key).flatMap(ConfigKey::standard);
    }

    public String text(String key) {
        return find(key).orElseThrow(() -> new NoSuchElementException(key + " has no value"));
    }

    public int number(String key) {
        return Integer.parseInt(text(key));
    }

    public long longNumber(String key) {
        return Long.parseLong(text(key));
    }

    public double decimal(String key) {
        return Double.parseDouble(text(key));
    }

    public boolean flag(String key) {
        return text(key).toLowerCase(Locale.ROOT).equals("true");
    }

    public List<String> list(String key) {
        return find(key).map(Values::split).orElse(List.of());
    }

    /** {@code log.dirs}, or {@code log.dir} where that is not set. */
    List<String> logDirs() {
        List<String> several = list("log.dirs");
        return several.isEmpty() ? list("log.dir") : several;
    }

    static List<String> split(String text) {
        return text.isBlank()
                ? List.of()
                : Arrays.stream(text.split(","))
                        .map(String::trim)
                        .filter(e -> !e.isEmpty())
                        .toList();
    }
}
