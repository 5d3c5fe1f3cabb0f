package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.ConfigResource;
import ottla.controller.image.TopicImage;
import ottla.controller.quota.MutationQuota;
import ottla.replication.machine.Decision;
import ottla.wire.message.CreatePartitionsRequest;
import ottla.wire.message.CreatePartitionsRequest.CreatePartitionsAssignment;
import ottla.wire.message.CreatePartitionsRequest.CreatePartitionsTopic;
import ottla.wire.message.CreatePartitionsResponse.CreatePartitionsTopicResult;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableReplicaAssignment;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsRequest.CreatableTopicConfig;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.CreateTopicsResponse.CreatableTopicResult;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsRequest.DeleteTopicState;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.metadata.MetadataRecord;

class TopicDecisionsTest {
    private final SmallCluster cluster = new SmallCluster(3);

    @Test
    void createsWithWhatWasAskedFor() {
        CreatableTopicResult result = cluster.create(
                SmallCluster.topic("t", 4, 2).withConfigs(List.of(new CreatableTopicConfig("retention.ms", "1000"))));
        assertThat(result.errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(result.numPartitions()).isEqualTo(4);
        assertThat(result.replicationFactor()).isEqualTo((short) 2);
        assertThat(result.configs())
                .anySatisfy(config -> {
                    assertThat(config.name()).isEqualTo("retention.ms");
                    assertThat(config.value()).isEqualTo("1000");
                    assertThat(config.configSource()).isEqualTo((byte) 1);
                })
                .anySatisfy(config -> assertThat(config.configSource()).isEqualTo((byte) 5));
        TopicImage topic = cluster.image().topic("t").orElseThrow();
        assertThat(topic.id()).isEqualTo(result.topicId());
        assertThat(topic.partitions()).hasSize(4).allSatisfy(partition -> {
            assertThat(partition.replicas()).hasSize(2);
            assertThat(partition.isr()).isEqualTo(partition.replicas());
            assertThat(partition.leader()).isEqualTo(partition.preferredLeader());
            assertThat(partition.directories())
                    .isEqualTo(partition.replicas().stream()
                            .map(id -> new Uuid(50, 1000 + id))
                            .toList());
        });
        assertThat(cluster.image().config(ConfigResource.topic("t"))).containsEntry("retention.ms", "1000");
    }

    @Test
    void defaultsComeFromTheCluster() {
        CreatableTopicResult result = cluster.create(SmallCluster.topic("t", -1, -1));
        assertThat(result.numPartitions()).isEqualTo(1);
        assertThat(result.replicationFactor()).isEqualTo((short) 1);
    }

    @Test
    void validatingWritesNothing() {
        Decision<MetadataRecord, CreateTopicsResponse> decision = new TopicCreation(
                        cluster.facts(), cluster.newId(), cluster.random())
                .create(
                        CreateTopicsRequest.DEFAULT
                                .withValidateOnly(true)
                                .withTopics(List.of(SmallCluster.topic("t", 1, 1))),
                        topic -> false);
        assertThat(decision.records()).isEmpty();
        assertThat(decision.answer().topics().getFirst().errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(decision.answer().topics().getFirst().topicConfigErrorCode())
                .isEqualTo(ErrorCode.TOPIC_AUTHORIZATION_FAILED.code());
    }

    @Test
    void refusesWithASentence() {
        cluster.create(SmallCluster.topic("a.b", 1, 1));
        assertRefused(SmallCluster.topic("a.b", 1, 1), ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 'a.b' already exists.");
        assertRefused(
                SmallCluster.topic("a_b", 1, 1),
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                "Topic 'a_b' collides with existing topic: a.b");
        assertRefused(
                SmallCluster.topic("t 9", 1, 1),
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                "Topic name is invalid: 't 9' contains one or more characters other than ASCII alphanumerics, '.', "
                        + "'_' and '-'");
        assertRefused(
                SmallCluster.topic("t", 1, 4),
                ErrorCode.INVALID_REPLICATION_FACTOR,
                "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached "
                        + "because only 3 broker(s) are registered or some brokers have all their log directories "
                        + "cordoned.");
        assertRefused(
                SmallCluster.topic("t", 0, 1),
                ErrorCode.INVALID_PARTITIONS,
                "Number of partitions was set to an invalid non-positive value.");
        assertRefused(
                SmallCluster.topic("t", 1, 0),
                ErrorCode.INVALID_REPLICATION_FACTOR,
                "Replication factor must be larger than 0, or -1 to use the default value.");
        assertRefused(
                SmallCluster.topic("t", 20_000, 1),
                ErrorCode.POLICY_VIOLATION,
                "Excessively large number of partitions per request.");
        assertRefused(
                SmallCluster.topic("t", 1, 1).withConfigs(List.of(new CreatableTopicConfig("foo", "bar"))),
                ErrorCode.INVALID_CONFIG,
                "Unknown topic config name: foo");
        assertRefused(
                SmallCluster.topic("t", 1, 1).withConfigs(List.of(new CreatableTopicConfig("retention.ms", null))),
                ErrorCode.INVALID_CONFIG,
                "Null value not supported for topic configs: retention.ms");
    }

    @Test
    void refusesAssignmentsWithASentence() {
        assertRefused(
                assigned(-1, -1, List.of(0, 7)),
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "The manual partition assignment includes broker 7, but no such broker is registered.");
        assertRefused(
                assigned(-1, -1, List.of(1, 1)),
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "The manual partition assignment includes the broker 1 more than once.");
        assertRefused(
                assigned(-1, -1, List.of(0, 1), List.of(2)),
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent "
                        + "with previous partitions, which have 2 replica(s).");
        assertRefused(
                assigned(1, -1, List.of(0)),
                ErrorCode.INVALID_REQUEST,
                "A manual partition assignment was specified, but numPartitions was not set to -1.");
        assertRefused(
                assigned(-1, 1, List.of(0)),
                ErrorCode.INVALID_REQUEST,
                "A manual partition assignment was specified, but replication factor was not set to -1.");
        CreatableTopic withGap =
                assigned(-1, -1, List.of(0)).withAssignments(List.of(new CreatableReplicaAssignment(1, List.of(0))));
        assertRefused(
                withGap,
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "partitions should be a consecutive 0-based integer sequence");
        cluster.fence(2);
        assertRefused(
                assigned(-1, -1, List.of(2)),
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled "
                        + "shutdown.");
        cluster.create("t", 2, 0);
        assertThat(cluster.partition("t").leader()).isZero();
        assertThat(cluster.partition("t").isr()).containsExactly(0);
    }

    @Test
    void aNameThatIsAskedForTwiceIsRefusedOnce() {
        CreateTopicsResponse answer =
                cluster.apply(new TopicCreation(cluster.facts(), cluster.newId(), cluster.random())
                        .create(
                                CreateTopicsRequest.DEFAULT.withTopics(List.of(
                                        SmallCluster.topic("t", 1, 1),
                                        SmallCluster.topic("u", 1, 1),
                                        SmallCluster.topic("t", 2, 1))),
                                topic -> true));
        assertThat(answer.topics()).hasSize(2);
        assertThat(cluster.image().topic("t")).isEmpty();
        assertThat(cluster.image().topic("u")).isPresent();
    }

    @Test
    void growsByPlacementOrAsNamed() {
        cluster.create(SmallCluster.topic("t", 2, 2));
        assertThat(grow("t", 5, null).errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(cluster.image().topic("t").orElseThrow().partitionCount()).isEqualTo(5);
        assertThat(grow("t", 6, List.of(new CreatePartitionsAssignment(List.of(2, 0))))
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
        assertThat(cluster.image().topics().partition("t", 5).orElseThrow().replicas())
                .containsExactly(2, 0);
        assertThat(grow("t", 6, null).errorMessage()).isEqualTo("Topic already has 6 partition(s).");
        assertThat(grow("t", 2, null).errorMessage())
                .isEqualTo("The topic t currently has 6 partition(s); 2 would not be an increase.");
        assertThat(grow("t", 8, List.of(new CreatePartitionsAssignment(List.of(0, 1))))
                        .errorMessage())
                .isEqualTo("Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.");
        assertThat(grow("nope", 8, null).errorCode()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    @Test
    void deletesByNameAndById() {
        cluster.create(SmallCluster.topic("a", 1, 1));
        cluster.create(SmallCluster.topic("b", 1, 1));
        cluster.create(SmallCluster.topic("c", 1, 1));
        Uuid b = cluster.image().topic("b").orElseThrow().id();
        Uuid c = cluster.image().topic("c").orElseThrow().id();
        DeleteTopicsResponse answer = delete(
                new DeleteTopicState("a", Uuid.ZERO),
                new DeleteTopicState(null, b),
                new DeleteTopicState("c", Uuid.ZERO),
                new DeleteTopicState(null, c),
                new DeleteTopicState("x", Uuid.ZERO),
                new DeleteTopicState("y", Uuid.ZERO),
                new DeleteTopicState("y", Uuid.ZERO),
                new DeleteTopicState(null, new Uuid(5, 5)));
        assertThat(cluster.image().topic("a")).isEmpty();
        assertThat(cluster.image().topic("b")).isEmpty();
        assertThat(cluster.image().topic("c")).isPresent();
        assertThat(error(answer, "a")).isEqualTo(ErrorCode.NONE);
        assertThat(error(answer, "b")).isEqualTo(ErrorCode.NONE);
        assertThat(error(answer, "c")).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(error(answer, "x")).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(answer, "y")).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(answer.responses()).anySatisfy(result -> {
            assertThat(result.topicId()).isEqualTo(new Uuid(5, 5));
            assertThat(result.errorCode()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_ID.code());
        });
    }

    @Test
    void deletionTakesTheConfigurationAndFreesTheName() {
        cluster.create(
                SmallCluster.topic("a.b", 1, 1).withConfigs(List.of(new CreatableTopicConfig("retention.ms", "1"))));
        delete(new DeleteTopicState("a.b", Uuid.ZERO));
        assertThat(cluster.image().configs()).doesNotContainKey(ConfigResource.topic("a.b"));
        assertThat(cluster.create(SmallCluster.topic("a_b", 1, 1)).errorCode()).isEqualTo(ErrorCode.NONE.code());
    }

    private void assertRefused(CreatableTopic topic, ErrorCode error, String message) {
        CreatableTopicResult result = cluster.create(topic);
        assertThat(ErrorCode.of(result.errorCode())).as(topic.toString()).isEqualTo(error);
        assertThat(result.errorMessage()).isEqualTo(message);
        Optional<TopicImage> made = cluster.image().topic("t");
        assertThat(made).isEmpty();
    }

    @Test
    void partitionsAreCountedWhenNothingElseIsWrong() {
        List<Integer> counted = new ArrayList<>();
        MutationQuota quota = count -> counted.add(count) && count < 9;
        CreateTopicsRequest topics = CreateTopicsRequest.DEFAULT.withTopics(List.of(
                SmallCluster.topic("a", 2, 1),
                SmallCluster.topic("t 9", 3, 1),
                SmallCluster.topic("c", 4, 9),
                SmallCluster.topic("d", 9, 1),
                SmallCluster.topic("e", 5, 1)));
        assertThat(cluster.apply(new TopicCreation(cluster.facts(), cluster.newId(), cluster.random(), quota)
                                .create(topics, topic -> true))
                        .topics())
                .filteredOn(topic -> topic.errorCode() == ErrorCode.THROTTLING_QUOTA_EXCEEDED.code())
                .singleElement()
                .satisfies(topic -> {
                    assertThat(topic.name()).isEqualTo("d");
                    assertThat(topic.errorMessage()).isNull();
                });
        assertThat(counted).containsExactly(2, 9, 5);
        assertThat(cluster.image().topic("d")).isEmpty();

        counted.clear();
        CreatePartitionsRequest growth = CreatePartitionsRequest.DEFAULT.withTopics(List.of(
                new CreatePartitionsTopic("a", 2, null),
                new CreatePartitionsTopic("e", 6, List.of()),
                new CreatePartitionsTopic("none", 6, null)));
        cluster.apply(new PartitionGrowth(cluster.facts(), cluster.random(), quota).grow(growth));
        assertThat(counted).isEmpty();
        growth = growth.withTopics(
                List.of(new CreatePartitionsTopic("a", 5, null), new CreatePartitionsTopic("e", 14, null)));
        assertThat(cluster.apply(new PartitionGrowth(cluster.facts(), cluster.random(), quota).grow(growth))
                        .results())
                .extracting(CreatePartitionsTopicResult::errorCode)
                .containsExactly(ErrorCode.NONE.code(), ErrorCode.THROTTLING_QUOTA_EXCEEDED.code());
        assertThat(counted).containsExactly(3, 9);
        assertThat(cluster.image().topic("e").orElseThrow().partitionCount()).isEqualTo(5);

        counted.clear();
        cluster.create(SmallCluster.topic("f", 9, 1));
        DeleteTopicsRequest deletion = DeleteTopicsRequest.DEFAULT.withTopics(List.of(
                new DeleteTopicState("a", Uuid.ZERO),
                new DeleteTopicState("f", Uuid.ZERO),
                new DeleteTopicState("none", Uuid.ZERO)));
        DeleteTopicsResponse deleted = cluster.apply(new TopicDeletion(cluster.facts(), quota).delete(deletion, 6));
        assertThat(error(deleted, "a")).isEqualTo(ErrorCode.NONE);
        assertThat(error(deleted, "f")).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED);
        assertThat(counted).containsExactly(5, 9);
        assertThat(cluster.image().topic("a")).isEmpty();
        assertThat(cluster.image().topic("f")).isPresent();
    }

    @SafeVarargs
    private static CreatableTopic assigned(int partitions, int factor, List<Integer>... assignments) {
        List<CreatableReplicaAssignment> all = SmallCluster.ids(assignments.length).stream()
                .map(index -> new CreatableReplicaAssignment(index, assignments[index]))
                .toList();
        return SmallCluster.topic("t", partitions, factor).withAssignments(all);
    }

    private CreatePartitionsTopicResult grow(
            String topic, int count, @Nullable List<CreatePartitionsAssignment> assignments) {
        CreatePartitionsRequest request = CreatePartitionsRequest.DEFAULT.withTopics(
                List.of(new CreatePartitionsTopic(topic, count, assignments)));
        return cluster.apply(new PartitionGrowth(cluster.facts(), cluster.random()).grow(request))
                .results()
                .getFirst();
    }

    private DeleteTopicsResponse delete(DeleteTopicState... states) {
        return cluster.apply(
                new TopicDeletion(cluster.facts()).delete(DeleteTopicsRequest.DEFAULT.withTopics(List.of(states)), 6));
    }

    private static ErrorCode error(DeleteTopicsResponse answer, String name) {
        return answer.responses().stream()
                .filter(result -> name.equals(result.name()))
                .map(result -> ErrorCode.of(result.errorCode()))
                .findFirst()
                .orElseThrow();
    }
}
