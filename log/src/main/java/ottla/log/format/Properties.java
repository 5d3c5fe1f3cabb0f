package ottla.log.format;

import java.util.LinkedHashMap;
import java.util.Map;

/** Files of {@code key=value} lines, as far as Kafka's data directories use them: comments, no escapes, no continued lines. */
final class Properties {
    private Properties() {}

    static Map<String, String> read(String text) {
        Map<String, String> fields = new LinkedHashMap<>();
        text.lines().map(String::strip).forEach(line -> {
            int equals = line.indexOf('=');
            if (equals > 0 && !line.startsWith("#") && !line.startsWith("!")) {
                fields.put(
                        line.substring(0, equals).strip(),
                        line.substring(equals + 1).strip().replace("\\:", ":"));
            }
        });
        return fields;
    }
}
