package ottla.broker.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What this build is, and which Kafka it is compatible with. */
final class Version {
    private final Properties properties = new Properties();

    Version() {
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String ottla() {
        return properties.getProperty("ottla");
    }

    String kafka() {
        return properties.getProperty("kafka");
    }
}
