package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.internal.MemoryRecords;
import ottla.compat.BrokerProcess;
import ottla.compat.RawConnection;
import ottla.compat.Waiting;

/**
 * One of the two brokers and all that is known of it: its connections, and its own values behind the names in requests. Owned
 * by the thread of the test.
 */
final class Side implements AutoCloseable {
    static final String BARRIER_TOPIC = "barrier";
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final BrokerProcess broker;
    private final Map<Step.Listener, RawConnection> connections = new EnumMap<>(Step.Listener.class);
    private final Map<ApiKeys, Schema> schemas = new EnumMap<>(ApiKeys.class);
    private final Names names = new Names();
    private final Sequences sequences = new Sequences();
    private int barriers;

    Side(BrokerProcess broker) {
        this.broker = broker;
    }

    BrokerProcess broker() {
        return broker;
    }

    Names names() {
        return names;
    }

    /** Sends the request and returns the answer as JSON, still with this broker's own values. */
    JsonNode ask(Step step) throws IOException {
        RawConnection connection = connections.get(step.listener());
        if (connection == null) {
            connection = connect(step.listener());
            connections.put(step.listener(), connection);
        }
        try {
            return ask(connection, step);
        } catch (EOFException | SocketException closed) {
            connection.close();
            connections.remove(step.listener());
            return JSON.objectNode().put("connection", "closed");
        } catch (SocketTimeoutException late) {
            connection.close();
            connections.remove(step.listener());
            return JSON.objectNode().put("answer", "none");
        }
    }

    JsonNode ask(RawConnection connection, Step step) throws IOException {
        return receive(connection, step, send(connection, step));
    }

    RawConnection.Sent send(RawConnection connection, Step step) throws IOException {
        return connection.send(step.api(), step.version(), message(step));
    }

    JsonNode receive(RawConnection connection, Step step, RawConnection.Sent sent) throws IOException {
        ApiMessage response = connection.receive(sent);
        JsonNode answer = Json.of(response, (short) step.version());
        if (response instanceof FetchResponseData fetched) {
            showRecords(fetched, answer);
        }
        names.learn(step, answer);
        sequences.learn(step.api(), answer);
        return answer;
    }

    RawConnection connect(Step.Listener listener) throws IOException {
        return new RawConnection(listener == Step.Listener.BROKER ? broker.port() : broker.controllerPort());
    }

    /**
     * Returns when the broker has taken in every change of metadata that was answered so far. Changes are taken in one after
     * the other, so when the second of two further ones can be seen, all that was before is done.
     */
    void settle() throws IOException {
        for (int i = 0; i < 2; i++) {
            String value = String.valueOf(100_000_000 + barriers++);
            ask(Steps.alterTopicConfig(BARRIER_TOPIC, "retention.ms", value));
            Step describe = Steps.describeTopicConfig(BARRIER_TOPIC, "retention.ms");
            Waiting.until(
                    "a change of metadata is seen",
                    () -> ask(describe).findValue("value").asText().equals(value));
        }
        for (JsonNode topic : ask(Steps.metadataOfAllTopics()).get("topics")) {
            names.learnTopic(topic.get("name").asText(), topic.get("topicId").asText());
        }
    }

    @Override
    public void close() throws IOException {
        for (RawConnection connection : connections.values()) {
            connection.close();
        }
        broker.close();
    }

    private ApiMessage message(Step step) {
        Schema schema = schemas.computeIfAbsent(step.api(), Schema::of);
        ObjectNode resolved = (ObjectNode) resolve(step.request());
        if (step.api() == ApiKeys.PRODUCE) {
            sequences.fill(resolved, names);
        }
        fit(resolved, schema.fields());
        return Json.request(step.api(), resolved, (short) step.version());
    }

    private JsonNode resolve(JsonNode node) {
        if (node.isObject()) {
            ObjectNode copy = JSON.objectNode();
            node.properties().forEach(entry -> copy.set(entry.getKey(), resolve(entry.getValue())));
            return copy;
        }
        if (node.isArray()) {
            ArrayNode copy = JSON.arrayNode();
            node.forEach(element -> copy.add(resolve(element)));
            return copy;
        }
        boolean named = node.isTextual()
                && node.asText().startsWith("$")
                && !node.asText().startsWith("$batch:");
        if (!named) {
            return node;
        }
        return switch (node.asText()) {
            case "$cluster" -> new TextNode(broker.clusterId());
            case "$directory" -> new TextNode(broker.dataDirectory().toString());
            default -> names.value(node.asText());
        };
    }

    /** Kafka's converters insist on the width of numbers. */
    private static void fit(ObjectNode struct, List<Schema.Field> fields) {
        for (Schema.Field field : fields) {
            JsonNode value = struct.get(field.jsonName());
            if (value == null) {
                continue;
            }
            if (value.isArray()) {
                ArrayNode array = (ArrayNode) value;
                for (int i = 0; i < array.size(); i++) {
                    array.set(i, fit(array.get(i), field));
                }
            } else {
                struct.set(field.jsonName(), fit(value, field));
            }
        }
    }

    private static JsonNode fit(JsonNode value, Schema.Field field) {
        if (value.isObject()) {
            fit((ObjectNode) value, field.fields());
            return value;
        }
        if (!value.isNumber() || field.elementType().equals("float64")) {
            return value;
        }
        boolean wide =
                field.elementType().equals("int64") || field.elementType().equals("uint32");
        return wide ? new LongNode(value.asLong()) : new IntNode(value.asInt());
    }

    private static void showRecords(FetchResponseData response, JsonNode answer) {
        for (int i = 0; i < response.responses().size(); i++) {
            FetchResponseData.FetchableTopicResponse topic =
                    response.responses().get(i);
            for (int j = 0; j < topic.partitions().size(); j++) {
                ObjectNode partition = (ObjectNode)
                        answer.get("responses").get(i).get("partitions").get(j);
                if (topic.partitions().get(j).records() instanceof MemoryRecords records) {
                    byte[] bytes = new byte[records.sizeInBytes()];
                    records.buffer().duplicate().get(bytes);
                    partition.set("records", new BinaryNode(bytes));
                }
            }
        }
    }

    /** Which sequence number each producer uses next in each partition. */
    private static final class Sequences {
        private final Map<String, Integer> next = new HashMap<>();
        private final Map<String, Pending> pending = new HashMap<>();

        private record Pending(String key, int end) {}

        /** Replaces the descriptions of batches by their bytes. */
        void fill(ObjectNode produce, Names names) {
            pending.clear();
            for (JsonNode topic : produce.get("topicData")) {
                String topicName = topic.has("topicId")
                        ? topic.get("topicId").asText()
                        : topic.get("name").asText();
                for (JsonNode partition : topic.get("partitionData")) {
                    JsonNode records = partition.get("records");
                    if (records.isTextual()) {
                        String place = topicName + "/" + partition.get("index").asInt();
                        ((ObjectNode) partition).set("records", new BinaryNode(bytes(place, records.asText(), names)));
                    }
                }
            }
        }

        void learn(ApiKeys api, JsonNode answer) {
            if (api != ApiKeys.PRODUCE) {
                return;
            }
            for (JsonNode topic : answer.get("responses")) {
                String topicName = topic.has("topicId")
                        ? topic.get("topicId").asText()
                        : topic.get("name").asText();
                for (JsonNode partition : topic.get("partitionResponses")) {
                    Pending sent =
                            pending.get(topicName + "/" + partition.get("index").asInt());
                    if (sent != null && partition.get("errorCode").asInt() == 0) {
                        next.put(sent.key, sent.end);
                    }
                }
            }
        }

        private byte[] bytes(String place, String text, Names names) {
            Batches.Description wanted = Batches.Description.parse(text.substring("$batch:".length()));
            if (wanted.producer().equals("-")) {
                return Batches.bytes(wanted, -1, -1);
            }
            long producerId = names.producerId(Integer.parseInt(wanted.producer()));
            String key = producerId + "/" + wanted.epoch() + "/" + place;
            int sequence = wanted.sequence() >= 0 ? wanted.sequence() : next.getOrDefault(key, 0);
            if (wanted.fault().equals("sound")) {
                pending.put(place, new Pending(key, sequence + wanted.count()));
            }
            return Batches.bytes(wanted, producerId, sequence);
        }
    }
}
