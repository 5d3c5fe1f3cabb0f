package ottla.compat.bridge;

import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import kafka.raft.KafkaRaftManager;
import kafka.server.ControllerServer;
import kafka.server.KafkaConfig;
import kafka.server.SharedServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.controller.Controller;
import org.apache.kafka.controller.ControllerRequestContext;
import org.apache.kafka.controller.QuorumController;
import org.apache.kafka.raft.KafkaRaftClient;
import org.apache.kafka.raft.LeaderAndEpoch;
import org.apache.kafka.raft.LogOffsetMetadata;
import org.apache.kafka.raft.RaftLog;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/** What tests ask of a controller's objects, as far as it can be seen from outside. Each method answers for Kafka's of its name. */
@SuppressWarnings("unused")
final class OutsideController extends OutsideServer {
    private OutsideController(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        super(node, settings, quorum, clusterId);
    }

    static ControllerServer of(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        return StandIn.of(ControllerServer.class, new OutsideController(node, settings, quorum, clusterId));
    }

    static KafkaRaftManager<ApiMessageAndVersion> raftManager(OutsideNode node, OutsideQuorum quorum) {
        @SuppressWarnings("unchecked")
        KafkaRaftManager<ApiMessageAndVersion> manager = StandIn.of(KafkaRaftManager.class, new Raft(node, quorum));
        return manager;
    }

    @Override
    public String toString() {
        return "controller " + node;
    }

    KafkaConfig config() {
        return node.config();
    }

    void startup() {
        if (!node.isRunning()) {
            node.launch();
            node.awaitReady();
        }
    }

    void shutdown() {
        node.stop();
    }

    SharedServer sharedServer() {
        return StandIn.of(SharedServer.class, new Raft(node, quorum));
    }

    Controller controller() {
        return StandIn.of(QuorumController.class, new Raft(node, quorum));
    }

    /** A node's part in the quorum. */
    private record Raft(OutsideNode node, OutsideQuorum quorum) {
        KafkaRaftManager<ApiMessageAndVersion> raftManager() {
            return OutsideController.raftManager(node, quorum);
        }

        RaftLog raftLog() {
            return StandIn.of(RaftLog.class, this);
        }

        LogOffsetMetadata endOffset() {
            return new LogOffsetMetadata(quorum.endOffset());
        }

        KafkaRaftClient<?> client() {
            return StandIn.of(KafkaRaftClient.class, this);
        }

        LeaderAndEpoch leaderAndEpoch() {
            PartitionData described = quorum.describe();
            return new LeaderAndEpoch(
                    described.leaderId() < 0 ? OptionalInt.empty() : OptionalInt.of(described.leaderId()),
                    described.leaderEpoch());
        }

        int nodeId() {
            return node.id();
        }

        CompletableFuture<Map<String, Uuid>> findAllTopicIds(ControllerRequestContext context) {
            return CompletableFuture.completedFuture(quorum.topicIds());
        }

        boolean isActive() {
            return node.isRunning() && quorum.leader() == node.id();
        }
    }
}
