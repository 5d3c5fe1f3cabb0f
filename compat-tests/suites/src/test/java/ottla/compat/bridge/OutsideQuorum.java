package ottla.compat.bridge;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import ottla.compat.RawConnection;

/** The metadata quorum as its leader describes it. */
final class OutsideQuorum {
    private static final String TOPIC = "__cluster_metadata";

    private final Collection<OutsideNode> nodes;

    OutsideQuorum(Collection<OutsideNode> nodes) {
        this.nodes = nodes;
    }

    /** Asks one node after the other until one knows. */
    PartitionData describe() {
        RuntimeException last = new IllegalStateException("no node runs");
        for (OutsideNode node : nodes) {
            if (!node.isRunning()) {
                continue;
            }
            try {
                return OutsideNode.asked(() -> describe(node));
            } catch (RuntimeException notNow) {
                last = notNow;
            }
        }
        throw last;
    }

    private static PartitionData describe(OutsideNode node) throws Exception {
        DescribeQuorumRequestData request = new DescribeQuorumRequestData()
                .setTopics(List.of(new DescribeQuorumRequestData.TopicData()
                        .setTopicName(TOPIC)
                        .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(0)))));
        try (RawConnection connection = node.connect()) {
            DescribeQuorumResponseData answer =
                    (DescribeQuorumResponseData) connection.ask(ApiKeys.DESCRIBE_QUORUM, 2, request);
            if (answer.errorCode() != Errors.NONE.code()) {
                throw Errors.forCode(answer.errorCode()).exception();
            }
            PartitionData quorum = answer.topics().get(0).partitions().get(0);
            if (quorum.errorCode() != Errors.NONE.code()) {
                throw Errors.forCode(quorum.errorCode()).exception();
            }
            return quorum;
        }
    }

    /** Whether there would be no leader without a node. */
    boolean needs(OutsideNode node) {
        List<OutsideNode> controllers =
                nodes.stream().filter(OutsideNode::isController).toList();
        long others = controllers.stream()
                .filter(other -> other != node && other.isRunning())
                .count();
        return node.isController() && others <= controllers.size() / 2;
    }

    int leader() {
        return describe().leaderId();
    }

    /** Of all topics that there are, by name, as the first broker knows them that runs. */
    Map<String, Uuid> topicIds() {
        return nodes.stream()
                .filter(node -> node.isBroker() && node.isRunning())
                .findFirst()
                .map(broker -> broker.allTopics().topics().stream()
                        .collect(Collectors.toMap(MetadataResponseTopic::name, MetadataResponseTopic::topicId)))
                .orElseThrow(() -> new IllegalStateException("no broker runs"));
    }

    /** The end of the leader's log. */
    long endOffset() {
        PartitionData quorum = describe();
        return logEnd(quorum, quorum.leaderId()).orElseThrow();
    }

    /** The end of a node's log, as the leader knows it: a broker's says what it has, which it carries out soon after. */
    long endOffset(int node) {
        return logEnd(describe(), node).orElse(-1);
    }

    private static OptionalLong logEnd(PartitionData quorum, int node) {
        return Stream.concat(quorum.currentVoters().stream(), quorum.observers().stream())
                .filter(replica -> replica.replicaId() == node)
                .mapToLong(DescribeQuorumResponseData.ReplicaState::logEndOffset)
                .max();
    }
}
