package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Random;

/**
 * The values that requests are made of: mostly such as an honest client would send, sometimes such as only a broken one would.
 * A text that begins with {@code $} is a name that each {@link Side} replaces by its own value.
 */
final class Vocabulary {
    /** Topics that exist from the beginning and are never changed, only written to. */
    static final List<String> FIXTURES = List.of("alpha", "beta", "compact");

    /** Topics that requests create, change and delete. */
    static final List<String> CHANGING = List.of("t0", "t1", "t2", "t3");

    /** Groups without members. */
    static final List<String> GROUPS = List.of("g0", "g1", "g2");

    static final String UNKNOWN_ID = "AAAAAAAAAAAAAAAAAAAAZQ";
    static final String NO_ID = "AAAAAAAAAAAAAAAAAAAAAA";

    /** One value in so many is a bad one: most requests then have one, and few have only bad ones. */
    private static final int ONE_BAD_IN = 10;

    private final Random random;

    Vocabulary(Random random) {
        this.random = random;
    }

    /** A value for the field at this path, which begins with the name of the API. */
    JsonNode value(String path, Schema.Field field) {
        JsonNode special = byPath(path);
        if (special == null) {
            special = byName(field.name());
        }
        return special == null ? byType(field.elementType()) : special;
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    @SafeVarargs
    final <T> T oneOf(T... values) {
        return values[random.nextInt(values.length)];
    }

    <T> T oneOf(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    String anyTopic() {
        return chance(70) ? oneOf(FIXTURES) : oneOf(CHANGING);
    }

    boolean bad() {
        return random.nextInt(ONE_BAD_IN) == 0;
    }

    private JsonNode byPath(String path) {
        return switch (path) {
            case "CreateTopics.Topics.Name",
                    "CreatePartitions.Topics.Name",
                    "DeleteTopics.TopicNames",
                    "AlterPartitionReassignments.Topics.Name",
                    "ListPartitionReassignments.Topics.Name" -> text(bad() ? badTopic() : oneOf(CHANGING));
            case "DeleteTopics.Topics.TopicId" -> text(bad() ? oneOf(UNKNOWN_ID, NO_ID) : "$topic:" + oneOf(CHANGING));
            case "DeleteTopics.Topics.Name" -> text(bad() ? badTopic() : oneOf(CHANGING));
            case "Produce.TopicData.Name" -> text(bad() ? "__consumer_offsets" : anyTopic());
            case "CreateTopics.Topics.NumPartitions" -> number(-1, 1, 3).or(0, -5);
            case "CreateTopics.Topics.ReplicationFactor" -> number(-1, 1).or(0, 2, -7);
            case "CreatePartitions.Topics.Count" -> number(2, 3, 5).or(0, -1, 1);
            case "CreateTopics.Topics.Configs.Name",
                    "AlterConfigs.Resources.Configs.Name",
                    "IncrementalAlterConfigs.Resources.Configs.Name" -> configKey();
            case "CreateTopics.Topics.Configs.Value",
                    "AlterConfigs.Resources.Configs.Value",
                    "IncrementalAlterConfigs.Resources.Configs.Value" -> configValue();
            case "IncrementalAlterConfigs.Resources.Configs.ConfigOperation" ->
                number(0, 0, 0, 1, 2, 3).or(4, -1);
            case "AlterConfigs.Resources.ResourceName", "IncrementalAlterConfigs.Resources.ResourceName" ->
                text(oneOf("1", "2", "", "nobody", oneOf(CHANGING)));
            // Kafka fails at a fetch of the id that stands for none
            case "Fetch.Topics.TopicId" -> text(bad() ? UNKNOWN_ID : "$topic:" + anyTopic());
            case "DescribeConfigs.Resources.ConfigurationKeys" -> configKey();
            case "ListConfigResources.ResourceTypes" -> number(2, 4, 16, 32).or(0, 99);
            case "Produce.Acks" -> number(1, -1).or(2, -2);
            case "Produce.TransactionalId" -> NullNode.getInstance();
            case "InitProducerId.TransactionalId" -> bad() ? text("") : NullNode.getInstance();
            case "InitProducerId.ProducerId" -> number(-1, -1, 0).or(7);
            case "InitProducerId.ProducerEpoch" -> number(-1, -1, 0).or(3);
            case "InitProducerId.Enable2Pc", "InitProducerId.KeepPreparedTxn" -> BooleanNode.FALSE;
            case "FindCoordinator.Key", "FindCoordinator.CoordinatorKeys" -> text(oneOf(GROUPS));
            case "FindCoordinator.KeyType" -> number(0).or(9);
            case "ListGroups.StatesFilter" -> text(oneOf("Empty", "empty", "Stable", "Nonsense"));
            case "ListGroups.TypesFilter" -> text(oneOf("classic", "Consumer", "nonsense"));
            case "ListOffsets.Topics.Partitions.Timestamp" ->
                number(-1, -2, 0, 1000, 1001, 5000).or(-3, -6, -99);
            case "DescribeTopicPartitions.Cursor.TopicName" -> text(oneOf("alpha", "beta", "aaa", "zzz"));
            case "DescribeTopicPartitions.ResponsePartitionLimit" ->
                number(2000, 1, 2).or(0, -1);
            case "AlterPartitionReassignments.Topics.Partitions.Replicas" ->
                number(1, 1, 2).or(7, -1);
            case "ElectLeaders.ElectionType" -> number(0, 1).or(9, -1);
            case "DescribeCluster.EndpointType" -> number(1, 2).or(0, 9);
            case "DescribeQuorum.Topics.TopicName" -> text(bad() ? oneOf("alpha", "") : "__cluster_metadata");
            case "DescribeQuorum.Topics.Partitions.PartitionIndex" ->
                number(0, 0, 0).or(1);
            case "ApiVersions.ClientSoftwareName", "ApiVersions.ClientSoftwareVersion" ->
                text(bad() ? oneOf("", "-x", "a b", "ü") : oneOf("java", "librdkafka", "4.3.1"));
            case "BrokerRegistration.BrokerId",
                    "BrokerHeartbeat.BrokerId",
                    "AllocateProducerIds.BrokerId",
                    "AssignReplicasToDirs.BrokerId",
                    "UnregisterBroker.BrokerId" -> number(2, 2, 2, 3).or(99, -1);
            case "BrokerRegistration.ClusterId", "AddRaftVoter.ClusterId", "RemoveRaftVoter.ClusterId" ->
                text(bad() ? "another" : "$cluster");
            case "AddRaftVoter.VoterId", "RemoveRaftVoter.VoterId" ->
                number(1, 2).or(-1);
            case "AddRaftVoter.VoterDirectoryId", "RemoveRaftVoter.VoterDirectoryId" ->
                text(bad() ? "AAAAAAAAAAAAAAAAAAAAAA" : "AAAAAAAAAAAAAAAAAAAAZw");
            case "AddRaftVoter.Listeners.Name" -> text(bad() ? "OTHER" : oneOf("CONTROLLER", "controller"));
            case "AddRaftVoter.Listeners.Host" -> text("somewhere");
            case "AddRaftVoter.Listeners.Port" -> number(19093);
            case "BrokerRegistration.IncarnationId" ->
                text(bad() ? "AAAAAAAAAAAAAAAAAAAAZg" : "AAAAAAAAAAAAAAAAAAAAZw");
            case "BrokerRegistration.Listeners.Name" -> text(bad() ? "OTHER" : "PLAINTEXT");
            case "BrokerRegistration.Listeners.Port" -> number(19092);
            case "BrokerRegistration.Listeners.SecurityProtocol" -> number(0).or(77);
            case "BrokerRegistration.Features.Name" -> text("metadata.version");
            case "BrokerRegistration.Features.MinSupportedVersion" -> number(7).or(31);
            case "BrokerRegistration.Features.MaxSupportedVersion" -> number(30).or(8);
            case "BrokerRegistration.LogDirs" -> text(oneOf("AAAAAAAAAAAAAAAAAAAAyA", "AAAAAAAAAAAAAAAAAAAAyB"));
            case "BrokerRegistration.PreviousBrokerEpoch" -> number(-1);
            case "BrokerRegistration.IsMigratingZkBroker" -> BooleanNode.valueOf(bad());
            case "BrokerHeartbeat.BrokerEpoch", "AllocateProducerIds.BrokerEpoch", "AssignReplicasToDirs.BrokerEpoch" ->
                bad() ? new LongNode(1) : text("$broker-epoch");
            case "BrokerHeartbeat.WantFence" -> BooleanNode.TRUE;
            case "BrokerHeartbeat.OfflineLogDirs", "BrokerHeartbeat.CordonedLogDirs" -> text("AAAAAAAAAAAAAAAAAAAAyA");
            case "AssignReplicasToDirs.Directories.Id" ->
                text(oneOf("AAAAAAAAAAAAAAAAAAAAyA", "AAAAAAAAAAAAAAAAAAAAyB"));
            case "AlterReplicaLogDirs.Dirs.Path" -> text(bad() ? oneOf("/nowhere", "data", "") : "$directory");
            case "JoinGroup.SessionTimeoutMs" -> number(1).or(5, Integer.MAX_VALUE);
            case "CreateAcls.Creations.ResourceType" -> number(2, 3, 4).or(0, 99);
            case "CreateDelegationToken.OwnerPrincipalType" -> chance(10) ? NullNode.getInstance() : text("User");
            case "CreateDelegationToken.OwnerPrincipalName" ->
                chance(30) ? NullNode.getInstance() : text(oneOf("", "anna"));
            case "AlterClientQuotas.Entries.Entity.EntityType", "DescribeClientQuotas.Components.EntityType" ->
                text(bad() ? oneOf("", "nobody") : oneOf("user", "user", "client-id", "ip"));
            case "AlterClientQuotas.Entries.Entity.EntityName", "DescribeClientQuotas.Components.Match" ->
                chance(30) ? NullNode.getInstance() : text(bad() ? "" : oneOf("u1", "u2"));
            case "AlterClientQuotas.Entries.Ops.Key" ->
                text(
                        bad()
                                ? "nope"
                                : oneOf(
                                        "producer_byte_rate",
                                        "consumer_byte_rate",
                                        "request_percentage",
                                        "connection_creation_rate"));
            case "AlterClientQuotas.Entries.Ops.Value" ->
                // so large that nobody is ever throttled: one of the two does not enforce them
                new DoubleNode(bad() ? oneOf(0.0, -1.0, 1e20, 3e9) : oneOf(1e9, 1.5e9, 1_000_000_000.5, 2e9));
            case "AlterClientQuotas.ValidateOnly" -> BooleanNode.valueOf(chance(20));
            case "DescribeClientQuotas.Components.MatchType" -> number(0, 1, 2).or(3, -1);
            case "AlterUserScramCredentials.Deletions.Name",
                    "AlterUserScramCredentials.Upsertions.Name",
                    "DescribeUserScramCredentials.Users.Name" -> text(bad() ? "" : oneOf("u1", "u2", "u3"));
            case "AlterUserScramCredentials.Deletions.Mechanism", "AlterUserScramCredentials.Upsertions.Mechanism" ->
                number(1, 2).or(0, 3);
            case "AlterUserScramCredentials.Upsertions.Iterations" ->
                number(4096, 8192, 16384).or(4095, 16385, -1);
            default -> null;
        };
    }

    private JsonNode byName(String name) {
        return switch (name) {
            case "Topic", "Name", "TopicName" -> text(bad() ? badTopic() : anyTopic());
            case "TopicId" -> text(bad() ? oneOf(UNKNOWN_ID, NO_ID) : "$topic:" + anyTopic());
            case "GroupId", "Groups", "GroupsNames" -> text(bad() ? oneOf("", "nobody") : oneOf(GROUPS));
            case "PartitionIndex", "Partition", "PartitionIndexes", "Partitions", "Index" ->
                number(0, 0, 0, 1, 2).or(7, -1);
            case "CurrentLeaderEpoch", "LeaderEpoch", "CommittedLeaderEpoch", "LastFetchedEpoch" ->
                number(-1, -1, 0).or(1, 9, -5);
            case "FetchOffset", "CommittedOffset", "Offset" ->
                number(0, 1, 2, 5).or(-1, -2, 10_000);
            case "ReplicaId" -> number(-1);
            case "ReplicaEpoch", "LogStartOffset", "RetentionTimeMs", "CurrentMetadataOffset" -> number(-1);
            case "GenerationId", "GenerationIdOrMemberEpoch", "MemberEpoch" ->
                number(-1, -1).or(3);
            case "MemberId" -> text(bad() ? "stranger" : "");
            case "CommittedMetadata" -> text(bad() ? "m".repeat(5000) : oneOf("", "note"));
            case "MaxWaitMs", "TimeoutMs", "timeoutMs" -> name.equals("MaxWaitMs") ? number(0, 10) : number(10_000);
            case "MinBytes" -> number(0, 1);
            case "MaxBytes", "PartitionMaxBytes" ->
                number(1_000_000, 1_000_000, 100, 1).or(0);
            case "IsolationLevel" -> number(0, 1);
            case "TransactionTimeoutMs" -> number(60_000).or(0, -1);
            case "BrokerIds" -> number(1, 1, 1).or(2, -1);
            case "HighWatermark" -> new LongNode(Long.MAX_VALUE);
            case "ResourceTypeFilter", "PatternTypeFilter", "ResourcePatternType", "Operation", "PermissionType" ->
                number(1, 2, 3).or(0, 99);
            case "ReplicaDirectoryId" -> text(NO_ID);
            case "Rack", "RackId" -> text(oneOf("", "r1"));
            case "Host" -> text("elsewhere");
            case "Records" -> text(batch());
            case "ResourceType" -> number(2, 4).or(0, 99);
            case "ResourceName" -> text(anyTopic());
            default -> null;
        };
    }

    private JsonNode byType(String type) {
        return switch (type) {
            case "bool" -> BooleanNode.valueOf(random.nextBoolean());
            case "int8", "int16", "int32", "uint16" -> new IntNode(random.nextInt(3));
            case "int64", "uint32" -> new LongNode(random.nextInt(3));
            case "uuid" -> text(UNKNOWN_ID);
            case "bytes" -> BinaryNode.valueOf(new byte[] {1, 2, 3});
            default -> text("word");
        };
    }

    private String badTopic() {
        return oneOf("nope", "bad name", "", "..", "x".repeat(250));
    }

    private JsonNode configKey() {
        return text(
                bad()
                        ? oneOf("no.such.key", "")
                        : oneOf(
                                "retention.ms",
                                "cleanup.policy",
                                "max.message.bytes",
                                "min.insync.replicas",
                                "compression.type",
                                "segment.bytes",
                                "message.timestamp.type"));
    }

    String groupKey() {
        return bad()
                ? "retention.ms"
                : oneOf(
                        "consumer.session.timeout.ms",
                        "consumer.heartbeat.interval.ms",
                        "share.session.timeout.ms",
                        "share.record.lock.duration.ms",
                        "share.auto.offset.reset",
                        "streams.num.standby.replicas");
    }

    String groupValue() {
        return oneOf("45000", "5000", "50000", "60000", "1", "2", "earliest", "latest", "by_duration:PT1H", "");
    }

    String metricsKey() {
        return bad() ? "retention.ms" : oneOf("metrics", "interval.ms", "match");
    }

    String metricsValue() {
        return oneOf(
                "*",
                "org.apache.kafka.consumer.,org.apache.kafka.producer.",
                "100",
                "99",
                "3600000",
                "3600001",
                "client_id=.*",
                "client_id=[",
                "client_software_name=a,client_source_port=9",
                "who=me",
                "");
    }

    private JsonNode configValue() {
        return text(oneOf("2000000", "1", "86400000", "compact", "delete", "gzip", "CreateTime", "", "wrong", "-1"));
    }

    /** A batch as {@link Batches} understands it: codec, record count, first timestamp, producer, epoch, sequence, fault. */
    private String batch() {
        String codec = oneOf("none", "none", "gzip", "snappy", "lz4", "zstd");
        String producer = chance(30) ? String.valueOf(random.nextInt(3)) : "-";
        int sequence = bad() ? random.nextInt(50) : -1;
        String fault = bad() ? oneOf(Batches.FAULTS) : "sound";
        return String.join(
                ",",
                "$batch:" + codec,
                String.valueOf(1 + random.nextInt(3)),
                String.valueOf(oneOf(1000, 1001, 2000, 5000)),
                producer,
                bad() ? "1" : "0",
                String.valueOf(sequence),
                fault);
    }

    private static TextNode text(String text) {
        return new TextNode(text);
    }

    private Choice number(long... good) {
        return new Choice(random, good);
    }

    /** A good number, which becomes a bad one now and then when bad ones are named. */
    private static final class Choice extends LongNode {
        private static final long serialVersionUID = 1;
        private final transient Random random;

        Choice(Random random, long... good) {
            super(good[random.nextInt(good.length)]);
            this.random = random;
        }

        JsonNode or(long... bad) {
            return random.nextInt(ONE_BAD_IN) == 0 ? new LongNode(bad[random.nextInt(bad.length)]) : this;
        }
    }
}
