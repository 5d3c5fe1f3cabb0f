package ottla.compat.differential;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;

/** Requests that are written by hand. */
final class Steps {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SALTED = "'salt': 'AQID', 'saltedPassword': 'AQID'";

    private Steps() {}

    /** A request as JSON, in which single quotes stand for double ones. */
    static Step of(ApiKeys api, int version, String request) {
        return new Step(api, version, Step.Listener.BROKER, json(request));
    }

    private static ObjectNode json(String request) {
        try {
            return (ObjectNode) JSON.readTree(request.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(request, e);
        }
    }

    /** Where logs are put: all there are besides those that move, which takes its time. */
    static List<Step> logDirectories() {
        return List.of(
                alterLogDirectory("$directory", "alpha", "0, 1, 2, 3, -1"),
                alterLogDirectory("$directory", "nope", "0"),
                alterLogDirectory("$directory", "bad name", "0"),
                alterLogDirectory("$directory", "l".repeat(240), "0"),
                alterLogDirectory("$directory", "__cluster_metadata", "0"),
                alterLogDirectory("/nowhere", "alpha", "0, 7"),
                alterLogDirectory("", "alpha", "0"),
                of(ApiKeys.ALTER_REPLICA_LOG_DIRS, 2, "{'dirs': []}"),
                of(ApiKeys.ALTER_REPLICA_LOG_DIRS, 2, """
                        {'dirs': [{'path': '$directory', 'topics': [{'name': 'alpha', 'partitions': [0]}]},
                                  {'path': '/nowhere', 'topics': [{'name': 'alpha', 'partitions': [1]},
                                                                  {'name': 'beta', 'partitions': [0]}]}]}"""),
                assignDirectory(1, -1),
                assignDirectory(1, 1_000_000),
                assignDirectory(9, 0));
    }

    /** SCRAM credentials: described by name, twice, before and after they are there. */
    static List<Step> users(String user) {
        return List.of(
                describeUsers("[{'name': '%s'}]".formatted(user)),
                alterUsers("[]", "[{'name': '%s', 'mechanism': 1, 'iterations': 4096, %s}]".formatted(user, SALTED)),
                alterUsers("[]", "[{'name': '%s', 'mechanism': 2, 'iterations': 8192, %s}]".formatted(user, SALTED)),
                describeUsers("null"),
                describeUsers("[]"),
                describeUsers("[{'name': '%1$s'}, {'name': 'nobody'}, {'name': ''}]".formatted(user)),
                describeUsers("[{'name': '%1$s'}, {'name': '%1$s'}, {'name': 'nobody'}]".formatted(user)),
                describeUsers("[{'name': 'nobody'}, {'name': 'nobody'}]"),
                alterUsers(
                        "[{'name': '%s', 'mechanism': 1}]".formatted(user),
                        "[{'name': '%s', 'mechanism': 2, 'iterations': 8192, %s}]".formatted(user, SALTED)),
                alterUsers(
                        "[{'name': '%1$s', 'mechanism': 1}, {'name': 'nobody', 'mechanism': 1}]".formatted(user), "[]"),
                alterUsers("[{'name': '%s', 'mechanism': 2}]".formatted(user), "[]"),
                describeUsers("null"));
    }

    private static Step describeUsers(String users) {
        return of(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, 0, "{'users': %s}".formatted(users));
    }

    private static Step alterUsers(String deletions, String upsertions) {
        return of(
                ApiKeys.ALTER_USER_SCRAM_CREDENTIALS,
                0,
                "{'deletions': %s, 'upsertions': %s}".formatted(deletions, upsertions));
    }

    /** The life of a reassignment to a broker that never catches up, here {@code topic} with one partition on broker 1. */
    static List<Step> reassignments(String topic) {
        return List.of(
                register(2),
                listReassignments("null"),
                reassign(topic, "null", true),
                reassign(topic, "[1]", false),
                reassign(topic, "[2, 1]", false),
                reassign(topic, "[2, 1]", true),
                listReassignments("null"),
                listReassignments("[]"),
                listReassignments(
                        "[{'name': '%s', 'partitionIndexes': [0, 7]}, {'name': 'nope', 'partitionIndexes': [0]}]"
                                .formatted(topic)),
                metadataOfAllTopics(),
                elect(0, topic, "0, 7"),
                elect(1, topic, "0"),
                elect(3, topic, "0, 7"),
                of(ApiKeys.ELECT_LEADERS, 2, "{'electionType': 0, 'topicPartitions': null, 'timeoutMs': 10000}"),
                of(ApiKeys.ELECT_LEADERS, 2, "{'electionType': 3, 'topicPartitions': null, 'timeoutMs': 10000}"),
                of(ApiKeys.ELECT_LEADERS, 2, "{'electionType': 3, 'topicPartitions': [], 'timeoutMs': 10000}"),
                reassign(topic, "[2]", false),
                reassign(topic, "[2]", true),
                listReassignments("null"),
                metadataOfAllTopics(),
                reassign(topic, "[1, 1]", true),
                reassign(topic, "[]", true),
                reassign(topic, "[1, 8]", true),
                reassign("nope", "[1]", true),
                of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1, """
                        {'timeoutMs': 10000, 'allowReplicationFactorChange': false, 'topics': []}"""),
                reassign(topic, "null", false),
                listReassignments("null"),
                metadataOfAllTopics(),
                reassign(topic, "null", true));
    }

    private static Step register(int brokerId) {
        return new Step(ApiKeys.BROKER_REGISTRATION, 4, Step.Listener.CONTROLLER, json("""
                {'brokerId': %d, 'clusterId': '$cluster', 'incarnationId': 'AAAAAAAAAAAAAAAAAAAAZw', 'listeners':
                 [{'name': 'PLAINTEXT', 'host': 'elsewhere', 'port': 19092, 'securityProtocol': 0}], 'features': [%s],
                 'rack': null, 'isMigratingZkBroker': false, 'logDirs': ['AAAAAAAAAAAAAAAAAAAAyA'],
                 'previousBrokerEpoch': -1}""".formatted(
                        brokerId, RequestGenerator.allFeatures())));
    }

    private static Step reassign(String topic, String replicas, boolean otherFactor) {
        return of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1, """
                {'timeoutMs': 10000, 'allowReplicationFactorChange': %s, 'topics': [{'name': '%s', 'partitions':
                 [{'partitionIndex': 0, 'replicas': %s}, {'partitionIndex': 7, 'replicas': [1]}]}]}""".formatted(otherFactor, topic, replicas));
    }

    private static Step listReassignments(String topics) {
        return of(ApiKeys.LIST_PARTITION_REASSIGNMENTS, 0, "{'timeoutMs': 10000, 'topics': %s}".formatted(topics));
    }

    private static Step elect(int type, String topic, String partitions) {
        return of(ApiKeys.ELECT_LEADERS, 2, """
                {'electionType': %d, 'topicPartitions': [{'topic': '%s', 'partitions': [%s]},
                 {'topic': 'nope', 'partitions': [0]}], 'timeoutMs': 10000}""".formatted(type, topic, partitions));
    }

    private static Step alterLogDirectory(String path, String topic, String partitions) {
        return of(ApiKeys.ALTER_REPLICA_LOG_DIRS, 2, """
                {'dirs': [{'path': '%s', 'topics': [{'name': '%s', 'partitions': [%s]}]}]}""".formatted(path, topic, partitions));
    }

    private static Step assignDirectory(int brokerId, long brokerEpoch) {
        return new Step(ApiKeys.ASSIGN_REPLICAS_TO_DIRS, 0, Step.Listener.CONTROLLER, json("""
                {'brokerId': %d, 'brokerEpoch': %d, 'directories': [{'id': 'AAAAAAAAAAAAAAAAAAAAyA',
                 'topics': [{'topicId': '$topic:alpha', 'partitions': [{'partitionIndex': 0}, {'partitionIndex': 7}]},
                            {'topicId': '%s', 'partitions': [{'partitionIndex': 0}]}]}]}""".formatted(
                        brokerId, brokerEpoch, Vocabulary.UNKNOWN_ID)));
    }

    static Step createTopic(String topic, int partitions, String configs) {
        return of(ApiKeys.CREATE_TOPICS, 7, """
                {'topics': [{'name': '%s', 'numPartitions': %d, 'replicationFactor': 1, 'assignments': [], 'configs': [%s]}],
                 'timeoutMs': 20000, 'validateOnly': false}""".formatted(topic, partitions, configs));
    }

    static Step alterTopicConfig(String topic, String key, String value) {
        return of(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, """
                {'resources': [{'resourceType': 2, 'resourceName': '%s',
                                'configs': [{'name': '%s', 'configOperation': 0, 'value': '%s'}]}],
                 'validateOnly': false}""".formatted(topic, key, value));
    }

    static Step describeTopicConfig(String topic, String key) {
        return of(ApiKeys.DESCRIBE_CONFIGS, 4, """
                {'resources': [{'resourceType': 2, 'resourceName': '%s', 'configurationKeys': ['%s']}],
                 'includeSynonyms': false, 'includeDocumentation': false}""".formatted(topic, key));
    }

    static Step metadataOfAllTopics() {
        return of(ApiKeys.METADATA, 12, """
                {'topics': null, 'allowAutoTopicCreation': false, 'includeTopicAuthorizedOperations': false}""");
    }

    static Step findCoordinator(String group) {
        return of(ApiKeys.FIND_COORDINATOR, 4, "{'keyType': 0, 'coordinatorKeys': ['%s']}".formatted(group));
    }

    static Step commitNothing(String group) {
        return of(ApiKeys.OFFSET_FETCH, 6, "{'groupId': '%s', 'topics': null}".formatted(group));
    }

    static Step initProducerId() {
        return of(ApiKeys.INIT_PRODUCER_ID, 0, "{'transactionalId': null, 'transactionTimeoutMs': 60000}");
    }

    static Step produce(String topic, int partition, String batch) {
        return of(ApiKeys.PRODUCE, 9, """
                {'transactionalId': null, 'acks': -1, 'timeoutMs': 10000, 'topicData': [{'name': '%s',
                 'partitionData': [{'index': %d, 'records': '$batch:%s'}]}]}""".formatted(topic, partition, batch));
    }
}
