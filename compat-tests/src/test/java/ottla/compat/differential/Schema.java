package ottla.compat.differential;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.protocol.ApiKeys;

/** The fields of one API's requests, read from the schema in Kafka's published jar. Immutable. */
record Schema(ApiKeys api, Set<String> listeners, List<Field> fields) {
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build();

    /** One field; {@code fields} is not empty for a struct or an array of structs. */
    record Field(String name, String type, Versions versions, Versions nullable, Versions tagged, List<Field> fields) {
        boolean isArray() {
            return type.startsWith("[]");
        }

        /** The name that the field has in JSON. */
        String jsonName() {
            return Character.toLowerCase(name.charAt(0)) + name.substring(1);
        }

        String elementType() {
            return isArray() ? type.substring(2) : type;
        }
    }

    /** A range of versions as schemas write it: {@code 3}, {@code 3+}, {@code 3-7} or {@code none}. */
    record Versions(int first, int last) {
        static final Versions NONE = new Versions(0, -1);

        static Versions parse(String text) {
            if (text.isEmpty() || text.equals("none")) {
                return NONE;
            }
            if (text.endsWith("+")) {
                return new Versions(Integer.parseInt(text.substring(0, text.length() - 1)), Integer.MAX_VALUE);
            }
            int dash = text.indexOf('-');
            return dash < 0
                    ? new Versions(Integer.parseInt(text), Integer.parseInt(text))
                    : new Versions(
                            Integer.parseInt(text.substring(0, dash)), Integer.parseInt(text.substring(dash + 1)));
        }

        boolean contains(int version) {
            return version >= first && version <= last;
        }
    }

    static Schema of(ApiKeys api) {
        String path = "/common/message/"
                + api.messageType.newRequest().getClass().getSimpleName().replace("RequestData", "Request") + ".json";
        try (InputStream in = ApiKeys.class.getResourceAsStream(path)) {
            JsonNode root = JSON.readTree(in);
            Map<String, JsonNode> common = new HashMap<>();
            root.path("commonStructs")
                    .forEach(struct -> common.put(struct.get("name").asText(), struct.get("fields")));
            Set<String> listeners = new HashSet<>();
            root.path("listeners").forEach(listener -> listeners.add(listener.asText()));
            return new Schema(api, Set.copyOf(listeners), fields(root.get("fields"), common));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Field> fields(JsonNode nodes, Map<String, JsonNode> common) {
        List<Field> fields = new ArrayList<>();
        for (JsonNode node : nodes) {
            String type = node.get("type").asText();
            JsonNode inner = node.has("fields") ? node.get("fields") : common.get(type.replace("[]", ""));
            fields.add(new Field(
                    node.get("name").asText(),
                    type,
                    Versions.parse(node.get("versions").asText()),
                    Versions.parse(node.path("nullableVersions").asText()),
                    Versions.parse(node.path("taggedVersions").asText()),
                    inner == null ? List.of() : fields(inner, common)));
        }
        return List.copyOf(fields);
    }
}
