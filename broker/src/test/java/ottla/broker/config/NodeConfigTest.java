package ottla.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ottla.broker.config.NodeConfig.Parsed;

class NodeConfigTest {
    @Test
    void theDefaultsRunOneNodeOnPort9092() {
        NodeConfig config = accepted(NodeConfig.standalone()).config();

        assertThat(config.isBroker()).isTrue();
        assertThat(config.isController()).isTrue();
        assertThat(config.listeners())
                .containsExactly(
                        new Listener("PLAINTEXT", "localhost", 9092), new Listener("CONTROLLER", "localhost", 9093));
        assertThat(config.advertised()).containsExactly(new Listener("PLAINTEXT", "localhost", 9092));
        assertThat(config.interBrokerListener()).isEqualTo("PLAINTEXT");
        assertThat(config.logDirs()).hasSize(1);
    }

    @Test
    void aWrongValueIsNamedWithItsKeyAndWhatIsAllowed() {
        assertThat(problems("num.partitions", "0"))
                .containsExactly("Invalid value 0 for configuration num.partitions: the value must be at least 1.");
        assertThat(problems("num.partitions", "many"))
                .containsExactly(
                        "Invalid value many for configuration num.partitions: the value must be a 32-bit number.");
        assertThat(problems("compression.type", "rar"))
                .containsExactly("Invalid value rar for configuration compression.type: the value must be one of"
                        + " uncompressed, zstd, lz4, snappy, gzip, producer.");
        assertThat(problems("compression.gzip.level", "10"))
                .containsExactly(
                        "Invalid value 10 for configuration compression.gzip.level: the value must be between 1"
                                + " and 9 or -1.");
        assertThat(problems("listeners", "PLAINTEXT:/here"))
                .anyMatch(problem -> problem.contains("a listener is NAME://host:port"));
    }

    @Test
    void onlyLogDirectoriesCanBeCordoned() {
        assertThat(accepted(with("cordoned.log.dirs", "*")).warnings()).isEmpty();
        assertThat(accepted(with("cordoned.log.dirs", "data")).warnings()).isEmpty();
        assertThat(problems("cordoned.log.dirs", "data,elsewhere"))
                .containsExactly("All entries in cordoned.log.dirs must be present in log.dirs or log.dir."
                        + " Missing entries : elsewhere");
        assertThat(problems("cordoned.log.dirs", "*,data"))
                .containsExactly("When cordoned.log.dirs is set to *, it must not contain other values");
    }

    @Test
    void anUnknownKeyIsNamedInAWarningAndHasNoOtherEffect() {
        Parsed.Accepted parsed = accepted(with("num.partition", "3"));

        assertThat(parsed.warnings()).containsExactly("The key num.partition is not known; it has no effect.");
    }

    @Test
    void aPasswordIsNeverShown() {
        assertThat(problems("delegation.token.secret.key", "hunter2"))
                .singleElement()
                .asString()
                .doesNotContain("hunter2");
    }

    @Test
    void whatIsNotServedIsRefusedByName() {
        assertThat(problems("authorizer.class.name", "com.example.Mine"))
                .singleElement()
                .asString()
                .startsWith(
                        "authorizer.class.name is set to com.example.Mine, but this version of Ottla does not have");
        Map<String, String> tls = with("listeners", "SSL://localhost:9092,CONTROLLER://localhost:9093");
        assertThat(refused(tls)).anyMatch(problem -> problem.contains("SSL") && problem.contains("PLAINTEXT"));
    }

    /** Kafka brings one along; another would be a Java class. */
    @Test
    void theSelectorOfReplicasIsTheOneThatKafkaHas() {
        accepted(with("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector"));
        assertThat(problems("replica.selector.class", "com.example.Mine"))
                .containsExactly(
                        "replica.selector.class is set to com.example.Mine, but this version of Ottla does not load"
                                + " Java classes and has only org.apache.kafka.common.replica.RackAwareReplicaSelector built in;"
                                + " name that one, or remove the key to start.");
    }

    /** They would decide on a controller or on a broker; a node that is only one of the two must not pass over them either. */
    @ParameterizedTest
    @CsvSource({
        "create.topic.policy.class.name, policies in Java classes",
        "alter.config.policy.class.name, policies in Java classes",
        "authorizer.class.name, authorization"
    })
    void hooksAreRefusedInEveryRole(String key, String what) {
        Map<String, String> broker = with(key, "com.example.Mine");
        broker.put("process.roles", "broker");
        broker.put("listeners", "PLAINTEXT://localhost:9092");
        broker.put("controller.quorum.voters", "9@localhost:9093");
        Map<String, String> controller = with(key, "com.example.Mine");
        controller.put("process.roles", "controller");
        controller.put("listeners", "CONTROLLER://localhost:9093");
        controller.remove("advertised.listeners");

        for (Map<String, String> node : List.of(with(key, "com.example.Mine"), broker, controller)) {
            assertThat(refused(node))
                    .containsExactly(key + " is set to com.example.Mine, but this version of Ottla does not have "
                            + what + "; remove the key to start.");
            node.remove(key);
            accepted(node);
        }
    }

    @Test
    void aControllerIsReachedByOthersWhereItSays() {
        Map<String, String> properties = with("process.roles", "controller");
        properties.put("listeners", "CONTROLLER://0.0.0.0:9093");
        properties.put("advertised.listeners", "CONTROLLER://c1.example:19093");
        properties.put("controller.quorum.voters", "1@c1.example:19093,2@c2.example:19093");

        NodeConfig config = accepted(properties).config();

        assertThat(config.advertised()).isEmpty();
        assertThat(config.advertisedControllers()).containsExactly(new Listener("CONTROLLER", "c1.example", 19093));
        assertThat(config.voters()).hasSize(2);
    }

    @Test
    void aBrokerAsksTheServersThatAreNamedForTheController() {
        Map<String, String> properties = with("process.roles", "broker");
        properties.put("listeners", "PLAINTEXT://localhost:9092");
        properties.remove("controller.quorum.voters");
        properties.put("controller.quorum.bootstrap.servers", "c1:9093,[::1]:9094");

        NodeConfig config = accepted(properties).config();

        assertThat(config.quorumBootstrap())
                .containsExactly(new Listener("CONTROLLER", "c1", 9093), new Listener("CONTROLLER", "::1", 9094));
        assertThat(config.isController()).isFalse();
    }

    @Test
    void listenersMustFitTogether() {
        assertThat(problems("listeners", "PLAINTEXT://localhost:9092"))
                .anyMatch(problem -> problem.contains("controller.listener.names is CONTROLLER"));
        assertThat(problems("listeners", "A://localhost:9092,CONTROLLER://localhost:9093"))
                .anyMatch(
                        problem -> problem.contains("listener.security.protocol.map has no entry for the listener A"));
        assertThat(problems("advertised.listeners", "PLAINTEXT://0.0.0.0:9092"))
                .anyMatch(problem -> problem.contains("0.0.0.0"));
    }

    @Test
    void aFinerUnitWinsOverACoarserOne() {
        Map<String, String> properties = with("log.retention.hours", "1");
        LayeredConfig layers = new LayeredConfig(accepted(properties).config().values(), Map.of(), Map.of());
        ConfigKey retention = ConfigTable.TOPIC.get("retention.ms");

        assertThat(layers.topicValue(retention, Map.of())).contains("3600000");
        properties.put("log.retention.minutes", "2");
        LayeredConfig finer = new LayeredConfig(accepted(properties).config().values(), Map.of(), Map.of());
        assertThat(finer.topicValue(retention, Map.of())).contains("120000");
        assertThat(finer.topicValue(retention, Map.of("retention.ms", "5"))).contains("5");
    }

    private static Map<String, String> with(String key, String value) {
        Map<String, String> properties = new LinkedHashMap<>(NodeConfig.standalone());
        properties.put(key, value);
        return properties;
    }

    private static List<String> problems(String key, String value) {
        return refused(with(key, value));
    }

    private static List<String> refused(Map<String, String> properties) {
        Parsed parsed = NodeConfig.parse(properties);
        assertThat(parsed).isInstanceOf(Parsed.Refused.class);
        return ((Parsed.Refused) parsed).problems();
    }

    private static Parsed.Accepted accepted(Map<String, String> properties) {
        Parsed parsed = NodeConfig.parse(properties);
        assertThat(parsed).isInstanceOf(Parsed.Accepted.class);
        return (Parsed.Accepted) parsed;
    }
}
