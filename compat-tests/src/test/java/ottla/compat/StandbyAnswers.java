package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AllocateProducerIdsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AssignReplicasToDirsRequestData;
import org.apache.kafka.common.message.BrokerHeartbeatRequestData;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.ControllerRegistrationRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.EnvelopeRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;

/** What a controller that is not active answers to requests for the active one. */
final class StandbyAnswers {
    /** One that exists: of others a standby of Kafka's says so, without asking who is active. */
    private static final String TOPIC = "kept-0";

    private StandbyAnswers() {}

    static Map<ApiKeys, String> of(Cluster.Node standby) {
        Map<ApiKeys, String> answers = new LinkedHashMap<>();
        try (RawConnection connection = new RawConnection(standby.controllerPort())) {
            for (Map.Entry<ApiKeys, ApiMessage> request : requests().entrySet()) {
                ApiKeys api = request.getKey();
                answers.put(
                        api,
                        connection
                                .ask(api, api.latestVersion(false), request.getValue())
                                .toString());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return answers;
    }

    private static Map<ApiKeys, ApiMessage> requests() {
        Map<ApiKeys, ApiMessage> requests = new LinkedHashMap<>();
        requests.put(ApiKeys.CREATE_TOPICS, createTopics());
        requests.put(
                ApiKeys.DELETE_TOPICS,
                new DeleteTopicsRequestData()
                        .setTimeoutMs(1000)
                        .setTopics(List.of(new DeleteTopicsRequestData.DeleteTopicState().setName(TOPIC))));
        CreatePartitionsRequestData.CreatePartitionsTopicCollection grown =
                new CreatePartitionsRequestData.CreatePartitionsTopicCollection();
        grown.add(new CreatePartitionsRequestData.CreatePartitionsTopic()
                .setName(TOPIC)
                .setCount(2));
        requests.put(
                ApiKeys.CREATE_PARTITIONS,
                new CreatePartitionsRequestData().setTimeoutMs(1000).setTopics(grown));
        requests.put(ApiKeys.ALTER_CONFIGS, alterConfigs());
        requests.put(ApiKeys.INCREMENTAL_ALTER_CONFIGS, incrementalAlterConfigs());
        requests.put(ApiKeys.BROKER_HEARTBEAT, new BrokerHeartbeatRequestData().setBrokerId(7));
        requests.put(
                ApiKeys.BROKER_REGISTRATION,
                new BrokerRegistrationRequestData().setBrokerId(7).setClusterId(BrokerProcess.CLUSTER_ID));
        requests.put(ApiKeys.ALLOCATE_PRODUCER_IDS, new AllocateProducerIdsRequestData().setBrokerId(7));
        requests.put(ApiKeys.UNREGISTER_BROKER, new UnregisterBrokerRequestData().setBrokerId(7));
        requests.put(ApiKeys.UPDATE_FEATURES, new UpdateFeaturesRequestData().setTimeoutMs(1000));
        requests.put(ApiKeys.DESCRIBE_QUORUM, describeQuorum());
        requests.put(ApiKeys.ASSIGN_REPLICAS_TO_DIRS, new AssignReplicasToDirsRequestData().setBrokerId(7));
        requests.put(
                ApiKeys.CONTROLLER_REGISTRATION,
                new ControllerRegistrationRequestData().setControllerId(7).setIncarnationId(Uuid.ONE_UUID));
        requests.put(ApiKeys.ENVELOPE, envelope());
        requests.put(ApiKeys.DESCRIBE_CLUSTER, new DescribeClusterRequestData().setEndpointType((byte) 2));
        return requests;
    }

    private static CreateTopicsRequestData createTopics() {
        CreateTopicsRequestData.CreatableTopicCollection topics =
                new CreateTopicsRequestData.CreatableTopicCollection();
        topics.add(new CreateTopicsRequestData.CreatableTopic()
                .setName(TOPIC)
                .setNumPartitions(1)
                .setReplicationFactor((short) 1));
        return new CreateTopicsRequestData().setTimeoutMs(1000).setTopics(topics);
    }

    private static AlterConfigsRequestData alterConfigs() {
        AlterConfigsRequestData.AlterConfigsResourceCollection resources =
                new AlterConfigsRequestData.AlterConfigsResourceCollection();
        resources.add(new AlterConfigsRequestData.AlterConfigsResource()
                .setResourceType((byte) 2)
                .setResourceName(TOPIC));
        return new AlterConfigsRequestData().setResources(resources);
    }

    private static IncrementalAlterConfigsRequestData incrementalAlterConfigs() {
        IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection resources =
                new IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection();
        resources.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource()
                .setResourceType((byte) 2)
                .setResourceName(TOPIC));
        return new IncrementalAlterConfigsRequestData().setResources(resources);
    }

    private static DescribeQuorumRequestData describeQuorum() {
        return new DescribeQuorumRequestData()
                .setTopics(List.of(new DescribeQuorumRequestData.TopicData()
                        .setTopicName("__cluster_metadata")
                        .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(0)))));
    }

    private static EnvelopeRequestData envelope() {
        ByteBuffer frame =
                RawConnection.frame(ApiKeys.CREATE_TOPICS, ApiKeys.CREATE_TOPICS.latestVersion(), createTopics(), 1);
        byte[] principal = new DefaultKafkaPrincipalBuilder(null, null).serialize(KafkaPrincipal.ANONYMOUS);
        return new EnvelopeRequestData()
                .setRequestData(frame.position(Integer.BYTES).slice())
                .setRequestPrincipal(principal)
                .setClientHostAddress(new byte[] {127, 0, 0, 1});
    }
}
