package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * What is not compared, each with its reason. Everything else must be equal, also between two runs of Kafka itself, which is
 * how this list is shown to be complete. Paths begin with the name of the API and leave out places in arrays.
 */
final class Ignored {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** Fields whose values belong to the host, the process or the moment. */
    private static final Map<String, String> FIELDS = Map.ofEntries(
            Map.entry("ApiVersions.finalizedFeaturesEpoch", "an offset in the metadata log, which holds other records"),
            Map.entry("DescribeLogDirs.results.totalBytes", "the size of the host's file system"),
            Map.entry("DescribeLogDirs.results.usableBytes", "the free space of the host's file system"),
            Map.entry("DescribeLogDirs.results.logDir", "each broker has a directory of its own"),
            Map.entry("DescribeQuorum.topics.partitions.leaderEpoch", "a busy host makes a quorum of one elect anew"),
            Map.entry("DescribeQuorum.topics.partitions.highWatermark", "grows with time"),
            Map.entry("DescribeQuorum.topics.partitions.currentVoters.logEndOffset", "grows with time"),
            Map.entry("DescribeQuorum.topics.partitions.currentVoters.lastFetchTimestamp", "a time"),
            Map.entry("DescribeQuorum.topics.partitions.currentVoters.lastCaughtUpTimestamp", "a time"));

    /** Fields that exist once per broker under any path. */
    private static final Map<String, String> NAMES = Map.of("port", "each broker has ports of its own");

    /** Text for people, which clients show and never read: where there is none they show their own. */
    private static final Set<String> PROSE = Set.of("errorMessage", "batchIndexErrorMessage", "documentation");

    /** APIs whose words are compared all the same: the tools print them. */
    private static final Set<String> SPOKEN = Set.of(
            "ElectLeaders",
            "AlterPartitionReassignments",
            "ListPartitionReassignments",
            "DescribeUserScramCredentials",
            "AlterUserScramCredentials");

    /** Ids that a broker invents, numbered in the order of first sight, with the value that means "none". */
    private static final Map<String, String> INVENTED = Map.of(
            "producerId", "-1",
            "producerIdStart", "-1",
            "sessionId", "0",
            "brokerEpoch", "-1",
            "replicaDirectoryId", Vocabulary.NO_ID);

    /** Lists without an order: Kafka's follows its hash tables. */
    private static final Set<String> UNORDERED = Set.of(
            "Metadata.topics",
            "ListOffsets.topics",
            "ListOffsets.topics.partitions",
            "DeleteRecords.topics.partitions",
            "OffsetFetch.topics",
            "OffsetFetch.topics.partitions",
            "OffsetFetch.groups.topics",
            "OffsetFetch.groups.topics.partitions",
            "CreateTopics.topics",
            "DeleteTopics.responses",
            "CreatePartitions.results",
            "DeleteRecords.topics",
            "DeleteGroups.results",
            "JoinGroup.members",
            "DescribeGroups.groups",
            "DescribeGroups.groups.members",
            "Produce.responses",
            "Produce.responses.partitionResponses",
            "ListGroups.groups",
            "ElectLeaders.replicaElectionResults",
            "ElectLeaders.replicaElectionResults.partitionResult",
            "ListPartitionReassignments.topics",
            "AlterReplicaLogDirs.results",
            "AlterReplicaLogDirs.results.partitions",
            "DescribeLogDirs.results.topics",
            "DescribeLogDirs.results.topics.partitions",
            "DescribeConfigs.results.configs",
            "ListConfigResources.configResources",
            "AlterClientQuotas.entries",
            "AlterClientQuotas.entries.entity",
            "DescribeClientQuotas.entries",
            "DescribeClientQuotas.entries.entity",
            "DescribeClientQuotas.entries.values",
            "AlterUserScramCredentials.results",
            "DescribeUserScramCredentials.results",
            "DescribeUserScramCredentials.results.credentialInfos",
            "ApiVersions.supportedFeatures",
            "ApiVersions.finalizedFeatures");

    /** Values of the broker's own configuration that name its directory and ports. */
    private static final Set<String> HOST_CONFIGS = Set.of(
            "log.dirs", "log.dir", "listeners", "advertised.listeners", "controller.quorum.voters", "metadata.log.dir");

    private static final Pattern MEMBER_ID =
            Pattern.compile(".*-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final Names names;

    Ignored(Names names) {
        this.names = names;
    }

    /** The answer with everything replaced or left out that may differ. */
    JsonNode leftOut(ApiKeys api, JsonNode answer) {
        return clean(RequestGenerator.name(api), "", answer);
    }

    private JsonNode clean(String path, String name, JsonNode node) {
        if (FIELDS.containsKey(path) || NAMES.containsKey(name)) {
            return new TextNode("(not compared)");
        }
        if (node.isObject()) {
            ObjectNode copy = JSON.objectNode();
            node.properties()
                    .forEach(field -> copy.set(
                            field.getKey(), clean(path + "." + field.getKey(), field.getKey(), field.getValue())));
            if (HOST_CONFIGS.contains(copy.path("name").asText()) && copy.has("value")) {
                copy.put("value", "(not compared)");
                copy.remove("synonyms");
            }
            return copy;
        }
        if (node.isArray()) {
            return list(path, name, node);
        }
        return leaf(path, name, node);
    }

    private JsonNode list(String path, String name, JsonNode node) {
        List<JsonNode> elements = new ArrayList<>();
        for (JsonNode element : node) {
            if (!isLeftOut(path, element)) {
                elements.add(clean(path, name, element));
            }
        }
        if (UNORDERED.contains(path)) {
            elements.sort(Comparator.comparing(JsonNode::toString));
        }
        ArrayNode copy = JSON.arrayNode();
        elements.forEach(copy::add);
        return copy;
    }

    private static boolean isLeftOut(String path, JsonNode element) {
        return switch (path) {
            // what a broker keeps in its internal topics, and how much it is, is its own affair
            case "DescribeLogDirs.results.topics" ->
                element.path("name").asText().startsWith("__");
            // Kafka serves more APIs; of those that are served here, the versions must be the same
            case "ApiVersions.apiKeys" ->
                DifferentialTest.SERVED.stream()
                        .noneMatch(api -> api.id == element.path("apiKey").asInt());
            default -> false;
        };
    }

    private JsonNode leaf(String path, String name, JsonNode node) {
        if (PROSE.contains(name) && !SPOKEN.contains(path.substring(0, path.indexOf('.')))) {
            return new TextNode("(not compared)");
        }
        String invented = INVENTED.get(name);
        if (invented != null && !node.asText().equals(invented)) {
            return new TextNode(names.number(name, node.asText()));
        }
        if (name.equals("topicId")) {
            return new TextNode(names.ofTopic(node.asText()));
        }
        if (node.isTextual() && MEMBER_ID.matcher(node.asText()).matches()) {
            return new TextNode(names.number("member", node.asText()));
        }
        return node;
    }
}
