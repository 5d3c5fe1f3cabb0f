package ottla.compat.suite;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Which of Kafka's tests are about which of its command-line tools. */
final class ToolTests {
    private static final Map<String, List<String>> CLASSES = Map.ofEntries(
            Map.entry("kafka-acls", List.of("AclCommandTest")),
            Map.entry("kafka-broker-api-versions", List.of("BrokerApiVersionsCommandTest")),
            Map.entry("kafka-cluster", List.of("ClusterToolTest")),
            Map.entry("kafka-configs", List.of("ConfigCommandIntegrationTest", "UserScramCredentialsCommandTest")),
            Map.entry("kafka-console-consumer", List.of("ConsoleConsumerTest")),
            Map.entry(
                    "kafka-consumer-groups",
                    List.of(
                            "DeleteConsumerGroupsTest",
                            "DeleteOffsetsConsumerGroupCommandIntegrationTest",
                            "DescribeConsumerGroupTest",
                            "ListConsumerGroupTest",
                            "ResetConsumerGroupOffsetTest")),
            Map.entry("kafka-delete-records", List.of("DeleteRecordsCommandTest")),
            Map.entry("kafka-features", List.of("FeatureCommandTest")),
            Map.entry("kafka-get-offsets", List.of("GetOffsetShellTest")),
            Map.entry("kafka-groups", List.of("GroupsCommandTest")),
            Map.entry("kafka-leader-election", List.of("LeaderElectionCommandTest")),
            Map.entry("kafka-log-dirs", List.of("LogDirsCommandTest")),
            Map.entry("kafka-metadata-quorum", List.of("MetadataQuorumCommandTest")),
            Map.entry("kafka-reassign-partitions", List.of("ReassignPartitionsCommandTest")),
            Map.entry("kafka-topics", List.of("TopicCommandTest")));

    private ToolTests() {}

    /** Whether a test class is about a tool, which may be called by its script's name. */
    static boolean isAbout(String tool, String simpleClassName) {
        return CLASSES.getOrDefault(tool.replaceFirst("\\.sh$", ""), List.of()).contains(simpleClassName);
    }

    static Set<String> tools() {
        return new TreeSet<>(CLASSES.keySet());
    }
}
