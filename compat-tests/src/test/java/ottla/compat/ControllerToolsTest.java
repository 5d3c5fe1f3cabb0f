package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The stock tools that operate a cluster's metadata, asked by way of brokers and of controllers. */
class ControllerToolsTest {
    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aQuorumIsDescribedAndChanged(BrokerKind kind) throws Exception {
        try (Cluster cluster = new Cluster("ControllerTools", Cluster.Voters.DYNAMIC)
                .combined(kind)
                .candidates(kind)
                .brokers(kind)
                .start()) {
            ToolStory story = story(cluster);
            story.tell("quorum");
            story.tell("controllers");
            story.tell("cluster");
        }
    }

    /** A node of the oldest version that can be formatted becomes one of the newest, and all of that is in its log. */
    @ParameterizedTest
    @MethodSource("kinds")
    void featuresGoUpAndDown(BrokerKind kind) throws Exception {
        try (Cluster cluster = new Cluster("FeatureTools", Cluster.Voters.STATIC)
                .combined(kind)
                .formattedWith("--release-version", "3.3-IV3")
                // nothing is in the log but what is told
                .with("metadata.max.idle.interval.ms", "0")
                .start()) {
            ToolStory story = MetadataDump.in(story(cluster), cluster);
            story.tell("features");
            story.tell("storage");
            story.tell("dump");
        }
    }

    static ToolStory story(Cluster cluster) {
        ToolStory story = new ToolStory()
                .name("CLUSTER_ID", () -> BrokerProcess.CLUSTER_ID)
                .name("SERVER", () -> cluster.node(1).bootstrap())
                .name("CONTROLLER", () -> cluster.node(1).controllerAddress())
                .name(
                        "FOLDER",
                        () -> cluster.node(1).process().properties().getParent().toString())
                .deed(
                        "start",
                        ids -> ids.forEach(
                                id -> cluster.node(Integer.parseInt(id)).restart()))
                .deed(
                        "stop",
                        ids -> ids.forEach(id ->
                                cluster.node(Integer.parseInt(id)).process().terminate()))
                .deed("settle", _ -> settle(cluster))
                .deed("write", ControllerToolsTest::write);
        for (Cluster.Node node : cluster.nodes()) {
            story.name("SERVER" + node.id(), node::bootstrap)
                    .name("CONTROLLER" + node.id(), node::controllerAddress)
                    .name("PORT" + node.id(), () -> String.valueOf(node.port()))
                    .name("CONTROLLER_PORT" + node.id(), () -> String.valueOf(node.controllerPort()))
                    .name(
                            "PROPERTIES" + node.id(),
                            () -> node.process().properties().toString())
                    .name("DIRECTORY" + node.id(), () -> directoryId(node));
        }
        return story.varying("((LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): )\\d+", "$1N")
                .varying("(Epoch: )\\d+", "$1N")
                .varying("^(\\d+\\s+\\S+\\s+)\\d+\\s+\\d+\\s+\\S.*?\\s+(Leader|Follower|Observer)", "$1N N T T $2")
                // the voters of a set come in any order
                .varying(
                        "(ReplicaKey\\(id=2, directoryId=\\$DIRECTORY2\\)), (ReplicaKey\\(id=1, directoryId=\\$DIRECTORY1\\))",
                        "$2, $1")
                // what is allowed is said in words of our own
                .varying("(Invalid value never for configuration retention.ms: ).*", "$1...");
    }

    private static void write(List<String> words) {
        try {
            Files.writeString(Path.of(words.getFirst()), String.join(" ", words.subList(1, words.size())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String directoryId(Cluster.Node node) {
        Properties properties = new Properties();
        try (var file = Files.newBufferedReader(node.process().dataDirectory().resolve("meta.properties"))) {
            properties.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("directory.id");
    }

    /** Every node shows what was committed before, or it would depend on luck what the tools print. */
    private static void settle(Cluster cluster) {
        cluster.awaitCaughtUp();
        long endOffset = cluster.endOffset();
        for (Cluster.Node node : cluster.brokers()) {
            if (node.process().isAlive()) {
                Waiting.value(
                        node + " shows what stands before " + endOffset,
                        () -> versions(node.port()).finalizedFeaturesEpoch(),
                        shown -> shown >= endOffset - 1);
            }
        }
        for (Cluster.Node node : cluster.controllers()) {
            if (node.process().isAlive()) {
                Waiting.until(
                        node + " shows the same features",
                        () -> versions(node.controllerPort())
                                .finalizedFeatures()
                                .equals(versions(cluster.node(1).port()).finalizedFeatures()));
            }
        }
    }

    private static ApiVersionsResponseData versions(int port) throws IOException {
        try (RawConnection connection = new RawConnection(port)) {
            return (ApiVersionsResponseData) connection.ask(
                    ApiKeys.API_VERSIONS,
                    3,
                    new ApiVersionsRequestData().setClientSoftwareName("story").setClientSoftwareVersion("1"));
        }
    }
}
