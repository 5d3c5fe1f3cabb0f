package ottla.broker.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The log directories that get no new replicas (KIP-1066): {@code cordoned.log.dirs}, whatever set it last. */
public final class CordonedDirectories {
    static final String KEY = "cordoned.log.dirs";

    /** Stands for all directories. */
    static final String ALL = "*";

    private CordonedDirectories() {}

    /** What a change of a broker's own configuration would add to them. */
    public static List<String> added(Map<String, String> before, Map<String, String> after) {
        List<String> present = Values.split(before.getOrDefault(KEY, ""));
        return Values.split(after.getOrDefault(KEY, "")).stream()
                .filter(path -> !present.contains(path))
                .toList();
    }

    /** Whether a directory is one of them, by its whole path. */
    public static Predicate<String> in(LayeredConfig layers) {
        List<String> paths = layers.brokerSettings(KEY).stream()
                .findFirst()
                .flatMap(LayeredConfig.Setting::value)
                .map(Values::split)
                .orElse(List.of());
        return root -> paths.contains(ALL)
                || paths.stream()
                        .anyMatch(path ->
                                Path.of(path).toAbsolutePath().normalize().equals(Path.of(root)));
    }
}
