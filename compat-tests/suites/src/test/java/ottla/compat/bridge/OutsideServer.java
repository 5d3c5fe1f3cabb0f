package ottla.compat.bridge;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import kafka.network.SocketServer;
import kafka.raft.KafkaRaftManager;
import org.apache.kafka.common.internals.Plugin;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import scala.Option;

/** What tests ask of a broker's as well as of a controller's objects. */
@SuppressWarnings("unused")
abstract class OutsideServer {
    private static final long LOOK_NS = Duration.ofMillis(20).toNanos();

    final OutsideNode node;
    final NodeSettings settings;
    final OutsideQuorum quorum;
    private final String clusterId;

    OutsideServer(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        this.node = node;
        this.settings = settings;
        this.quorum = quorum;
        this.clusterId = clusterId;
    }

    String clusterId() {
        return clusterId;
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
        return OutsideController.raftManager(node, quorum);
    }
}
