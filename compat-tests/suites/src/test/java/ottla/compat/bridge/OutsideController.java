package ottla.compat.bridge;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import kafka.network.SocketServer;
import kafka.raft.KafkaRaftManager;
import kafka.server.ControllerServer;
import kafka.server.KafkaConfig;
import kafka.server.SharedServer;
import org.apache.kafka.common.internals.Plugin;
import org.apache.kafka.common.message.DescribeQuorumResponseData.PartitionData;
import org.apache.kafka.controller.Controller;
import org.apache.kafka.controller.QuorumController;
import org.apache.kafka.raft.KafkaRaftClient;
import org.apache.kafka.raft.LeaderAndEpoch;
import org.apache.kafka.raft.LogOffsetMetadata;
import org.apache.kafka.raft.RaftLog;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import scala.Option;

/** What tests ask of a controller's objects, as far as it can be seen from outside. Each method answers for Kafka's of its name. */
@SuppressWarnings("unused")
final class OutsideController {
    private static final long LOOK_NS = Duration.ofMillis(20).toNanos();

    private final OutsideNode node;
    private final NodeSettings settings;
    private final OutsideQuorum quorum;
    private final String clusterId;

    private OutsideController(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        this.node = node;
        this.settings = settings;
        this.quorum = quorum;
        this.clusterId = clusterId;
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

    String clusterId() {
        return clusterId;
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

    void awaitShutdown() {
        while (node.isRunning()) {
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    SocketServer socketServer() {
        return StandIn.of(SocketServer.class, new OutsidePorts(node, settings));
    }

    Option<Plugin<Authorizer>> authorizerPlugin() {
        return OutsideAcls.plugin(node);
    }

    KafkaRaftManager<ApiMessageAndVersion> raftManager() {
        return raftManager(node, quorum);
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

        boolean isActive() {
            return node.isRunning() && quorum.leader() == node.id();
        }
    }
}
