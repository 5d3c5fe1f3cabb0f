package ottla.compat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which broker runs behind a test. Every test passes on both; Kafka is there to show that the test itself is right. */
public enum BrokerKind {
    KAFKA {
        @Override
        List<String> command(Path properties, Life life) {
            List<String> options = new ArrayList<>(List.of("-Xms256m", "-Xmx512m", "-Dottla.log.level=WARN"));
            if (life == Life.SHORT) {
                options.addAll(Jvm.soonStarted(MAIN));
            }
            List<String> command = Jvm.server(options.toArray(String[]::new));
            command.addAll(List.of(MAIN, properties.toString()));
            return command;
        }
    },

    OTTLA {
        @Override
        List<String> command(Path properties, Life life) {
            return List.of(launcher().toString(), "start", properties.toString());
        }
    };

    private static final String MAIN = "kafka.Kafka";

    /** How long a node is to run, and so what its JVM should be good at. */
    enum Life {
        /** As an operator would run it. */
        LONG,
        /** Started and stopped most of the time: Kafka's JVM starts with half the work, and never becomes as fast as it could. */
        SHORT
    }

    /** The command that becomes the broker, so that signals to it reach the broker itself. */
    abstract List<String> command(Path properties, Life life);

    /** The project's own launcher, found from the module's folder upwards, or that of another installation. */
    public static Path launcher() {
        String other = System.getProperty("ottla.launcher");
        if (other != null) {
            return Path.of(other);
        }
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        for (Path folder = module; folder != null; folder = folder.getParent()) {
            Path launcher = folder.resolve("bin").resolve("ottla");
            if (Files.isExecutable(launcher)) {
                return launcher;
            }
        }
        throw new AssertionError("no bin/ottla above " + module);
    }
}
