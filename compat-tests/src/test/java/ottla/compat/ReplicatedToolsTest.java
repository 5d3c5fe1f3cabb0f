package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the stock tools say of three brokers and do with them while one and two of them are down, word for word. */
class ReplicatedToolsTest {
    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void replicasAreDescribedElectedAndMoved(BrokerKind kind) throws Exception {
        try (Cluster cluster = new Cluster("ReplicatedTools", Cluster.Voters.STATIC)
                .controllers(kind)
                .brokers(kind, kind, kind)
                .ofShortLife()
                // nobody moves anything by himself
                .with("auto.leader.rebalance.enable", "false")
                .start()) {
            story(cluster).tell("replicas");
            assertVerified(cluster);
        }
    }

    private static ToolStory story(Cluster cluster) {
        ToolStory story = new ToolStory()
                .name("CLUSTER_ID", () -> BrokerProcess.CLUSTER_ID)
                .name(
                        "FOLDER",
                        () -> cluster.node(1).process().properties().getParent().toString())
                .name("CONTROLLER", () -> cluster.node(1).controllerAddress())
                .deed("start", ids -> ids.forEach(id -> node(cluster, id).restart()))
                .deed(
                        "stop",
                        ids -> ids.forEach(id -> node(cluster, id).process().terminate()))
                .deed("settle", _ -> awaitShown(cluster, topics -> true))
                .deed("whole", _ -> awaitShown(cluster, ReplicatedToolsTest::allInSync))
                .deed("moved", _ -> awaitMoved(cluster))
                .deed("reassign", words -> reassign(cluster, words))
                .deed("records", words -> write(cluster, words))
                .deed("write", ReplicatedToolsTest::write);
        for (Cluster.Node broker : cluster.brokers()) {
            story.name("SERVER" + broker.id(), broker::bootstrap)
                    .name(
                            "DATA" + broker.id(),
                            () -> broker.process().dataDirectory().toString())
                    .name("DIRECTORY" + broker.id(), () -> ControllerToolsTest.directoryId(broker));
        }
        return story.varying("((LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): )\\d+", "$1N")
                .varying("^(\\d+\\s+\\S+\\s+)\\d+\\s+\\d+\\s+\\S.*?\\s+(Leader|Follower|Observer)", "$1N N T T $2")
                .varying("(TopicId: )\\S+", "$1ID")
                // it begins anywhere
                .varying("(\"replicas\":)\\[\\d+,\\d+\\](,\"log_dirs\":\\[\"any\",\"any\"\\])", "$1[...]$2")
                .arranged(ReplicatedToolsTest::sorted);
    }

    /** The order in which replicas have come into a set, or observers to the quorum, is nobody's business. */
    private static List<String> sorted(List<String> lines) {
        Stream<String> arranged = lines.stream()
                .map(line -> sorted(line, "(Isr: )([\\d,]+)", ","))
                .map(line -> sorted(line, "(CurrentObservers: \\[)([^]]+)", "(?<=}), "));
        boolean isTable = !lines.isEmpty() && lines.getFirst().startsWith("NodeId ");
        return (isTable ? arranged.sorted(Comparator.comparing(line -> line.matches("\\d.*") ? line : "")) : arranged)
                .toList();
    }

    /** With the parts of the second group in their natural order. */
    private static String sorted(String line, String regex, String separator) {
        return Pattern.compile(regex)
                .matcher(line)
                .replaceAll(found -> Matcher.quoteReplacement(found.group(1)
                        + Stream.of(found.group(2).split(separator)).sorted().collect(Collectors.joining(","))));
    }

    private static Cluster.Node node(Cluster cluster, String id) {
        return cluster.node(Integer.parseInt(id));
    }

    private static void write(List<String> words) {
        try {
            Files.writeString(Path.of(words.getFirst()), String.join(" ", words.subList(1, words.size())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void reassign(Cluster cluster, List<String> words) {
        TopicPartition partition = new TopicPartition(words.getFirst(), Integer.parseInt(words.get(1)));
        List<Integer> replicas =
                Stream.of(words.get(2).split(",")).map(Integer::valueOf).toList();
        try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
            admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(replicas))))
                    .all()
                    .get();
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Records with the timestamps given, each acknowledged by all replicas. */
    private static void write(Cluster cluster, List<String> words) {
        try (KafkaProducer<String, String> producer =
                new Clients(cluster.bootstrap()).producer("batch.size", "1", "linger.ms", "0")) {
            for (String timestamp : words.subList(2, words.size())) {
                producer.send(new ProducerRecord<>(
                                words.getFirst(),
                                Integer.valueOf(words.get(1)),
                                Long.valueOf(timestamp),
                                "key",
                                "value"))
                        .get();
            }
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Every broker that runs shows the others that run, none else in sync of what has a leader, and all as wanted. */
    private static void awaitShown(
            Cluster cluster, Predicate<List<MetadataResponseData.MetadataResponsePartition>> wanted) {
        cluster.awaitCaughtUp();
        Set<Integer> running = cluster.brokers().stream()
                .filter(broker -> broker.process().isAlive())
                .map(Cluster.Node::id)
                .collect(Collectors.toSet());
        for (int id : running) {
            Waiting.value(
                    "broker " + id + " shows what " + running + " have",
                    () -> metadata(cluster.node(id)),
                    shown -> shown.brokers().stream()
                                    .map(MetadataResponseData.MetadataResponseBroker::nodeId)
                                    .collect(Collectors.toSet())
                                    .equals(running)
                            && partitions(shown).stream()
                                    .filter(partition -> partition.leaderId() >= 0)
                                    .allMatch(partition -> running.containsAll(partition.isrNodes()))
                            && wanted.test(partitions(shown)));
        }
    }

    private static List<MetadataResponseData.MetadataResponsePartition> partitions(MetadataResponseData shown) {
        return shown.topics().stream()
                .flatMap(topic -> topic.partitions().stream())
                .toList();
    }

    private static boolean allInSync(List<MetadataResponseData.MetadataResponsePartition> partitions) {
        return partitions.stream()
                .allMatch(partition ->
                        partition.isrNodes().size() == partition.replicaNodes().size());
    }

    private static MetadataResponseData metadata(Cluster.Node broker) throws IOException {
        try (RawConnection connection = new RawConnection(broker.port())) {
            return (MetadataResponseData)
                    connection.ask(ApiKeys.METADATA, 9, new MetadataRequestData().setTopics(null));
        }
    }

    private static void awaitMoved(Cluster cluster) {
        try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
            Waiting.value(
                    "nothing moves any more",
                    () -> admin.listPartitionReassignments()
                            .reassignments()
                            .get()
                            .keySet(),
                    Set::isEmpty);
        }
        awaitShown(cluster, ReplicatedToolsTest::allInSync);
    }

    /** {@code kafka-replica-verification} goes on until it is told to stop: its first report is awaited. */
    private static void assertVerified(Cluster cluster) throws IOException {
        List<String> command = Jvm.tool(
                "org.apache.kafka.tools.ReplicaVerificationTool",
                "--broker-list",
                cluster.bootstrap(),
                "--topics-include",
                "three|two|one",
                "--report-interval-ms",
                "100");
        Path said = cluster.node(1).process().directory().resolve("verification.txt");
        Process tool = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
            Waiting.value(
                    "all replicas are reported to be equal",
                    () -> Files.readAllLines(said),
                    lines -> lines.stream()
                            .anyMatch(line -> line.matches(".*: max lag is 0 for partition .* among 5 partitions")));
        } finally {
            tool.destroyForcibly();
        }
    }
}
