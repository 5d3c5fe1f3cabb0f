package ottla.compat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.BrokerRegistrationResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;

/** What {@code kafka-dump-log --cluster-metadata-decoder} prints of a node's files, as far as it is the same in any two runs. */
final class MetadataDump {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern RECORD = Pattern.compile("(\\| offset: )(\\d+)( .*payload: )(\\{.*})");
    private static final String SNAPSHOT = "Dumping $SNAPSHOT";
    private static final Pattern PRESENCE =
            Pattern.compile("\"REGISTER_(BROKER|CONTROLLER)_RECORD\".*\"(broker|controller)Id\":1,"
                    + "|\"BROKER_REGISTRATION_CHANGE_RECORD\".*\"cordonedLogDirs\":\\[]");
    private static final Pattern NONE_CORDONED =
            Pattern.compile("(valueSize: )\\d+( .*\"REGISTER_BROKER_RECORD\".*?)(,\"cordonedLogDirs\":\\[])?(?=}}$)");
    /** The tool makes the salt, and of any length. */
    private static final Pattern SALTED = Pattern.compile("(valueSize: )[\\dN]+( .*\"USER_SCRAM_CREDENTIAL_RECORD\")");

    private static final String ID = "\"([A-Za-z0-9_-]{22})\"";

    private MetadataDump() {}

    /** A story that knows $LOG and $SNAPSHOT of the first node, and what has to be done to have them. */
    static ToolStory in(ToolStory story, Cluster cluster) {
        Cluster.Node node = cluster.node(1);
        AtomicReference<String> snapshot = new AtomicReference<>("none yet");
        return story.name(
                        "LOG", () -> MetadataLogs.files(node, ".log").getFirst().toString())
                .name("SNAPSHOT", snapshot::get)
                .deed("register", ids -> ids.forEach(id -> register(node, Integer.parseInt(id))))
                .deed("move", words -> move(node, words))
                .deed("set", settings -> settings.forEach(setting -> set(node, setting)))
                .deed("snapshot", _ -> snapshot.set(snapshot(cluster)))
                .varying("(CreateTime: |Snapshot end offset: |crc: |\"lastContainedLogTimestamp\":)\\d+", "$1N")
                .varying(SALTED.pattern(), "$1N$2")
                .varying("\"(port|brokerEpoch)\":([$\\w]+)", "\"$1\":\"$2\"")
                .varying("\"(salt|storedKey|serverKey)\":\"[^\"]*\"", "\"$1\":\"...\"")
                .numbered("\"(?:topicId|id)\":" + ID, "TOPIC")
                .numbered("\"incarnationId\":" + ID, "INCARNATION")
                .numbered("\"brokerEpoch\":\"(\\d+)\"", "EPOCH")
                .arranged(MetadataDump::arranged);
    }

    /** A broker that says nothing after that. */
    private static void register(Cluster.Node node, int brokerId) {
        BrokerRegistrationRequestData.FeatureCollection features =
                new BrokerRegistrationRequestData.FeatureCollection();
        features.add(feature(
                MetadataVersion.FEATURE_NAME,
                MetadataVersion.MINIMUM_VERSION.featureLevel(),
                MetadataVersion.LATEST_PRODUCTION.featureLevel()));
        Feature.PRODUCTION_FEATURES.forEach(
                each -> features.add(feature(each.featureName(), each.minimumProduction(), each.latestProduction())));
        BrokerRegistrationRequestData request = new BrokerRegistrationRequestData()
                .setBrokerId(brokerId)
                .setClusterId(BrokerProcess.CLUSTER_ID)
                .setIncarnationId(new Uuid(1, brokerId))
                .setLogDirs(List.of(new Uuid(1000, brokerId)))
                .setFeatures(features);
        request.listeners()
                .add(new BrokerRegistrationRequestData.Listener()
                        .setName("PLAINTEXT")
                        .setHost("elsewhere")
                        .setPort(19092));
        try (RawConnection connection = new RawConnection(node.controllerPort())) {
            BrokerRegistrationResponseData answer =
                    (BrokerRegistrationResponseData) connection.ask(ApiKeys.BROKER_REGISTRATION, 4, request);
            if (answer.errorCode() != Errors.NONE.code()) {
                throw new AssertionError("registering " + brokerId + ": " + Errors.forCode(answer.errorCode()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The tool asks all brokers concerned; here one of them does not live. Without replicas the move is taken back. */
    private static void move(Cluster.Node node, List<String> words) {
        ReassignablePartition partition = new ReassignablePartition()
                .setPartitionIndex(Integer.parseInt(words.get(1)))
                .setReplicas(null);
        if (words.size() > 2) {
            partition.setReplicas(
                    Stream.of(words.get(2).split(",")).map(Integer::valueOf).toList());
        }
        AlterPartitionReassignmentsRequestData request = new AlterPartitionReassignmentsRequestData();
        request.topics().add(new ReassignableTopic().setName(words.getFirst()).setPartitions(List.of(partition)));
        try (RawConnection connection = new RawConnection(node.controllerPort())) {
            AlterPartitionReassignmentsResponseData answer = (AlterPartitionReassignmentsResponseData)
                    connection.ask(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1, request);
            short error = answer.responses().getFirst().partitions().getFirst().errorCode();
            if (error != Errors.NONE.code()) {
                throw new AssertionError("moving " + words + ": " + Errors.forCode(error));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BrokerRegistrationRequestData.Feature feature(String name, short min, short max) {
        return new BrokerRegistrationRequestData.Feature()
                .setName(name)
                .setMinSupportedVersion(min)
                .setMaxSupportedVersion(max);
    }

    /** From the next start on. */
    private static void set(Cluster.Node node, String setting) {
        try {
            Files.writeString(node.process().properties(), setting + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that has all that is committed now. A controller that is not quiet when idle writes one again and again. */
    private static String snapshot(Cluster cluster) {
        Cluster.Node node = cluster.node(1);
        long endOffset = cluster.endOffset();
        Waiting.value("a snapshot", () -> MetadataLogs.snapshotEndOffset(node), end -> end >= endOffset);
        return MetadataLogs.files(node, ".checkpoint").getLast().toString();
    }

    private static List<String> arranged(List<String> lines) {
        return lines.contains(SNAPSHOT) ? snapshot(lines) : log(lines);
    }

    /**
     * Batch by batch. A broker and a controller register, and say that no directory is cordoned, whenever they come to it, with others or by
     * themselves: such records are left out, and with them how large a batch is and where it stands. What came of it is in the snapshot.
     */
    private static List<String> log(List<String> lines) {
        List<String> kept = new ArrayList<>();
        List<String> batch = new ArrayList<>();
        for (String line : lines) {
            if (line.startsWith("baseOffset: ")) {
                addUnlessPresence(batch, kept);
                batch.clear();
            }
            batch.add(withSortedFeatures(line).replaceAll("(offset|Offset|position| count| size): \\d+", "$1: N"));
        }
        addUnlessPresence(batch, kept);
        return kept;
    }

    private static void addUnlessPresence(List<String> batch, List<String> kept) {
        List<String> rest =
                batch.stream().filter(line -> !PRESENCE.matcher(line).find()).toList();
        boolean wholly = rest.size() < batch.size() && rest.stream().noneMatch(line -> line.startsWith("| offset: "));
        if (!wholly) {
            kept.addAll(rest);
        }
    }

    /**
     * What a snapshot has of each type of record comes in the order of Kafka's hash tables: which type comes after which is compared, how
     * records of several types are mixed is not. That no directory is cordoned is said or not said.
     */
    private static List<String> snapshot(List<String> lines) {
        List<String> arranged = new ArrayList<>();
        List<String> batch = new ArrayList<>();
        for (String line : lines) {
            if (RECORD.matcher(line).matches()) {
                batch.add(NONE_CORDONED.matcher(withSortedFeatures(line)).replaceFirst("$1N$2"));
            } else {
                arranged.addAll(byType(batch));
                batch.clear();
                arranged.add(line.replaceAll("(position|size): \\d+", "$1: N"));
            }
        }
        arranged.addAll(byType(batch));
        return arranged;
    }

    private static List<String> byType(List<String> batch) {
        List<String> types = batch.stream()
                .map(line -> payload(line).get("type").asText())
                .distinct()
                .toList();
        List<String> sorted = batch.stream()
                .sorted(Comparator.<String>comparingInt(
                                line -> types.indexOf(payload(line).get("type").asText()))
                        .thenComparing(line -> payload(line).toString()))
                .toList();
        List<String> numbered = new ArrayList<>();
        for (int i = 0; i < sorted.size(); i++) {
            String offset = record(batch.get(i)).group(2);
            Matcher record = record(sorted.get(i));
            numbered.add(record.group(1) + offset + record.group(3) + record.group(4));
        }
        return numbered;
    }

    /** The features of a node are a set, of which Kafka's hash table makes the order. */
    private static String withSortedFeatures(String line) {
        Matcher record = RECORD.matcher(line);
        if (!record.matches()) {
            return line;
        }
        ObjectNode payload = payload(line);
        if (payload.path("data").path("features").isArray()) {
            List<JsonNode> features = new ArrayList<>();
            payload.path("data").path("features").forEach(features::add);
            features.sort(Comparator.comparing(feature -> feature.get("name").asText()));
            ((ObjectNode) payload.get("data")).putArray("features").addAll(features);
        }
        return record.group(1) + record.group(2) + record.group(3) + payload;
    }

    private static Matcher record(String line) {
        Matcher record = RECORD.matcher(line);
        if (!record.matches()) {
            throw new IllegalArgumentException(line);
        }
        return record;
    }

    private static ObjectNode payload(String line) {
        try {
            return (ObjectNode) JSON.readTree(record(line).group(4));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(line, e);
        }
    }
}
