package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients of other languages do to a broker what those of Java do: a program for each, in {@code src/test/foreign}. */
@OnEachBroker
class ForeignClientsTest {
    private final BrokerProcess broker;

    ForeignClientsTest(BrokerProcess broker) {
        this.broker = broker;
    }

    @ParameterizedTest
    @ValueSource(strings = {"confluent_kafka", "aiokafka", "kafka_python"})
    void clientsForPython(String program) {
        tells(Toolchain.PYTHON, program);
    }

    @ParameterizedTest
    @ValueSource(strings = {"franz", "sarama", "segmentio"})
    void clientsForGo(String program) {
        tells(Toolchain.GO, program);
    }

    @ParameterizedTest
    @ValueSource(strings = "kafkajs")
    void clientsForNode(String program) {
        tells(Toolchain.NODE, program);
    }

    @ParameterizedTest
    @ValueSource(strings = "rdkafka_client")
    void clientsForRust(String program) {
        tells(Toolchain.RUST, program);
    }

    /** The broker is stopped once and killed once. */
    private void tells(Toolchain toolchain, String program) {
        String obstacle = toolchain.obstacle();
        assumeTrue(obstacle.isEmpty(), obstacle + ": what it would show was NOT RUN");
        List<String> command = new ArrayList<>(toolchain.starting(program));
        command.add(broker.bootstrap());
        Path errors = toolchain.folder().resolve(program + "-" + broker + ".log");
        Iterator<Runnable> ends =
                List.<Runnable>of(broker::terminate, broker::kill).iterator();

        List<String> lines = ForeignProgram.run(command, errors, () -> {
            ends.next().run();
            broker.restart();
            awaitLeaders();
        });

        assertThat(lines).containsSubsequence("codecs ok", "admin ok", "group ok", "restart", "restart", "restart ok");
    }

    /** A broker that has just come back leads nothing yet for a moment, and not every client tries again then: kafka-go gives up. */
    private void awaitLeaders() {
        try (Admin admin = Clients.of(broker).admin()) {
            Waiting.until(
                    "all partitions are led",
                    () -> admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values().stream()
                            .flatMap(topic -> topic.partitions().stream())
                            .noneMatch(partition -> partition.leader() == null
                                    || partition.leader().isEmpty()));
        }
    }
}
