package ottla.wire.message;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Message;
import ottla.generator.VersionRange;
import ottla.wire.primitive.Reader;

/** The messages of Kafka's published jars: each schema, Kafka's class for it, and the type generated here. */
final class KafkaSchemas {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build();

    private static final List<Home> HOMES = List.of(
            new Home(ApiKeys.class, "common/message/", "org.apache.kafka.common.message"),
            new Home(
                    org.apache.kafka.common.metadata.TopicRecord.class,
                    "common/metadata/",
                    "org.apache.kafka.common.metadata"),
            new Home(
                    org.apache.kafka.coordinator.group.generated.OffsetCommitKey.class,
                    "common/message/",
                    "org.apache.kafka.coordinator.group.generated"),
            new Home(
                    org.apache.kafka.coordinator.transaction.generated.TransactionLogKey.class,
                    "common/message/",
                    "org.apache.kafka.coordinator.transaction.generated"),
            new Home(
                    org.apache.kafka.coordinator.share.generated.ShareSnapshotKey.class,
                    "common/message/",
                    "org.apache.kafka.coordinator.share.generated"),
            new Home(
                    org.apache.kafka.raft.generated.QuorumStateData.class,
                    "common/message/",
                    "org.apache.kafka.raft.generated"),
            new Home(
                    org.apache.kafka.server.log.remote.metadata.storage.generated.ProducerSnapshot.class,
                    "message/",
                    "org.apache.kafka.server.log.remote.metadata.storage.generated"));

    private static final List<String> PARTS = List.of(
            "",
            ".header",
            ".control",
            ".embedded",
            ".metadata",
            ".group",
            ".transaction",
            ".share",
            ".storage",
            ".remote");

    private KafkaSchemas() {}

    /** Every message that still has versions, in a fixed order. */
    static List<KafkaMessage> live() {
        List<KafkaMessage> all = new ArrayList<>();
        for (Home home : HOMES) {
            try (JarFile jar = new JarFile(home.jar().toFile());
                    Stream<JarEntry> entries = jar.stream()) {
                for (JarEntry entry :
                        entries.filter(e -> home.holds(e.getName())).toList()) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        JsonNode schema = JSON.readTree(in);
                        if (!schema.get("validVersions").asText().equals("none")) {
                            all.add(new KafkaMessage(schema, home));
                        }
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        all.sort(Comparator.comparing(KafkaMessage::name));
        return all;
    }

    /** Where a jar keeps its schemas and its classes. */
    record Home(Class<?> anchor, String folder, String packageName) {
        Path jar() {
            try {
                return Path.of(anchor.getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }

        boolean holds(String entry) {
            return entry.startsWith(folder) && entry.endsWith(".json");
        }
    }

    record KafkaMessage(JsonNode schema, Home home) {
        String name() {
            return schema.get("name").asText();
        }

        String type() {
            return schema.get("type").asText();
        }

        VersionRange versions() {
            return VersionRange.parse(schema.get("validVersions").asText());
        }

        VersionRange flexible() {
            return VersionRange.parse(schema.get("flexibleVersions").asText());
        }

        boolean isApi() {
            return type().equals("request") || type().equals("response");
        }

        private String className() {
            boolean data = isApi() || type().equals("header") || name().equals("DefaultPrincipalData");
            return home.packageName + "." + (name().endsWith("Data") || !data ? name() : name() + "Data");
        }

        /** Kafka's message with the content of the JSON. */
        Message fromJson(JsonNode content, int version) {
            try {
                Method read =
                        Class.forName(className() + "JsonConverter").getMethod("read", JsonNode.class, short.class);
                return (Message) read.invoke(null, content, (short) version);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(name() + " version " + version + " from " + content, e);
            }
        }

        /** A new message of Kafka's, with its defaults. */
        Message empty() {
            try {
                return Class.forName(className())
                        .asSubclass(Message.class)
                        .getConstructor()
                        .newInstance();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        /** The type that is generated here for the same message. */
        Ours ours() {
            return PARTS.stream()
                    .flatMap(part -> find("ottla.wire.message" + part + "." + name()).stream())
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("nothing is generated for " + name()));
        }

        private static Optional<Ours> find(String type) {
            try {
                Class<?> found = Class.forName(type);
                return Optional.of(new Ours(found, found.getMethod("read", Reader.class, int.class)));
            } catch (ClassNotFoundException e) {
                return Optional.empty();
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** A generated type and its reading method. */
    record Ours(Class<?> type, Method reading) {
        ottla.wire.primitive.Message read(Reader in, int version) {
            try {
                return (ottla.wire.primitive.Message) reading.invoke(null, in, version);
            } catch (java.lang.reflect.InvocationTargetException e) {
                if (e.getCause() instanceof RuntimeException refusal) {
                    throw refusal;
                }
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                throw new IllegalStateException(e);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
