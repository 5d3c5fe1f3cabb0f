package ottla.wire.message;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ottla.generator.Schema.ApiType;
import ottla.generator.Schema.Field;
import ottla.generator.Schema.MessageType;
import ottla.generator.Schema.Struct;
import ottla.generator.SchemaParser;
import ottla.generator.VersionRange;
import ottla.wire.message.KafkaSchemas.KafkaMessage;

/** Our schemas against the JSON schemas in Kafka's published jars, field by field. */
class SchemaComparisonTest {
    private static final Path SCHEMAS = Path.of("src/main/schema");

    private final Map<String, MessageType> ours = new TreeMap<>();
    private final List<ApiType> apis = new ArrayList<>();
    private final List<String> differences = new ArrayList<>();

    @Test
    void everyMessageSaysWhatKafkaSays() throws IOException {
        load();
        List<KafkaMessage> theirs = KafkaSchemas.live();
        assertThat(theirs).hasSizeGreaterThan(260);
        assertThat(ours.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        theirs.stream().map(KafkaMessage::name).toList());
        for (KafkaMessage message : theirs) {
            compare(message, requireNonNull(ours.get(message.name())));
        }
        assertThat(differences).isEmpty();
    }

    @Test
    void thereAreAsManyApisAndVersionsAsInTheReference() throws IOException {
        load();
        assertThat(apis).hasSize(89);
        assertThat(apis.stream()
                        .mapToInt(api -> api.request().versions().last()
                                - api.request().versions().first()
                                + 1)
                        .sum())
                .isEqualTo(302);
    }

    @Test
    void listenersAndUnstableVersionsAgree() throws IOException {
        load();
        Map<String, JsonNode> requests = new HashMap<>();
        KafkaSchemas.live().forEach(message -> requests.put(message.name(), message.schema()));
        for (ApiType api : apis) {
            JsonNode schema = requireNonNull(requests.get(api.name() + "Request"));
            List<String> listeners = new ArrayList<>();
            schema.get("listeners").forEach(listener -> listeners.add(listener.asText()));
            assertThat(api.listeners()).as(api.name()).isEqualTo(listeners);
            assertThat(api.key()).as(api.name()).isEqualTo(schema.get("apiKey").asInt());
            assertThat(api.latestUnstable())
                    .as(api.name())
                    .isEqualTo(schema.path("latestVersionUnstable").asBoolean(false));
        }
    }

    private void load() throws IOException {
        for (Path file : files(SCHEMAS.resolve("api"))) {
            ApiType api = new SchemaParser(file).api();
            apis.add(api);
            ours.put(api.request().name(), api.request());
            ours.put(api.response().name(), api.response());
        }
        for (Path file : files(SCHEMAS)) {
            new SchemaParser(file).messages().forEach(message -> ours.put(message.name(), message));
        }
    }

    private void compare(KafkaMessage theirs, MessageType mine) {
        String path = theirs.name();
        same(path + " versions", mine.versions(), theirs.versions());
        same(path + " flexible", mine.flexible(), theirs.flexible());
        if (theirs.schema().has("apiKey")) {
            same(
                    path + " number",
                    mine.id().orElse(-1),
                    theirs.schema().get("apiKey").asInt());
        }
        compareFields(path, theirs.schema().get("fields"), mine.fields());
        JsonNode shared = theirs.schema().path("commonStructs");
        same(path + " shared structs", mine.sharedStructs().size(), shared.size());
        for (JsonNode struct : shared) {
            Struct same =
                    requireNonNull(mine.sharedStructs().get(struct.get("name").asText()));
            same(path + "." + same.name() + " versions", same.versions(), range(struct, "versions"));
            compareFields(path + "." + same.name(), struct.get("fields"), same.fields());
        }
    }

    private void compareFields(String path, JsonNode theirs, List<Field> mine) {
        same(path + " number of fields", mine.size(), theirs.size());
        for (int i = 0; i < Math.min(mine.size(), theirs.size()); i++) {
            compareField(path, theirs.get(i), mine.get(i));
        }
    }

    private void compareField(String parent, JsonNode theirs, Field mine) {
        String name = theirs.get("name").asText();
        String path = parent + "." + name;
        same(path + " name", mine.name(), Character.toLowerCase(name.charAt(0)) + name.substring(1));
        same(
                path + " type",
                (mine.type().array() ? "[]" : "") + mine.type().element(),
                theirs.get("type").asText());
        VersionRange tagged = range(theirs, "taggedVersions");
        VersionRange versions = theirs.has("versions") ? range(theirs, "versions") : tagged;
        same(path + " versions", mine.versions(), versions);
        same(path + " nullable", mine.nullable(), range(theirs, "nullableVersions"));
        same(path + " tag", mine.tag().orElse(-1), theirs.path("tag").asInt(-1));
        same(path + " tagged", mine.tagged(), tagged);
        same(path + " ignorable", mine.ignorable(), theirs.path("ignorable").asBoolean(false));
        same(path + " inflexible", mine.inflexible(), theirs.has("flexibleVersions"));
        same(path + " default", mine.defaultValue(), defaultOf(theirs));
        compareFields(path, theirs.path("fields"), mine.fields());
    }

    private static Optional<String> defaultOf(JsonNode field) {
        JsonNode value = field.path("default");
        if (value.isMissingNode()
                || value.isNull()
                || (value.asText().isEmpty() && !field.get("type").asText().equals("string"))) {
            return Optional.empty();
        }
        String text = value.asText();
        if (text.equals("null")) {
            return Optional.of(text);
        }
        if (field.get("type").asText().equals("string")) {
            return Optional.of('"' + text + '"');
        }
        return Optional.of(text.startsWith("0x") ? Long.toString(Long.decode(text)) : text);
    }

    private static VersionRange range(JsonNode node, String name) {
        return node.has(name) ? VersionRange.parse(node.get(name).asText()) : VersionRange.NONE;
    }

    private void same(String what, Object mine, Object theirs) {
        if (!mine.equals(theirs)) {
            differences.add(what + ": " + mine + ", but Kafka has " + theirs);
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(path -> path.toString().endsWith(".schema")).toList();
        }
    }
}
