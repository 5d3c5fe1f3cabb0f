package ottla.compat.bridge;

import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import kafka.cluster.Partition;
import kafka.log.LogManager;
import kafka.raft.KafkaRaftManager;
import kafka.server.BrokerServer;
import kafka.server.KafkaApis;
import kafka.server.KafkaConfig;
import kafka.server.ReplicaManager;
import kafka.server.SharedServer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.transaction.TransactionLogConfig;
import org.apache.kafka.image.loader.MetadataLoader;
import org.apache.kafka.metadata.BrokerState;
import org.apache.kafka.metadata.KRaftMetadataCache;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import ottla.compat.bridge.StandIn.Unseen;
import scala.Option;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** What tests ask of a broker's objects, as far as it can be seen from outside. Each method answers for Kafka's of its name. */
@SuppressWarnings("unused")
final class OutsideBroker extends OutsideServer {
    private OutsideBroker(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        super(node, settings, quorum, clusterId);
    }

    static BrokerServer of(OutsideNode node, NodeSettings settings, OutsideQuorum quorum, String clusterId) {
        return StandIn.of(BrokerServer.class, new OutsideBroker(node, settings, quorum, clusterId));
    }

    @Override
    public String toString() {
        return "broker " + node;
    }

    KafkaConfig config() {
        return node.configNow();
    }

    void startup() {
        node.launch();
        node.awaitReady();
    }

    /** Kafka's kit can stop the broker of a node and leave its controller alone; a process is stopped as a whole. */
    void shutdown() {
        if (quorum.needs(node)) {
            throw new Unseen("BrokerServer.shutdown where the cluster needs the controller in the same process");
        }
        node.stop();
    }

    void shutdown(Duration timeout) {
        shutdown();
    }

    boolean isShutdown() {
        return node.wasStarted() && !node.isRunning();
    }

    BrokerState brokerState() {
        if (isShutdown()) {
            return BrokerState.SHUTTING_DOWN;
        }
        return node.isRunning() && OutsideNode.knowsBroker(node.metadata(), node.id())
                ? BrokerState.RUNNING
                : BrokerState.NOT_RUNNING;
    }

    int boundPort(ListenerName listener) {
        return node.isRunning() ? settings.port(node.id(), listener.value()) : -1;
    }

    KRaftMetadataCache metadataCache() {
        return StandIn.of(KRaftMetadataCache.class, new OutsideMetadata(node));
    }

    SharedServer sharedServer() {
        return StandIn.of(SharedServer.class, new Shared());
    }

    LogManager logManager() {
        return StandIn.of(LogManager.class, new Logs());
    }

    ReplicaManager replicaManager() {
        return StandIn.of(ReplicaManager.class, new Replicas());
    }

    KafkaApis dataPlaneRequestProcessor() {
        return StandIn.of(KafkaApis.class, new Requests());
    }

    GroupCoordinator groupCoordinator() {
        return StandIn.of(GroupCoordinator.class, new Groups());
    }

    /** Of groups only what the file says of their topic. */
    private final class Groups {
        Properties groupMetadataTopicConfigs() {
            Properties settings = new Properties();
            settings.setProperty("cleanup.policy", "compact");
            settings.setProperty("compression.type", "producer");
            settings.setProperty("segment.bytes", String.valueOf(node.config().getInt("offsets.topic.segment.bytes")));
            return settings;
        }
    }

    private final class Shared {
        MetadataLoader loader() {
            return StandIn.of(MetadataLoader.class, this);
        }

        KafkaRaftManager<ApiMessageAndVersion> raftManager() {
            return OutsideBroker.this.raftManager();
        }

        long lastAppliedOffset() {
            return quorum.endOffset(node.id()) - 1;
        }
    }

    /** Of requests only who answers them. */
    private final class Requests {
        int brokerId() {
            return node.id();
        }
    }

    /** Of logs only whether they are there, and what is set for all. */
    private final class Logs {
        ProducerStateManagerConfig producerStateManagerConfig() {
            return new ProducerStateManagerConfig(
                    node.configNow().getInt(TransactionLogConfig.PRODUCER_ID_EXPIRATION_MS_CONFIG), false);
        }

        Seq<File> liveLogDirs() {
            List<File> all = node.config().logDirs().stream().map(File::new).toList();
            return CollectionConverters.asScala(all).toSeq();
        }

        Option<UnifiedLog> getLog(TopicPartition partition, boolean future) {
            return node.hasLog(partition) ? logOf(partition) : Option.empty();
        }
    }

    private final class Replicas {
        Option<Partition> onlinePartition(TopicPartition partition) {
            return node.hasLog(partition)
                    ? Option.apply(StandIn.of(Partition.class, new Replica(partition)))
                    : Option.empty();
        }

        KRaftMetadataCache metadataCache() {
            return OutsideBroker.this.metadataCache();
        }
    }

    /** Of a replica only whether it leads, as its broker says itself. */
    private final class Replica {
        private final TopicPartition partition;

        Replica(TopicPartition partition) {
            this.partition = partition;
        }

        Option<UnifiedLog> leaderLogIfLocal() {
            return leads() ? logOf(partition) : Option.empty();
        }

        Option<Object> leaderIdIfLocal() {
            return leads() ? Option.apply(node.id()) : Option.empty();
        }

        private boolean leads() {
            return new OutsideMetadata(node)
                    .getLeaderAndIsr(partition.topic(), partition.partition())
                    .filter(state -> state.leader() == node.id())
                    .isPresent();
        }
    }

    private static Option<UnifiedLog> logOf(TopicPartition partition) {
        return Option.apply(StandIn.of(UnifiedLog.class, "the log of " + partition));
    }
}
