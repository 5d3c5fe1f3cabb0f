package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.controller.image.ConfigResource;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterableConfig;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;
import ottla.wire.message.metadata.ClearElrRecord;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.MetadataRecord;

class ConfigChangesTest {
    private static final byte TOPIC = 2;
    private static final byte BROKER = 4;
    private static final byte GROUP = 32;
    private static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    private final SmallCluster cluster = new SmallCluster(1);

    ConfigChangesTest() {
        cluster.create(SmallCluster.topic("t", 1, 1));
    }

    @Test
    void setsAndDeletes() {
        assertGranted(TOPIC, "t", SET, "retention.ms", "5");
        assertThat(topicConfig()).containsEntry("retention.ms", "5");
        assertGranted(TOPIC, "t", DELETE, "retention.ms", null);
        assertThat(topicConfig()).isEmpty();
        assertThat(cluster.image().configs()).doesNotContainKey(ConfigResource.topic("t"));
    }

    @Test
    void appendsAndSubtractsFromTheDefaultToo() {
        assertGranted(TOPIC, "t", APPEND, "cleanup.policy", "compact,delete");
        assertThat(topicConfig()).containsEntry("cleanup.policy", "delete,compact");
        assertGranted(TOPIC, "t", SUBTRACT, "cleanup.policy", "delete");
        assertThat(topicConfig()).containsEntry("cleanup.policy", "compact");
        assertRefused(
                TOPIC,
                "t",
                APPEND,
                "retention.ms",
                "1",
                ErrorCode.INVALID_CONFIG,
                "Can't APPEND to key retention.ms because its type is not LIST.");
    }

    @Test
    void whatDoesNotChangeIsNotWrittenButForBrokers() {
        assertGranted(TOPIC, "t", SET, "retention.ms", "5");
        assertThat(decide(TOPIC, "t", SET, "retention.ms", "5").records()).isEmpty();
        assertGranted(BROKER, "0", SET, "log.cleaner.threads", "2");
        assertThat(decide(BROKER, "0", SET, "log.cleaner.threads", "2").records())
                .containsExactly(new ConfigRecord(BROKER, "0", "log.cleaner.threads", "2"));
    }

    @Test
    void refusesWithASentence() {
        assertRefused(TOPIC, "t", SET, "foo", "1", ErrorCode.INVALID_CONFIG, "Unknown topic config name: foo");
        assertRefused(
                TOPIC,
                "nope",
                SET,
                "retention.ms",
                "1",
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                "The topic 'nope' does not exist.");
        assertRefused(BROKER, "9", SET, "x", "1", ErrorCode.BROKER_ID_NOT_REGISTERED, "No node with id 9 found.");
        assertRefused(
                BROKER,
                "x",
                SET,
                "x",
                "1",
                ErrorCode.INVALID_REQUEST,
                "Unable to parse broker name as a base 10 number.");
        assertRefused(BROKER, "-1", SET, "x", "1", ErrorCode.INVALID_REQUEST, "Invalid negative broker ID.");
        assertRefused(TOPIC, "", SET, "x", "1", ErrorCode.INVALID_REQUEST, "Default topic resources are not allowed.");
        assertRefused(GROUP, "", SET, "x", "1", ErrorCode.INVALID_REQUEST, "Default group resources are not allowed.");
        assertRefused(
                TOPIC,
                "t",
                SET,
                "retention.ms",
                null,
                ErrorCode.INVALID_CONFIG,
                "Null value not supported for topic configs: retention.ms");
        assertRefused(
                TOPIC,
                "t",
                SET,
                "retention.ms",
                "9".repeat(40_000),
                ErrorCode.INVALID_CONFIG,
                "The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.");
    }

    @Test
    void theMinimumOfInSyncReplicasIsGuardedWhileElrIsOn() {
        assertRefused(
                BROKER,
                "0",
                SET,
                "min.insync.replicas",
                "2",
                ErrorCode.INVALID_CONFIG,
                "Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
        assertRefused(
                BROKER,
                "",
                DELETE,
                "min.insync.replicas",
                null,
                ErrorCode.INVALID_CONFIG,
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
        assertThat(decide(TOPIC, "t", SET, "min.insync.replicas", "2").records())
                .containsExactly(new ConfigRecord(TOPIC, "t", "min.insync.replicas", "2"), new ClearElrRecord("t"));
        assertThat(decide(BROKER, "", SET, "min.insync.replicas", "2").records())
                .contains(new ClearElrRecord(""));
    }

    @Test
    void eachResourceStandsForItselfAndValidatingWritesNothing() {
        List<AlterConfigsResource> resources = new ArrayList<>();
        resources.add(resource(TOPIC, "t", SET, "retention.ms", "7"));
        resources.add(resource(TOPIC, "nope", SET, "retention.ms", "7"));
        resources.add(resource(GROUP, "g", SET, "consumer.session.timeout.ms", "7"));
        IncrementalAlterConfigsRequest request = IncrementalAlterConfigsRequest.DEFAULT.withResources(resources);
        Decision<MetadataRecord, IncrementalAlterConfigsResponse> decision =
                new ConfigChanges(cluster.facts()).incremental(request);
        assertThat(decision.answer().responses().stream()
                        .map(AlterConfigsResourceResponse::errorCode)
                        .toList())
                .containsExactly((short) 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code(), (short) 0);
        assertThat(decision.records()).hasSize(2);
        assertThat(new ConfigChanges(cluster.facts())
                        .incremental(request.withValidateOnly(true))
                        .records())
                .isEmpty();
    }

    @Test
    void aResourceThatIsNamedTwiceIsRefused() {
        IncrementalAlterConfigsRequest request = IncrementalAlterConfigsRequest.DEFAULT.withResources(List.of(
                resource(TOPIC, "t", SET, "retention.ms", "7"), resource(TOPIC, "t", SET, "segment.bytes", "7")));
        Decision<MetadataRecord, IncrementalAlterConfigsResponse> decision =
                new ConfigChanges(cluster.facts()).incremental(request);
        assertThat(decision.records()).isEmpty();
        assertThat(decision.answer().responses()).singleElement().satisfies(answer -> {
            assertThat(answer.errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
            assertThat(answer.errorMessage()).isEqualTo("Duplicate resource.");
        });
    }

    @Test
    void theOldWayReplacesAllOverrides() {
        assertGranted(TOPIC, "t", SET, "retention.ms", "5");
        AlterConfigsRequest request =
                AlterConfigsRequest.DEFAULT.withResources(List.of(new AlterConfigsRequest.AlterConfigsResource(
                        TOPIC, "t", List.of(new AlterConfigsRequest.AlterableConfig("segment.bytes", "6")))));
        AlterConfigsResponse answer = cluster.apply(new ConfigChanges(cluster.facts()).legacy(request));
        assertThat(answer.responses().getFirst().errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(topicConfig()).containsOnlyKeys("segment.bytes");
    }

    private SortedMap<String, String> topicConfig() {
        return cluster.image().config(ConfigResource.topic("t"));
    }

    private void assertGranted(byte type, String name, byte operation, String key, @Nullable String value) {
        AlterConfigsResourceResponse answer = cluster.apply(decide(type, name, operation, key, value))
                .responses()
                .getFirst();
        assertThat(ErrorCode.of(answer.errorCode())).as(answer.errorMessage()).isEqualTo(ErrorCode.NONE);
    }

    private void assertRefused(
            byte type, String name, byte operation, String key, @Nullable String value, ErrorCode error, String why) {
        Decision<MetadataRecord, IncrementalAlterConfigsResponse> decision = decide(type, name, operation, key, value);
        assertThat(decision.records()).isEmpty();
        AlterConfigsResourceResponse answer = decision.answer().responses().getFirst();
        assertThat(answer.errorMessage()).isEqualTo(why);
        assertThat(ErrorCode.of(answer.errorCode())).isEqualTo(error);
    }

    private Decision<MetadataRecord, IncrementalAlterConfigsResponse> decide(
            byte type, String name, byte operation, String key, @Nullable String value) {
        return new ConfigChanges(cluster.facts())
                .incremental(IncrementalAlterConfigsRequest.DEFAULT.withResources(
                        List.of(resource(type, name, operation, key, value))));
    }

    private static AlterConfigsResource resource(
            byte type, String name, byte operation, String key, @Nullable String value) {
        return new AlterConfigsResource(type, name, List.of(new AlterableConfig(key, operation, value)));
    }
}
