package ottla.broker.io;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import ottla.broker.config.NodeConfig;

/** What a node is started with: Kafka's properties file, or our defaults, and the overrides on top. */
final class PropertiesFile {
    private PropertiesFile() {}

    static Map<String, String> read(Optional<Path> file, List<String> overrides) {
        Map<String, String> properties =
                new LinkedHashMap<>(file.map(PropertiesFile::load).orElseGet(NodeConfig::standalone));
        for (String override : overrides) {
            int equals = override.indexOf('=');
            if (equals <= 0) {
                throw new RefusedStart("--override wants key=value, not " + override);
            }
            properties.put(
                    override.substring(0, equals).trim(),
                    override.substring(equals + 1).trim());
        }
        return properties;
    }

    private static Map<String, String> load(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new RefusedStart("The configuration file " + file + " cannot be read: " + e.getMessage());
        }
        Map<String, String> map = new LinkedHashMap<>();
        properties.stringPropertyNames().stream().sorted().forEach(name -> map.put(name, properties.getProperty(name)));
        return map;
    }
}
