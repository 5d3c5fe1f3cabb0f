package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.protocol.ApiKeys;

/** Makes requests of any API in any version, always the same from the same seed. */
final class RequestGenerator {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private static final Map<String, Integer> FEATURES = Map.of(
            "metadata.version", 30,
            "kraft.version", 1,
            "transaction.version", 2,
            "group.version", 1,
            "eligible.leader.replicas.version", 1,
            "share.version", 1,
            "streams.version", 1);

    /** On a controller's listener the first means something else, and at the others Kafka 4.3.1 fails or falls silent. */
    private static final Set<ApiKeys> ANSWERED_BY_BROKERS =
            Set.of(ApiKeys.FETCH, ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, ApiKeys.DESCRIBE_DELEGATION_TOKEN);

    private final Map<ApiKeys, Schema> schemas = new EnumMap<>(ApiKeys.class);
    private Vocabulary words = new Vocabulary(new Random(0));

    /** A request, with the listener that it goes to. */
    Step next(ApiKeys api, int version, Random random) {
        words = new Vocabulary(random);
        Schema schema = schemas.computeIfAbsent(api, Schema::of);
        ObjectNode request = JSON.objectNode();
        fill(request, name(api), schema.fields(), version);
        return new Step(api, version, listener(schema), request);
    }

    private Step.Listener listener(Schema schema) {
        if (!schema.listeners().contains("broker")) {
            return Step.Listener.CONTROLLER;
        }
        boolean both = schema.listeners().contains("controller") && !ANSWERED_BY_BROKERS.contains(schema.api());
        return both && words.chance(15) ? Step.Listener.CONTROLLER : Step.Listener.BROKER;
    }

    private void fill(ObjectNode struct, String path, Iterable<Schema.Field> fields, int version) {
        for (Schema.Field field : fields) {
            boolean left = field.tagged().contains(version) && !words.chance(20);
            if (field.versions().contains(version) && !left) {
                struct.set(field.jsonName(), value(path + "." + field.name(), field, version));
            }
        }
        mend(struct, path, version);
    }

    private JsonNode value(String path, Schema.Field field, int version) {
        boolean structs = !field.fields().isEmpty();
        if (field.nullable().contains(version) && (field.isArray() || structs) && words.chance(structs ? 20 : 40)) {
            return NullNode.getInstance();
        }
        if (field.isArray()) {
            ArrayNode array = JSON.arrayNode();
            int size = size(path);
            for (int i = 0; i < size; i++) {
                array.add(structs ? struct(path, field, version) : words.value(path, field));
            }
            return array;
        }
        return structs ? struct(path, field, version) : words.value(path, field);
    }

    private int size(String path) {
        return switch (path) {
            // replicas are rarely placed by hand
            case "CreateTopics.Topics.Assignments", "CreatePartitions.Topics.Assignments" -> words.bad() ? 1 : 0;
            // Kafka 4.3.1 never answers when one resource is named twice, and nobody can want that
            case "AlterConfigs.Resources", "IncrementalAlterConfigs.Resources" -> words.oneOf(0, 1, 1, 1, 1, 1);
            default -> words.oneOf(0, 1, 1, 1, 1, 2);
        };
    }

    private ObjectNode struct(String path, Schema.Field field, int version) {
        ObjectNode struct = JSON.objectNode();
        fill(struct, path, field.fields(), version);
        return struct;
    }

    /** Makes fields fit each other where independent choices would nearly always be refused. */
    private void mend(ObjectNode struct, String path, int version) {
        switch (path) {
            case "Metadata.Topics" -> nameOrId(struct, version >= 12);
            case "DeleteTopics.Topics" -> nameOrId(struct, true);
            case "Fetch" -> session(struct, version);
            case "Produce" -> eachPartitionOnce(struct);
            case "BrokerRegistration" -> registration(struct, version);
            case "DescribeConfigs.Resources", "AlterConfigs.Resources", "IncrementalAlterConfigs.Resources" ->
                resource(struct, path);
            case "AlterClientQuotas.Entries.Entity", "DescribeClientQuotas.Components" -> quotaEntity(struct);
            case "UpdateFeatures.FeatureUpdates" -> {
                // a change that succeeds would change what the rest of the sequence means
                boolean known = words.chance(50);
                struct.put("feature", known ? "metadata.version" : words.oneOf("nope", ""));
                struct.put("maxVersionLevel", known ? words.oneOf(30, 31, 99) : words.oneOf(1, 0, -1));
            }
            case "JoinGroup" -> {
                // joins that succeed wait for members: GroupScenario has them
                if (words.chance(50)) {
                    struct.put("memberId", "stranger").put("sessionTimeoutMs", 10_000);
                }
            }
            default -> {}
        }
    }

    private void nameOrId(ObjectNode struct, boolean idsAreServed) {
        if (!struct.has("topicId")) {
            return;
        }
        if (idsAreServed && words.chance(40)) {
            struct.set("name", NullNode.getInstance());
        } else if (!words.bad()) {
            struct.put("topicId", Vocabulary.NO_ID);
        }
    }

    /** Of a partition that is named twice with different faults, Kafka writes the one and answers for the other. */
    private static void eachPartitionOnce(ObjectNode request) {
        Set<String> seen = new HashSet<>();
        for (JsonNode topic : request.withArray("topicData")) {
            String name = topic.path("name").asText() + topic.path("topicId").asText();
            Iterator<JsonNode> partitions = topic.withArray("partitionData").iterator();
            while (partitions.hasNext()) {
                if (!seen.add(name + " " + partitions.next().path("index"))) {
                    partitions.remove();
                }
            }
        }
    }

    private void session(ObjectNode request, int version) {
        if (version < 7) {
            return;
        }
        int mood = words.oneOf(0, 0, 0, 0, 1, 1, 2, 2, 3);
        switch (mood) {
            case 0 -> request.put("sessionId", 0).put("sessionEpoch", -1);
            case 1 -> request.put("sessionId", 0).put("sessionEpoch", 0);
            case 2 -> {
                request.set("sessionId", new TextNode("$session"));
                request.set("sessionEpoch", new TextNode("$session-epoch"));
            }
            default -> {
                request.set("sessionId", words.chance(50) ? new TextNode("$session") : JSON.numberNode(12345));
                request.put("sessionEpoch", words.oneOf(77, 1, -1));
            }
        }
        if (mood != 2) {
            request.set("forgottenTopicsData", JSON.arrayNode());
        }
    }

    /** A broker must know every feature that is in force (KIP-584), which independent choices never name. */
    private void registration(ObjectNode request, int version) {
        if (words.bad()) {
            return;
        }
        ArrayNode features = JSON.arrayNode();
        FEATURES.forEach((name, highest) -> features.add(JSON.objectNode()
                .put("name", name)
                .put("minSupportedVersion", name.equals("metadata.version") ? 7 : 0)
                .put("maxSupportedVersion", highest)));
        request.set("features", features);
        request.set(
                "listeners",
                JSON.arrayNode()
                        .add(JSON.objectNode()
                                .put("name", "PLAINTEXT")
                                .put("host", "elsewhere")
                                .put("port", 19092)
                                .put("securityProtocol", 0)));
        if (version >= 1) {
            request.put("isMigratingZkBroker", false);
        }
        if (version >= 2) {
            request.set("logDirs", JSON.arrayNode().add("AAAAAAAAAAAAAAAAAAAAyA"));
        }
    }

    /** As JSON with single quotes, for requests that are written by hand. */
    static String allFeatures() {
        return FEATURES.entrySet().stream()
                .map(feature -> "{'name': '%s', 'minSupportedVersion': %d, 'maxSupportedVersion': %d}"
                        .formatted(
                                feature.getKey(),
                                feature.getKey().equals("metadata.version") ? 7 : 0,
                                feature.getValue()))
                .collect(Collectors.joining(", "));
    }

    private void resource(ObjectNode struct, String path) {
        if (words.bad()) {
            return;
        }
        if (words.chance(30)) {
            ofGroupOrSubscription(struct);
            return;
        }
        boolean broker = words.chance(path.startsWith("Describe") ? 40 : 15);
        struct.put("resourceType", broker ? 4 : 2);
        struct.put("resourceName", broker ? words.oneOf("1", "1", "", "7") : words.oneOf(Vocabulary.CHANGING));
    }

    /** A group or a subscription to client metrics, with keys and values of its own instead of a topic's. */
    private void ofGroupOrSubscription(ObjectNode struct) {
        boolean group = words.chance(50);
        struct.put("resourceType", group ? 32 : 16);
        struct.put("resourceName", words.oneOf("r1", "r1", "r2", "r2", "r3", ""));
        for (JsonNode config : struct.path("configs")) {
            ((ObjectNode) config).put("name", group ? words.groupKey() : words.metricsKey());
            if (!config.path("value").isNull() && !words.bad()) {
                ((ObjectNode) config).put("value", group ? words.groupValue() : words.metricsValue());
            }
        }
        if (struct.path("configurationKeys").isArray()
                && !struct.path("configurationKeys").isEmpty()) {
            struct.putArray("configurationKeys").add(group ? words.groupKey() : words.metricsKey());
        }
    }

    /** Names of users cannot be looked up as hosts: how long that takes, and with what end, depends on where the test runs. */
    private void quotaEntity(ObjectNode struct) {
        if (struct.path("entityType").asText().equals("ip")) {
            String field = struct.has("entityName") ? "entityName" : "match";
            String name = words.oneOf("127.0.0.1", "::1", "10.1", "localhost", "no host", "");
            struct.set(field, name.isEmpty() ? NullNode.getInstance() : new TextNode(name));
        }
        if (struct.has("matchType") && !words.bad()) {
            boolean named = !struct.path("match").isNull();
            struct.put("matchType", named ? 0 : (int) words.oneOf(1, 2));
        }
    }

    /** The API's name in its schema, without "Request". */
    static String name(ApiKeys api) {
        return api.messageType.newRequest().getClass().getSimpleName().replace("RequestData", "");
    }
}
