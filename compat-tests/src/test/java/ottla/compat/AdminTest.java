package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedByAuthenticationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The Java admin client: topics, configs, records and the node. Groups have {@link GroupAdminTest}. */
@OnEachBroker
class AdminTest {
    private final BrokerProcess broker;
    private final Clients clients;
    private final Admin admin;

    AdminTest(BrokerProcess broker) {
        this.broker = broker;
        clients = Clients.of(broker);
        admin = clients.admin();
    }

    @AfterEach
    void closeAdmin() {
        admin.close(Duration.ofSeconds(5));
    }

    @Test
    void aTopicIsCreatedDescribedAndDeleted() throws Exception {
        CreateTopicsResult created = admin.createTopics(
                List.of(new NewTopic("made", 3, (short) 1).configs(Map.of("retention.ms", "1234567"))));
        assertThat(created.numPartitions("made").get()).isEqualTo(3);
        assertThat(created.replicationFactor("made").get()).isEqualTo(1);
        assertThat(created.config("made").get().get("retention.ms").value()).isEqualTo("1234567");
        Uuid id = created.topicId("made").get();

        TopicDescription byName = Waiting.value(
                "the topic is described",
                () -> admin.describeTopics(List.of("made"))
                        .allTopicNames()
                        .get()
                        .get("made"),
                described -> described.partitions().size() == 3);
        assertThat(byName.topicId()).isEqualTo(id);
        assertThat(byName.isInternal()).isFalse();
        assertThat(byName.partitions()).allSatisfy(partition -> {
            assertThat(partition.leader().id()).isEqualTo(1);
            assertThat(partition.replicas()).extracting(Node::id).containsExactly(1);
            assertThat(partition.isr()).extracting(Node::id).containsExactly(1);
        });
        TopicDescription byId = admin.describeTopics(TopicCollection.ofTopicIds(List.of(id)))
                .allTopicIds()
                .get()
                .get(id);
        assertThat(byId.name()).isEqualTo("made");
        assertThat(byId.partitions()).hasSize(3);
        assertThat(admin.listTopics().names().get()).contains("made");

        admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get();

        Waiting.until(
                "the topic is gone", () -> !admin.listTopics().names().get().contains("made"));
        assertThat(Clients.failure(admin.deleteTopics(List.of("made")).all()))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void aTopicComesBackEmptyAndWithAnotherId() throws Exception {
        clients.createTopic("again", 1);
        Uuid first = topicId("again");
        try (KafkaProducer<String, String> producer = clients.producer()) {
            producer.send(new ProducerRecord<>("again", "old")).get();
        }
        admin.deleteTopics(List.of("again")).all().get();

        clients.createTopic("again", 1);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            assertThat(producer.send(new ProducerRecord<>("again", "new")).get().offset())
                    .isZero();
        }

        assertThat(topicId("again")).isNotEqualTo(first);
        assertThat(clients.readAll(1, new TopicPartition("again", 0)).getFirst().value())
                .isEqualTo("new");
    }

    @Test
    void topicsThatCannotBeAreRefusedOneByOne() throws Exception {
        clients.createTopic("taken", 1);
        Map<String, KafkaFuture<Void>> results = admin.createTopics(List.of(
                        new NewTopic("fine", 1, (short) 1),
                        new NewTopic("taken", 1, (short) 1),
                        new NewTopic("no spaces", 1, (short) 1),
                        new NewTopic("..", 1, (short) 1),
                        new NewTopic("x".repeat(250), 1, (short) 1),
                        new NewTopic("no-partitions", 0, (short) 1),
                        new NewTopic("too-many-replicas", 1, (short) 2),
                        new NewTopic("wrong-config", 1, (short) 1).configs(Map.of("retention.ms", "soon")),
                        new NewTopic("unknown-config", 1, (short) 1).configs(Map.of("no.such.key", "1"))))
                .values();

        results.get("fine").get();
        assertThat(Clients.failure(results.get("taken"))).isInstanceOf(TopicExistsException.class);
        assertThat(Clients.failure(results.get("no spaces"))).isInstanceOf(InvalidTopicException.class);
        assertThat(Clients.failure(results.get(".."))).isInstanceOf(InvalidTopicException.class);
        assertThat(Clients.failure(results.get("x".repeat(250)))).isInstanceOf(InvalidTopicException.class);
        assertThat(Clients.failure(results.get("no-partitions"))).isInstanceOf(InvalidPartitionsException.class);
        assertThat(Clients.failure(results.get("too-many-replicas")))
                .isInstanceOf(InvalidReplicationFactorException.class);
        assertThat(Clients.failure(results.get("wrong-config"))).isInstanceOf(InvalidConfigurationException.class);
        assertThat(Clients.failure(results.get("unknown-config"))).isInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void validatingCreatesNothing() throws Exception {
        CreateTopicsResult result = admin.createTopics(
                List.of(new NewTopic("checked", 2, (short) 1)), new CreateTopicsOptions().validateOnly(true));

        assertThat(result.numPartitions("checked").get()).isEqualTo(2);
        assertThat(admin.listTopics().names().get()).doesNotContain("checked");
    }

    @Test
    void replicasArePlacedByHand() throws Exception {
        admin.createTopics(List.of(new NewTopic("placed", Map.of(0, List.of(1), 1, List.of(1)))))
                .all()
                .get();
        Waiting.until("there are two partitions", () -> partitionCount("placed") == 2);
    }

    @Test
    void partitionsAreAddedButNotTaken() throws Exception {
        clients.createTopic("growing", 2);
        admin.createPartitions(
                        Map.of("growing", NewPartitions.increaseTo(9)),
                        new CreatePartitionsOptions().validateOnly(true))
                .all()
                .get();
        assertThat(partitionCount("growing")).isEqualTo(2);

        admin.createPartitions(Map.of("growing", NewPartitions.increaseTo(4)))
                .all()
                .get();

        Waiting.until("there are four partitions", () -> partitionCount("growing") == 4);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            assertThat(producer.send(new ProducerRecord<>("growing", 3, "k", "v"))
                            .get()
                            .offset())
                    .isZero();
        }
        assertThat(Clients.failure(admin.createPartitions(Map.of("growing", NewPartitions.increaseTo(3)))
                        .all()))
                .isInstanceOf(InvalidPartitionsException.class);
        assertThat(Clients.failure(admin.createPartitions(Map.of("nowhere", NewPartitions.increaseTo(3)))
                        .all()))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void configsOfATopicAreAltered() throws Exception {
        clients.createTopic("tuned", 1);
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "tuned");

        alter(topic, "retention.ms", "1000", OpType.SET);
        alter(topic, "cleanup.policy", "compact", OpType.APPEND);

        ConfigEntry retention = awaitConfig(topic, "retention.ms", "1000");
        assertThat(retention.source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
        assertThat(retention.isDefault()).isFalse();
        assertThat(retention.type()).isEqualTo(ConfigEntry.ConfigType.LONG);
        awaitConfig(topic, "cleanup.policy", "delete,compact");

        alter(topic, "cleanup.policy", "delete", OpType.SUBTRACT);
        awaitConfig(topic, "cleanup.policy", "compact");
        alter(topic, "retention.ms", "", OpType.DELETE);
        assertThat(awaitConfig(topic, "retention.ms", "604800000").source()).isEqualTo(ConfigSource.DEFAULT_CONFIG);

        assertThat(Clients.failure(altering(topic, "segment.bytes", "-5", OpType.SET)))
                .isInstanceOf(InvalidConfigurationException.class);
        ConfigResource nowhere = new ConfigResource(ConfigResource.Type.TOPIC, "nowhere");
        assertThat(Clients.failure(altering(nowhere, "retention.ms", "5", OpType.SET)))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void configsOfTheBrokerAreDescribedAndAltered() throws Exception {
        ConfigResource node = new ConfigResource(ConfigResource.Type.BROKER, "1");
        Config config = admin.describeConfigs(List.of(node)).all().get().get(node);
        assertThat(config.get("node.id").value()).isEqualTo("1");
        assertThat(config.get("node.id").isReadOnly()).isTrue();
        assertThat(config.get("node.id").source()).isEqualTo(ConfigSource.STATIC_BROKER_CONFIG);
        assertThat(config.get("log.dirs").value())
                .isEqualTo(broker.dataDirectory().toString());
        assertThat(config.get("num.io.threads").source()).isEqualTo(ConfigSource.DEFAULT_CONFIG);

        alter(node, "log.retention.ms", "3600000", OpType.SET);

        assertThat(awaitConfig(node, "log.retention.ms", "3600000").source())
                .isEqualTo(ConfigSource.DYNAMIC_BROKER_CONFIG);
        clients.createTopic("inherits", 1);
        ConfigEntry inherited =
                awaitConfig(new ConfigResource(ConfigResource.Type.TOPIC, "inherits"), "retention.ms", "3600000");
        assertThat(inherited.source()).isEqualTo(ConfigSource.DYNAMIC_BROKER_CONFIG);
        alter(node, "log.retention.ms", "", OpType.DELETE);
        awaitConfig(node, "log.retention.ms", null);
    }

    /** It might be the secret of a plug-in. */
    @Test
    void aBrokersSettingThatNobodyKnowsIsTakenAndHidden() throws Exception {
        ConfigResource node = new ConfigResource(ConfigResource.Type.BROKER, "1");
        ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
        alter(node, "nobody.knows", "secret", OpType.SET);
        alter(all, "nobody.knows", "other", OpType.SET);
        for (ConfigResource resource : List.of(node, all)) {
            ConfigEntry unknown = awaitConfig(resource, "nobody.knows", null);
            assertThat(unknown.isSensitive()).isTrue();
            assertThat(unknown.isReadOnly()).isTrue();
            assertThat(unknown.type()).isEqualTo(ConfigEntry.ConfigType.UNKNOWN);
            alter(resource, "nobody.knows", "", OpType.DELETE);
        }
    }

    @Test
    void aListenersOwnSettingIsShownAsThatOfAllIs() throws Exception {
        ConfigResource node = new ConfigResource(ConfigResource.Type.BROKER, "1");
        String key = "listener.name.other.ssl.keystore.location";
        alter(node, key, "/nowhere", OpType.SET);
        ConfigEntry location = awaitConfig(node, key, "/nowhere");
        assertThat(location.isSensitive()).isFalse();
        assertThat(location.isReadOnly()).isTrue();
        assertThat(location.type()).isEqualTo(ConfigEntry.ConfigType.STRING);
        assertThat(location.source()).isEqualTo(ConfigSource.DYNAMIC_BROKER_CONFIG);
        alter(node, key, "", OpType.DELETE);

        assertThat(Clients.failure(altering(node, "ssl.keystore.location", "/nowhere", OpType.SET)))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("per-listener");
    }

    @Test
    void resourcesWithConfigsAreListed() throws Exception {
        clients.createTopic("resource", 1);
        Collection<ConfigResource> resources = admin.listConfigResources(
                        Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions())
                .all()
                .get();

        assertThat(resources).contains(new ConfigResource(ConfigResource.Type.TOPIC, "resource"));
    }

    @Test
    void recordsAreDeletedUpToAnOffset() throws Exception {
        clients.createTopic("trimmed", 1);
        TopicPartition partition = new TopicPartition("trimmed", 0);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("trimmed", String.valueOf(i)))
                        .get();
            }
        }

        assertThat(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(6)))
                        .lowWatermarks()
                        .get(partition)
                        .get()
                        .lowWatermark())
                .isEqualTo(6);
        assertThat(offset(partition, OffsetSpec.earliest())).isEqualTo(6);
        assertThat(offset(partition, OffsetSpec.latest())).isEqualTo(10);
        assertThat(clients.readAll(4, partition).getFirst().value()).isEqualTo("6");

        assertThat(Clients.failure(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(11)))
                        .all()))
                .isInstanceOf(OffsetOutOfRangeException.class);
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(-1)))
                .all()
                .get();
        assertThat(offset(partition, OffsetSpec.earliest())).isEqualTo(10);
    }

    @Test
    void theClusterIsDescribed() throws Exception {
        DescribeClusterResult cluster = admin.describeCluster();

        assertThat(cluster.clusterId().get()).isEqualTo(broker.clusterId());
        assertThat(cluster.controller().get().id()).isEqualTo(1);
        assertThat(cluster.nodes().get()).singleElement().satisfies(node -> {
            assertThat(node.id()).isEqualTo(1);
            assertThat(node.host()).isEqualTo("127.0.0.1");
            assertThat(node.port()).isEqualTo(broker.port());
            assertThat(node.hasRack()).isFalse();
        });
    }

    @Test
    void theLogDirectoryIsDescribed() throws Exception {
        clients.createTopic("stored", 1);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            producer.send(new ProducerRecord<>("stored", "value")).get();
        }

        Map<String, LogDirDescription> directories =
                admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);

        LogDirDescription directory = directories.get(broker.dataDirectory().toString());
        assertThat(directory.error()).isNull();
        assertThat(directory.totalBytes().getAsLong()).isPositive();
        assertThat(directory.replicaInfos().get(new TopicPartition("stored", 0)).size())
                .isEqualTo(73);
        assertThat(directory.replicaInfos().get(new TopicPartition("stored", 0)).isFuture())
                .isFalse();
    }

    @Test
    void activeProducersAreDescribed() throws Exception {
        clients.createTopic("produced", 1);
        TopicPartition partition = new TopicPartition("produced", 0);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            producer.send(new ProducerRecord<>("produced", "one")).get();
            producer.send(new ProducerRecord<>("produced", "two")).get();

            List<ProducerState> states = admin.describeProducers(List.of(partition))
                    .partitionResult(partition)
                    .get()
                    .activeProducers();

            assertThat(states).singleElement().satisfies(state -> {
                assertThat(state.lastSequence()).isEqualTo(1);
                assertThat(state.producerEpoch()).isZero();
                assertThat(state.currentTransactionStartOffset()).isEmpty();
            });
        }
    }

    @Test
    void withoutSecurityThereAreNoAccessRulesAndNoTokens() throws Exception {
        AclBinding rule = new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, "ruled", PatternType.LITERAL),
                new AccessControlEntry("User:anna", "*", AclOperation.READ, AclPermissionType.ALLOW));
        assertThat(Clients.failure(admin.createAcls(List.of(rule)).all()))
                .isInstanceOf(SecurityDisabledException.class);
        assertThat(Clients.failure(admin.deleteAcls(List.of(rule.toFilter())).all()))
                .isInstanceOf(SecurityDisabledException.class);
        assertThat(Clients.failure(admin.describeAcls(AclBindingFilter.ANY).values()))
                .isInstanceOf(SecurityDisabledException.class);
        assertThat(Clients.failure(admin.createDelegationToken().delegationToken()))
                .isInstanceOf(UnsupportedByAuthenticationException.class);
        assertThat(Clients.failure(admin.describeDelegationToken().delegationTokens()))
                .isInstanceOf(UnsupportedByAuthenticationException.class);
    }

    @Test
    void featuresAndQuorumAreDescribed() throws Exception {
        FeatureMetadata features = admin.describeFeatures().featureMetadata().get();
        assertThat(features.finalizedFeatures().get("metadata.version").maxVersionLevel())
                .isEqualTo((short) 30);
        assertThat(features.supportedFeatures().get("metadata.version").minVersion())
                .isEqualTo((short) 7);
        assertThat(features.finalizedFeaturesEpoch()).isPresent();

        QuorumInfo quorum = admin.describeMetadataQuorum().quorumInfo().get();
        assertThat(quorum.leaderId()).isEqualTo(1);
        assertThat(quorum.leaderEpoch()).isPositive();
        assertThat(quorum.voters())
                .singleElement()
                .satisfies(voter -> assertThat(voter.replicaId()).isEqualTo(1));
        assertThat(quorum.observers()).isEmpty();
        assertThat(quorum.highWatermark()).isPositive();
    }

    private Uuid topicId(String topic) throws Exception {
        return admin.describeTopics(List.of(topic))
                .allTopicNames()
                .get()
                .get(topic)
                .topicId();
    }

    private int partitionCount(String topic) throws Exception {
        return admin.describeTopics(List.of(topic))
                .allTopicNames()
                .get()
                .get(topic)
                .partitions()
                .size();
    }

    private long offset(TopicPartition partition, OffsetSpec wanted) throws Exception {
        return admin.listOffsets(Map.of(partition, wanted))
                .partitionResult(partition)
                .get()
                .offset();
    }

    private KafkaFuture<Void> altering(ConfigResource resource, String key, String value, OpType operation) {
        return admin.incrementalAlterConfigs(
                        Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(key, value), operation))))
                .all();
    }

    private void alter(ConfigResource resource, String key, String value, OpType operation) throws Exception {
        altering(resource, key, value, operation).get();
    }

    private ConfigEntry awaitConfig(ConfigResource resource, String key, String value) {
        return Waiting.value(
                key + " is " + value,
                () -> admin.describeConfigs(List.of(resource))
                        .all()
                        .get()
                        .get(resource)
                        .get(key),
                entry -> entry != null && Objects.equals(entry.value(), value));
    }
}
