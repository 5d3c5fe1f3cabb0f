package ottla.compat.bridge;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.metadata.LeaderAndIsr;
import org.apache.kafka.metadata.LeaderRecoveryState;

/** The metadata that one broker gives out. Each method answers for one of Kafka's {@code MetadataCache}. */
@SuppressWarnings("unused")
final class OutsideMetadata {
    /** It is not told to clients. */
    private static final int UNKNOWN_PARTITION_EPOCH = -1;

    private final OutsideNode node;

    OutsideMetadata(OutsideNode node) {
        this.node = node;
    }

    private Optional<MetadataResponseTopic> topic(String name) {
        return Optional.ofNullable(node.metadata(name).topics().find(name))
                .filter(topic -> topic.errorCode() != Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    private Optional<MetadataResponsePartition> partition(String topic, int index) {
        return topic(topic)
                .flatMap(found -> found.partitions().stream()
                        .filter(partition -> partition.partitionIndex() == index)
                        .findFirst());
    }

    Optional<Integer> numPartitions(String topic) {
        return topic(topic).map(found -> found.partitions().size());
    }

    boolean contains(Object what) {
        return what instanceof TopicPartition partition
                ? partition(partition.topic(), partition.partition()).isPresent()
                : topic((String) what).isPresent();
    }

    Uuid getTopicId(String topic) {
        return topic(topic).map(MetadataResponseTopic::topicId).orElse(Uuid.ZERO_UUID);
    }

    Optional<LeaderAndIsr> getLeaderAndIsr(String topic, int index) {
        return partition(topic, index)
                .map(found -> new LeaderAndIsr(
                        found.leaderId(),
                        found.leaderEpoch(),
                        found.isrNodes(),
                        LeaderRecoveryState.RECOVERED,
                        UNKNOWN_PARTITION_EPOCH));
    }

    boolean hasAliveBroker(int broker) {
        return OutsideNode.knowsBroker(node.metadata(), broker);
    }

    List<Node> getAliveBrokerNodes(ListenerName listener) {
        return nodes(node.metadata());
    }

    Optional<Node> getAliveBrokerNode(int broker, ListenerName listener) {
        return nodes(node.metadata()).stream().filter(one -> one.id() == broker).findFirst();
    }

    Optional<Node> getPartitionLeaderEndpoint(String topic, int index, ListenerName listener) {
        return partition(topic, index)
                .map(found -> getAliveBrokerNode(found.leaderId(), listener).orElse(Node.noNode()));
    }

    private static List<Node> nodes(MetadataResponseData metadata) {
        return metadata.brokers().stream()
                .map(broker -> new Node(broker.nodeId(), broker.host(), broker.port(), broker.rack()))
                .toList();
    }
}
