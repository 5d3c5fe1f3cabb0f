package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The tools that ask about the node itself. */
@OnEachBroker
class ClusterToolsTest {
    private static final Pattern SERVED_API =
            Pattern.compile("\\s*(\\w+)\\((\\d+)\\): (\\d+)(?: to (\\d+))? \\[usable: (\\d+)\\],?");

    private final BrokerProcess broker;
    private final StockTools tools;

    ClusterToolsTest(BrokerProcess broker) {
        this.broker = broker;
        tools = StockTools.of(broker);
    }

    @Test
    void theClusterIdIsTheOneOfTheDirectory() {
        assertThat(tools.cluster("cluster-id").lines()).containsExactly("Cluster ID: " + broker.clusterId());
    }

    @Test
    void theEndpointsAreListed() {
        List<String> lines = tools.cluster("list-endpoints").lines();

        assertThat(lines).hasSize(2);
        assertThat(lines.get(1)).matches("1 +127\\.0\\.0\\.1 " + broker.port() + " +null +unfenced +broker *");
    }

    @Test
    void theServedApisAreListed() {
        Map<String, String> highest = new TreeMap<>();
        for (String line : tools.apiVersions().lines()) {
            Matcher api = SERVED_API.matcher(line);
            if (api.matches()) {
                highest.put(api.group(1), api.group(5));
            }
        }

        assertThat(highest)
                .containsEntry("Produce", "13")
                .containsEntry("Fetch", "18")
                .containsEntry("ListOffsets", "11")
                .containsEntry("Metadata", "13")
                .containsEntry("OffsetCommit", "10")
                .containsEntry("OffsetFetch", "10")
                .containsEntry("FindCoordinator", "6")
                .containsEntry("JoinGroup", "9")
                .containsEntry("CreateTopics", "7")
                .containsEntry("InitProducerId", "5")
                .containsEntry("DescribeTopicPartitions", "0");
    }

    @Test
    void theLogDirectoryIsDescribed() {
        tools.createTopic("measured", 1);
        tools.consoleProducer("abc\n", "--topic", "measured").succeeded();

        List<String> lines =
                tools.logDirs("--describe", "--topic-list", "measured").lines();

        assertThat(lines.subList(0, 2))
                .containsExactly(
                        "Querying brokers for log directories information",
                        "Received log directory information from brokers 1");
        assertThat(lines.get(2))
                .isEqualTo("{\"brokers\":[{\"broker\":1,\"logDirs\":[{\"partitions\":[{\"partition\":\"measured-0\","
                        + "\"size\":71,\"offsetLag\":0,\"isFuture\":false}],\"error\":null,\"logDir\":\""
                        + broker.dataDirectory() + "\"}]}],\"version\":1}");
    }

    @Test
    void theMetadataQuorumIsDescribed() {
        List<String> lines = tools.metadataQuorum("describe", "--status").lines();

        assertThat(lines.stream().map(line -> line.replaceAll(":\\s+", ": ")))
                .contains(
                        "ClusterId: " + broker.clusterId(),
                        "LeaderId: 1",
                        "MaxFollowerLag: 0",
                        "CurrentVoters: [{\"id\": 1, \"endpoints\": [\"CONTROLLER://127.0.0.1:"
                                + broker.controllerPort() + "\"]}]",
                        "CurrentObservers: []");
        assertThat(tools.metadataQuorum("describe", "--replication").lines().get(1))
                .matches("1\\s+\\S+\\s+\\d+\\s+0\\s+\\d+\\s+\\d+\\s+Leader\\s*");
    }

    @Test
    void theFeaturesAreDescribed() {
        assertThat(tools.features("describe").lines())
                .anyMatch(line -> line.matches(
                        "Feature: metadata.version\\s+SupportedMinVersion: 3.3-IV3\\s+SupportedMaxVersion: 4.3-IV0\\s+"
                                + "FinalizedVersionLevel: 4.3-IV0\\s+Epoch: \\d+"))
                .anyMatch(line -> line.matches("Feature: group.version\\s+.*FinalizedVersionLevel: 1\\s+Epoch: \\d+"));
    }
}
