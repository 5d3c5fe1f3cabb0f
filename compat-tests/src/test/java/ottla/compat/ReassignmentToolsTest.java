package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code kafka-reassign-partitions} moves a replica between directories; {@code kafka-leader-election} finds nothing to do. */
class ReassignmentToolsTest {
    private static final TopicPartition MOVED = new TopicPartition("moved", 0);

    /** At a hundred kilobytes a second this takes longer than the tools that look on. */
    private static final int RECORDS = 4_000;

    @TempDir
    private Path root;

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aReplicaMovesBetweenDirectories(BrokerKind kind) throws Exception {
        List<String> directories = List.of(
                root.resolve("first").toAbsolutePath().toString(),
                root.resolve("second").toAbsolutePath().toString());
        try (BrokerProcess broker =
                BrokerProcess.start(kind, "ReassignmentTools", Map.of("log.dirs", String.join(",", directories)))) {
            Clients clients = Clients.of(broker);
            StockTools tools = StockTools.of(broker);
            clients.createTopic(MOVED.topic(), 1);
            try (KafkaProducer<String, String> producer = clients.producer()) {
                Clients.deliver(
                        producer,
                        IntStream.range(0, RECORDS)
                                .mapToObj(i -> new ProducerRecord<>(MOVED.topic(), "k" + i, "v".repeat(1_000))));
            }
            String from = place(clients, directories);
            String target = directories.get(1 - directories.indexOf(from));
            String topics = file("topics.json", "{\"topics\":[{\"topic\":\"moved\"}],\"version\":1}");
            String plan = file("plan.json", assignment(target));

            List<String> present = List.of("Current partition replica assignment", assignment(from));
            assertThat(tools.reassignPartitions(
                                    "--topics-to-move-json-file", topics, "--broker-list", "1", "--generate")
                            .lines())
                    .containsExactly(
                            present.get(0),
                            present.get(1),
                            "Proposed partition reassignment configuration",
                            assignment("any"));
            assertThat(tools.reassignPartitions("--list").lines()).containsExactly("No partition reassignments found.");

            assertThat(tools.reassignPartitions(
                                    "--reassignment-json-file",
                                    plan,
                                    "--execute",
                                    "--throttle",
                                    "1000000",
                                    "--replica-alter-log-dirs-throttle",
                                    "100000")
                            .lines())
                    .containsAll(present)
                    .contains(
                            "The inter-broker throttle limit was set to 1000000 B/s",
                            "The replica-alter-dir throttle limit was set to 100000 B/s",
                            "Successfully started partition reassignment for moved-0")
                    .contains(started(target));
            Waiting.value("the throttles are set", () -> throttles(clients), set -> set.size() == 5);
            assertThat(tools.reassignPartitions("--reassignment-json-file", plan, "--verify")
                            .lines())
                    .contains(
                            "Reassignment of partition moved-0 is completed.",
                            "Reassignment of replica moved-0-1 is still in progress.");
            assertThat(tools.reassignPartitions("--reassignment-json-file", plan, "--cancel")
                            .lines())
                    .containsExactly(
                            "None of the specified partition reassignments are active.",
                            started(from),
                            "Clearing broker-level throttles on broker 1",
                            "Clearing topic-level throttles on topic moved");
            Waiting.value("the throttles are gone", () -> throttles(clients), List::isEmpty);
            assertThat(place(clients, directories)).isEqualTo(from);

            assertThat(tools.reassignPartitions("--reassignment-json-file", plan, "--execute")
                            .lines())
                    .contains(started(target));
            Waiting.until("it has moved", () -> place(clients, directories).equals(target));
            assertThat(tools.reassignPartitions("--reassignment-json-file", plan, "--verify")
                            .lines())
                    .contains("Reassignment of replica moved-0-1 completed successfully.");

            assertThat(tools.leaderElection("--election-type", "unclean", "--topic", "moved", "--partition", "0")
                            .lines())
                    .containsExactly("Valid replica already elected for partitions moved-0");
            ToolRun unknown =
                    tools.leaderElection("--election-type", "preferred", "--topic", "nope", "--partition", "0");
            assertThat(unknown.status()).isEqualTo(1);
            assertThat(unknown.output()).contains("No such topic as nope");
        }
    }

    private static String started(String directory) {
        return "Successfully started moving log directory to " + directory + " for replica moved-0 with broker 1 ";
    }

    /** What the tool has set on the broker and on the topic. */
    private static List<String> throttles(Clients clients) throws Exception {
        ConfigResource ofBroker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        ConfigResource ofTopic = new ConfigResource(ConfigResource.Type.TOPIC, MOVED.topic());
        try (Admin admin = clients.admin()) {
            Map<ConfigResource, Config> described =
                    admin.describeConfigs(List.of(ofBroker, ofTopic)).all().get();
            return described.values().stream()
                    .flatMap(config -> config.entries().stream())
                    .filter(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG
                            || entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                    .map(ConfigEntry::name)
                    .sorted()
                    .toList();
        }
    }

    private static String assignment(String directory) {
        return "{\"version\":1,\"partitions\":[{\"topic\":\"moved\",\"partition\":0,\"replicas\":[1],\"log_dirs\":[\""
                + directory + "\"]}]}";
    }

    private String file(String name, String content) throws Exception {
        return Files.writeString(root.resolve(name), content).toString();
    }

    private static String place(Clients clients, List<String> directories) {
        return Waiting.value(
                        "the log is somewhere",
                        () -> directories.stream()
                                .filter(directory ->
                                        replicas(clients, directory).containsKey(MOVED)
                                                && !replicas(clients, directory)
                                                        .get(MOVED)
                                                        .isFuture())
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static Map<TopicPartition, ReplicaInfo> replicas(Clients clients, String directory) {
        try (Admin admin = clients.admin()) {
            return admin.describeLogDirs(List.of(1))
                    .allDescriptions()
                    .get()
                    .get(1)
                    .get(directory)
                    .replicaInfos();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
