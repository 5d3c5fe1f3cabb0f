package ottla.controller.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.metadata.MetadataJsonConverters;
import org.apache.kafka.common.metadata.MetadataRecordType;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.controller.decide.Activation;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.decide.PlainConfigRules;
import ottla.controller.image.Feature;
import ottla.controller.image.KafkaRecords;
import ottla.controller.image.MetadataVersion;
import ottla.controller.quota.MutationRequest;
import ottla.controller.quota.QuotaClient;
import ottla.replication.io.MachineThread;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.ControllerRegistrationRequest;
import ottla.wire.message.CreatePartitionsRequest;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsRequest.CreatableTopicConfig;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest;

/**
 * A story of one combined node, told to Kafka with its stock tools and to this controller by the same requests: both write the
 * same records in the same versions. Only ids and offsets differ; they are replaced by the order of their appearance.
 */
class MetadataLogGolden {
    private static final MutationRequest SOMEBODY =
            new MutationRequest(new QuotaClient("ANONYMOUS", ""), MutationRequest.Enforcement.STRICT);

    private static final Uuid DIRECTORY = new Uuid(77, 1000);
    private static final Pattern VOLATILE =
            Pattern.compile("\"brokerEpoch\":\\d+|\"(?![A-Z_]+_RECORD\")[A-Za-z0-9_-]{22}\"");
    private static final byte SET = 0;
    private static final byte DELETE = 1;

    private final AtomicLong clockMs = new AtomicLong(1_000_000);
    private final ObjectMapper json = new ObjectMapper();
    private int incarnations;

    @Test
    void writesWhatKafkaWrites() throws Exception {
        MemoryQuorum first = newCluster();
        MemoryQuorum second = restartedAfterCleanStop(first);
        MemoryQuorum third = restartedAndKilled(second);
        MemoryQuorum last = restartedAfterKill(third);

        List<String> ours = new ArrayList<>();
        for (VersionedRecord record : last.records()) {
            ours.add(line(record));
        }
        List<String> expected = normalized(golden());
        List<String> actual = normalized(ours);
        for (int line = 0; line < Math.min(expected.size(), actual.size()); line++) {
            assertThat(actual.get(line)).as("record %d", line).isEqualTo(expected.get(line));
        }
        assertThat(actual).hasSameSizeAs(expected);
    }

    private MemoryQuorum newCluster() throws Exception {
        try (ControllerNode node = node()) {
            MemoryQuorum quorum = new MemoryQuorum(node, clockMs::get);
            quorum.lead();
            get(node.requests().registerController(controller()));
            long epoch = get(node.requests().registerBroker(registration(-1))).brokerEpoch();
            get(node.requests().heartbeat(heartbeat(epoch, quorum)));

            CreatableTopic t1 = topic("t1", 3).withConfigs(List.of(new CreatableTopicConfig("retention.ms", "1000")));
            create(node, t1);
            create(node, topic("a.b", 2));
            create(node, topic("a_b", 2));
            create(node, topic("t1", 2));
            create(node, topic("t9", 1).withReplicationFactor((short) 3));
            create(node, topic("t9", 1).withConfigs(List.of(new CreatableTopicConfig("foo", "bar"))));
            create(node, topic("t 9", 1));
            grow(node, "t1", 5);
            grow(node, "t1", 2);
            configure(node, (byte) 2, "t1", SET, "cleanup.policy", "compact,delete", "segment.bytes", "1048576");
            configure(node, (byte) 2, "t1", DELETE, "retention.ms", "");
            configure(node, (byte) 4, "1", SET, "log.cleaner.threads", "2");
            configure(node, (byte) 4, "", SET, "log.retention.ms", "123456789");
            get(node.requests()
                    .deleteTopics(
                            DeleteTopicsRequest.DEFAULT.withTopics(
                                    List.of(new DeleteTopicsRequest.DeleteTopicState("a.b", Uuid.ZERO))),
                            6,
                            SOMEBODY));
            stop(node, epoch, quorum);
            return quorum;
        }
    }

    private MemoryQuorum restartedAfterCleanStop(MemoryQuorum before) throws Exception {
        try (ControllerNode node = node()) {
            MemoryQuorum quorum = reopened(node, before);
            get(node.requests().registerController(controller()));
            long epoch = get(node.requests().registerBroker(registration(epochOfBroker(node))))
                    .brokerEpoch();
            get(node.requests().heartbeat(heartbeat(epoch, quorum).withWantFence(true)));
            get(node.requests().heartbeat(heartbeat(epoch, quorum)));
            stop(node, epoch, quorum);
            return quorum;
        }
    }

    private MemoryQuorum restartedAndKilled(MemoryQuorum before) throws Exception {
        try (ControllerNode node = node()) {
            MemoryQuorum quorum = reopened(node, before);
            get(node.requests().registerController(controller()));
            long epoch = get(node.requests().registerBroker(registration(epochOfBroker(node))))
                    .brokerEpoch();
            get(node.requests().heartbeat(heartbeat(epoch, quorum)));
            return quorum;
        }
    }

    private MemoryQuorum restartedAfterKill(MemoryQuorum before) throws Exception {
        try (ControllerNode node = node()) {
            MemoryQuorum quorum = reopened(node, before);
            get(node.requests().registerController(controller()));
            CountDownLatch fenced = new CountDownLatch(1);
            node.addListener((delta, image, at) -> {
                if (!image.isUnfenced(1)) {
                    fenced.countDown();
                }
            });
            clockMs.addAndGet(10_000);
            get(node.requests().heartbeat(BrokerHeartbeatRequest.DEFAULT));
            assertThat(fenced.await(10, TimeUnit.SECONDS)).isTrue();
            long epoch = get(node.requests().registerBroker(registration(-1))).brokerEpoch();
            get(node.requests().heartbeat(heartbeat(epoch, quorum)));
            stop(node, epoch, quorum);
            return quorum;
        }
    }

    private void stop(ControllerNode node, long epoch, MemoryQuorum quorum) throws Exception {
        get(node.requests().heartbeat(heartbeat(epoch, quorum).withWantShutDown(true)));
        get(node.requests().heartbeat(heartbeat(epoch, quorum).withWantShutDown(true)));
    }

    private MemoryQuorum reopened(ControllerNode node, MemoryQuorum before) {
        MemoryQuorum quorum = new MemoryQuorum(node, clockMs::get);
        quorum.reopen(before);
        quorum.lead();
        return quorum;
    }

    private static long epochOfBroker(ControllerNode node) {
        return node.image().broker(1).orElseThrow().epoch();
    }

    private ControllerNode node() {
        ControllerSettings settings = ControllerSettings.of("cluster", 1);
        return new ControllerNode(
                settings,
                ControllerNode.Timing.NEVER,
                new PlainConfigRules(),
                Activation.bootstrap(MetadataVersion.LATEST),
                (at, records) -> CompletableFuture.completedStage(null),
                QuorumFeature.fixed(0),
                clockMs::get,
                new Random(1),
                new MachineThread("controller", clockMs::get));
    }

    private ControllerRegistrationRequest controller() {
        return ControllerRegistrationRequest.DEFAULT
                .withControllerId(1)
                .withIncarnationId(new Uuid(1, 100 + incarnations++))
                .withListeners(List.of(
                        new ControllerRegistrationRequest.Listener("CONTROLLER", "127.0.0.1", 21401, (short) 0)))
                .withFeatures(Feature.byName().stream()
                        .map(feature -> new ControllerRegistrationRequest.Feature(
                                feature.featureName(), feature.minLevel(), feature.maxLevel()))
                        .toList());
    }

    private BrokerRegistrationRequest registration(long previousEpoch) {
        return BrokerRegistrationRequest.DEFAULT
                .withBrokerId(1)
                .withClusterId("cluster")
                .withIncarnationId(new Uuid(1, 100 + incarnations++))
                .withRack(null)
                .withPreviousBrokerEpoch(previousEpoch)
                .withLogDirs(List.of(DIRECTORY))
                .withListeners(
                        List.of(new BrokerRegistrationRequest.Listener("PLAINTEXT", "127.0.0.1", 21400, (short) 0)))
                .withFeatures(Feature.byName().stream()
                        .map(feature -> new BrokerRegistrationRequest.Feature(
                                feature.featureName(), feature.minLevel(), feature.maxLevel()))
                        .toList());
    }

    private static BrokerHeartbeatRequest heartbeat(long epoch, MemoryQuorum quorum) {
        return BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(1)
                .withBrokerEpoch(epoch)
                .withCurrentMetadataOffset(quorum.endOffset())
                .withCordonedLogDirs(List.of());
    }

    private static CreatableTopic topic(String name, int partitions) {
        return CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(partitions)
                .withReplicationFactor((short) -1);
    }

    private static void create(ControllerNode node, CreatableTopic topic) throws Exception {
        get(node.requests().createTopics(CreateTopicsRequest.DEFAULT.withTopics(List.of(topic))));
    }

    private static void grow(ControllerNode node, String topic, int count) throws Exception {
        get(node.requests()
                .createPartitions(
                        CreatePartitionsRequest.DEFAULT
                                .withTimeoutMs(60_000)
                                .withTopics(
                                        List.of(new CreatePartitionsRequest.CreatePartitionsTopic(topic, count, null))),
                        SOMEBODY));
    }

    private static void configure(ControllerNode node, byte type, String name, byte operation, String... pairs)
            throws Exception {
        List<IncrementalAlterConfigsRequest.AlterableConfig> configs = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) {
            configs.add(new IncrementalAlterConfigsRequest.AlterableConfig(
                    pairs[i], operation, operation == DELETE ? null : pairs[i + 1]));
        }
        get(node.requests()
                .incrementalAlterConfigs(IncrementalAlterConfigsRequest.DEFAULT.withResources(
                        List.of(new IncrementalAlterConfigsRequest.AlterConfigsResource(type, name, configs)))));
    }

    private String line(VersionedRecord record) throws IOException {
        ApiMessageAndVersion kafkas = KafkaRecords.toKafka(record.record(), (short) record.version());
        ObjectNode line = json.createObjectNode();
        line.put("type", MetadataRecordType.fromId(kafkas.message().apiKey()).name());
        line.put("version", kafkas.version());
        line.set("data", MetadataJsonConverters.writeJson(kafkas.message(), kafkas.version()));
        return line.toString();
    }

    /** Ids and epochs become the order of their appearance, and features stand in the order of their names. */
    private List<String> normalized(List<String> lines) throws IOException {
        Map<String, String> names = new LinkedHashMap<>();
        List<String> normalized = new ArrayList<>();
        for (String line : lines) {
            ObjectNode record = (ObjectNode) json.readTree(line);
            JsonNode features = record.path("data").path("features");
            if (features.isArray()) {
                List<JsonNode> sorted = new ArrayList<>();
                features.forEach(sorted::add);
                sorted.sort((left, right) ->
                        left.path("name").asText().compareTo(right.path("name").asText()));
                ((ObjectNode) record.path("data")).putArray("features").addAll(sorted);
            }
            Matcher ids = VOLATILE.matcher(record.toString());
            normalized.add(ids.replaceAll(id -> names.computeIfAbsent(id.group(), text -> "<" + names.size() + ">")));
        }
        return normalized;
    }

    private static List<String> golden() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(MetadataLogGolden.class.getResourceAsStream("/golden/metadata-log.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        }
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
