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
            options.addAll(
                    switch (life) {
                        case LONG -> List.of();
                        case SHORT -> Jvm.soonStarted(KAFKA_MAIN);
                        case TRAINING -> Jvm.training(KAFKA_MAIN);
                    });
            List<String> command = Jvm.server(options.toArray(String[]::new));
            command.addAll(List.of(KAFKA_MAIN, properties.toString()));
            return command;
        }
    },

    OTTLA {
        @Override
        List<String> command(Path properties, Life life) {
            List<String> command = new ArrayList<>();
            if (life == Life.SHORT) {
                command.addAll(List.of("env", "OTTLA_JAVA_OPTS=-XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=5"));
            }
            command.addAll(List.of(launcher().toString(), "start", properties.toString()));
            return command;
        }
    };

    static final String KAFKA_MAIN = "kafka.Kafka";

    /** How long a node is to run, and so what its JVM should be good at. */
    enum Life {
        /** As an operator would run it. */
        LONG,
        /** Started and stopped most of the time: the JVM starts with half the work, and never becomes as fast as it could. */
        SHORT,
        /** For the sake of the next ones with a short life: {@link TrainedKafka}. */
        TRAINING
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
