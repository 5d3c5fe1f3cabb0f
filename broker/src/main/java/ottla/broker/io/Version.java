package ottla.broker.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What this build is, and which Kafka it is compatible with. */
final class Version implements IVersionProvider {
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

    @Override
    public String[] getVersion() {
        return new String[] {"Ottla " + ottla() + ", compatible with Apache Kafka " + kafka()};
    }
}
