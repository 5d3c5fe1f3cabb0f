package ottla.wire.message;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import ottla.base.Uuid;
import ottla.generator.VersionRange;
import ottla.wire.message.KafkaSchemas.KafkaMessage;

/** Seeded content for any message in any version, with a liking for the extremes: null, empty, least, greatest. */
final class RandomContent {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Random random;
    private final Map<String, JsonNode> structs = new HashMap<>();
    private final int version;

    RandomContent(KafkaMessage message, int version, Random random) {
        this.random = random;
        this.version = version;
        message.schema()
                .path("commonStructs")
                .forEach(s -> structs.put(s.get("name").asText(), s.get("fields")));
        collect(message.schema().get("fields"));
    }

    private void collect(JsonNode fields) {
        for (JsonNode field : fields) {
            if (field.has("fields")) {
                structs.put(field.get("type").asText().replace("[]", ""), field.get("fields"));
                collect(field.get("fields"));
            }
        }
    }

    ObjectNode object(JsonNode fields) {
        ObjectNode object = NODES.objectNode();
        for (JsonNode field : fields) {
            boolean tagged = field.has("taggedVersions")
                    && range(field, "taggedVersions").contains(version);
            boolean present = tagged || range(field, "versions").contains(version);
            if (present && !(tagged && random.nextBoolean())) {
                object.set(jsonName(field), field(field));
            }
        }
        return object;
    }

    private JsonNode field(JsonNode field) {
        String type = field.get("type").asText();
        if (range(field, "nullableVersions").contains(version) && random.nextInt(4) == 0) {
            return NullNode.getInstance();
        }
        if (!type.startsWith("[]")) {
            return element(type);
        }
        ArrayNode array = NODES.arrayNode();
        int size = random.nextInt(4);
        for (int i = 0; i < size; i++) {
            array.add(element(type.substring(2)));
        }
        return array;
    }

    private JsonNode element(String type) {
        return switch (type) {
            case "bool" -> BooleanNode.valueOf(random.nextBoolean());
            case "int8" -> ShortNode.valueOf((byte) number(Byte.MIN_VALUE, Byte.MAX_VALUE));
            case "int16" -> ShortNode.valueOf((short) number(Short.MIN_VALUE, Short.MAX_VALUE));
            case "uint16" -> IntNode.valueOf((int) number(0, 0xffff));
            case "int32" -> IntNode.valueOf((int) number(Integer.MIN_VALUE, Integer.MAX_VALUE));
            case "uint32" -> LongNode.valueOf(number(0, 0xffff_ffffL));
            case "int64" -> LongNode.valueOf(number(Long.MIN_VALUE, Long.MAX_VALUE));
            case "float64" -> DoubleNode.valueOf(random.nextDouble(-1e9, 1e9));
            case "uuid" ->
                TextNode.valueOf((random.nextInt(8) == 0 ? Uuid.ZERO : new Uuid(random.nextLong(), random.nextLong()))
                        .toString());
            case "string" -> TextNode.valueOf(text());
            case "bytes", "records" -> {
                byte[] bytes = new byte[random.nextInt(8) == 0 ? 3000 : random.nextInt(40)];
                random.nextBytes(bytes);
                yield BinaryNode.valueOf(bytes);
            }
            default -> object(Objects.requireNonNull(structs.get(type), type));
        };
    }

    private long number(long least, long greatest) {
        return switch (random.nextInt(6)) {
            case 0 -> least;
            case 1 -> greatest;
            case 2 -> 0;
            case 3 -> Math.max(least, -1);
            default -> greatest == Long.MAX_VALUE ? random.nextLong() : random.nextLong(least, greatest);
        };
    }

    private String text() {
        int length = switch (random.nextInt(20)) {
            case 0 -> 0;
            case 1 -> 127;
            case 2 -> 32767;
            default -> random.nextInt(30);
        };
        if (length < 30 && random.nextInt(5) == 0) {
            return "grün \u20ac \ud83d\ude80";
        }
        return "x".repeat(length);
    }

    private static String jsonName(JsonNode field) {
        String name = field.get("name").asText();
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }

    private static VersionRange range(JsonNode field, String name) {
        return field.has(name) ? VersionRange.parse(field.get(name).asText()) : VersionRange.NONE;
    }
}
