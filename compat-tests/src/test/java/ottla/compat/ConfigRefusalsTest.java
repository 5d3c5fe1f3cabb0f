package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ottla.broker.config.ConfigKey;
import ottla.broker.config.ConfigTable;
import ottla.broker.config.NodeConfig;

/** A configuration starts a node exactly when it starts Kafka, apart from what is refused by name because it is not there yet. */
class ConfigRefusalsTest {
    private static final String NOT_THERE_YET = "this version of Ottla";

    private static final String[] VALUES = {
        "",
        "abc",
        "-2",
        "-1",
        "0",
        "1",
        "3",
        "1.5",
        "70000",
        "2147483647",
        "2147483648",
        "9223372036854775808",
        "true",
        "a,,b"
    };

    private static Map<String, String> node() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("process.roles", "broker,controller");
        properties.put("node.id", "1");
        properties.put("controller.quorum.voters", "1@localhost:9093");
        properties.put("listeners", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093");
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("log.dirs", "/tmp/kafka-logs");
        return properties;
    }

    /** Every key with values of every kind: types, ranges, lists, and what a value says beside those of other keys. */
    @Test
    void everyKeyTakesWhatItTakesInKafka() {
        List<String> differences = new ArrayList<>();
        for (ConfigKey key : ConfigTable.BROKER.all()) {
            for (String value : VALUES) {
                Map<String, String> properties = node();
                properties.put(key.name(), value);
                difference(properties).ifPresent(difference -> differences.add(key.name() + "=" + value + difference));
                refusal(properties).ifPresent(sentence -> {
                    assertThat(sentence).contains(key.name());
                });
            }
        }

        assertThat(differences).isEmpty();
    }

    /** Listeners that are or are not each other's match; the columns are laid over a node's, without the empty ones. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # listeners | advertised.listeners | listener.security.protocol.map | inter.broker.listener.name | controller.listener.names
            A://h:1,B://h:2,CONTROLLER://h:3 | | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | a |
            A://h:1,B://h:2,CONTROLLER://h:3 | | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | |
            A://h:1,B://h:2,CONTROLLER://h:3 | | | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | C |
            A://h:1,B://h:2,CONTROLLER://h:3 | | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | CONTROLLER |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,B://y:8 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,B://x:7 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | B://x:7 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,A://y:8 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://0.0.0.0:7 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://:7 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,CONTROLLER://x:9 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,D://x:9 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT | A |
            A://h:1,B://h:2,CONTROLLER://h:3 | A://x:7,D://x:9 | A:PLAINTEXT,B:PLAINTEXT,CONTROLLER:PLAINTEXT,D:PLAINTEXT | A |
            | CONTROLLER://x:7 | | |
            | PLAINTEXT://x:7,CONTROLLER://x:8 | | |
            | plaintext://x:7 | | |
            | PLAINTEXT://[::1]:7 | | |
            plaintext://h:1,CONTROLLER://h:3 | | | |
            PLAINTEXT://0.0.0.0:1,CONTROLLER://h:3 | | | |
            PLAINTEXT://0.0.0.0:1,CONTROLLER://0.0.0.0:3 | PLAINTEXT://h:1 | | |
            PLAINTEXT://:1,CONTROLLER://:3 | | | |
            PLAINTEXT://h:0,CONTROLLER://h:0 | | | |
            PLAINTEXT://h:1,CONTROLLER://h:1 | | | |
            PLAINTEXT://h:1,CONTROLLER://i:1 | | | |
            PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.2:1 | | | |
            PLAINTEXT://127.0.0.1:1,CONTROLLER://[::1]:1 | | | |
            PLAINTEXT://h:1,PLAINTEXT://h:2,CONTROLLER://h:3 | | | |
            PLAINTEXT://h:1 | | | |
            CONTROLLER://h:3 | | | |
            PLAINTEXT://h,CONTROLLER://h:3 | | | |
            h:1,CONTROLLER://h:3 | | | |
            PLAINTEXT://h:1,CONTROLLER://h:3, | | | |
            | | | | PLAINTEXT
            | | | | CONTROLLER,PLAINTEXT
            | | | | CONTROLLER,OTHER
            | | | | OTHER
            | | | | controller
            | | PLAINTEXT:PLAINTEXT | |
            | | CONTROLLER:PLAINTEXT | |
            | | plaintext:plaintext,controller:plaintext | |
            | | PLAINTEXT:PLAINTEXT,CONTROLLER:FOO | |
            | | PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OTHER:FOO | |
            | | PLAINTEXT,CONTROLLER:PLAINTEXT | |
            """)
    void listenersFitTogetherWhenTheyDoInKafka(
            String listeners, String advertised, String protocols, String interBroker, String controllers) {
        Map<String, String> properties = node();
        set(properties, "listeners", listeners);
        set(properties, "advertised.listeners", advertised);
        set(properties, "listener.security.protocol.map", protocols);
        set(properties, "inter.broker.listener.name", interBroker);
        set(properties, "controller.listener.names", controllers);

        assertThat(difference(properties)).isEmpty();
    }

    /** What each role asks of the listeners and of the voters; a dash takes the key out. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # process.roles | listeners | advertised.listeners | controller.listener.names | controller.quorum.voters | controller.quorum.bootstrap.servers
            controller | CONTROLLER://h:3 | | | |
            controller | CONTROLLER://h:3 | CONTROLLER://x:3 | | |
            controller | CONTROLLER://h:3 | PLAINTEXT://x:3 | | |
            controller | CONTROLLER://h:3 | CONTROLLER://x:3,PLAINTEXT://x:4 | | |
            controller | CONTROLLER://0.0.0.0:3 | | | |
            controller | CONTROLLER://0.0.0.0:3 | CONTROLLER://0.0.0.0:3 | | |
            controller | CONTROLLER://:3 | | | |
            controller | | | | |
            controller | - | | | |
            controller | PLAINTEXT://h:1 | | | |
            controller | PLAINTEXT://h:1 | | PLAINTEXT | |
            controller | A://h:1,CONTROLLER://h:3 | | A,CONTROLLER | |
            controller | CONTROLLER://h:3 | | - | |
            controller | CONTROLLER://h:3 | | | 2@h:3 |
            controller | CONTROLLER://h:3 | | | 1@h:3,2@h:4,3@h:5 |
            controller | CONTROLLER://h:3 | | | - |
            controller | CONTROLLER://h:3 | | | - | h:3
            controller | CONTROLLER://h:3 | | | 1@h:3 | h:3,h:4
            broker | | | | |
            broker | PLAINTEXT://h:1 | | | |
            broker | PLAINTEXT://h:1 | | | 2@h:3,3@h:4 |
            broker | PLAINTEXT://h:1 | | | 1@h:3,3@h:4 |
            broker | PLAINTEXT://h:1 | | | - | h:3
            broker | PLAINTEXT://h:1 | | | - | h
            broker | PLAINTEXT://h:1 | | | - |
            broker | PLAINTEXT://h:1 | | - | 2@h:3 |
            broker | PLAINTEXT://h:1 | | PLAINTEXT | 2@h:3 |
            broker | PLAINTEXT://h:1 | | CONTROLLER,OTHER | 2@h:3 |
            broker | PLAINTEXT://h:1 | PLAINTEXT://x:1,CONTROLLER://x:3 | | 2@h:3 |
            broker | PLAINTEXT://h:1,CONTROLLER://h:3 | | | 2@h:3 |
            broker | - | | | 2@h:3 |
            broker,controller | | | | 1@h:3,2@h:4 |
            broker,controller | | | | 2@h:4 |
            broker,controller | | | | - | h:3
            broker,controller | | PLAINTEXT://x:1,CONTROLLER://x:3 | | 1@x:3,2@y:3 |
            broker,controller | CONTROLLER://h:3 | | | |
            """)
    void rolesFitTheRestWhenTheyDoInKafka(
            String roles, String listeners, String advertised, String controllers, String voters, String bootstrap) {
        Map<String, String> properties = node();
        set(properties, "process.roles", roles);
        set(properties, "listeners", listeners);
        set(properties, "advertised.listeners", advertised);
        set(properties, "controller.listener.names", controllers);
        set(properties, "controller.quorum.voters", voters);
        set(properties, "controller.quorum.bootstrap.servers", bootstrap);
        properties.values().removeIf("-"::equals);

        assertThat(difference(properties)).isEmpty();
    }

    private static void set(Map<String, String> properties, String key, String value) {
        if (value != null) {
            properties.put(key, value);
        }
    }

    private static Optional<String> difference(Map<String, String> properties) {
        Optional<String> ours = refusal(properties);
        Optional<String> theirs = kafkasRefusal(properties);
        if (ours.isPresent() == theirs.isPresent()
                || ours.filter(text -> text.contains(NOT_THERE_YET)).isPresent()) {
            return Optional.empty();
        }
        return Optional.of(": Ottla says " + ours.orElse("yes") + ", Kafka says " + theirs.orElse("yes"));
    }

    private static Optional<String> refusal(Map<String, String> properties) {
        return switch (NodeConfig.parse(properties)) {
            case NodeConfig.Parsed.Accepted _ -> Optional.empty();
            case NodeConfig.Parsed.Refused(List<String> problems) -> Optional.of(String.join(" ", problems));
        };
    }

    private static Optional<String> kafkasRefusal(Map<String, String> properties) {
        try {
            // what it makes is not needed: it checks while it is made
            Object unused = new kafka.server.KafkaConfig(properties, false);
            return Optional.empty();
        } catch (RuntimeException refused) {
            return Optional.of(String.valueOf(refused.getMessage()));
        }
    }
}
