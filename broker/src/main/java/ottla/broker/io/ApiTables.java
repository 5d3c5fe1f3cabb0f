package ottla.broker.io;

import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import ottla.broker.api.*;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.Values;
import ottla.controller.io.ControllerNode;
import ottla.coordinator.io.GroupCoordinator;
import ottla.log.io.LogStore;
import ottla.replication.io.FetchSessionCache;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.Replicas;
import ottla.wire.message.AllocateProducerIdsRequest;

/** What this node serves, on the listeners of brokers and of controllers. */
record ApiTables(ApiTable broker, ApiTable controller) {
    /** {@code min.incremental.fetch.session.eviction.ms}, which Kafka does not let anybody configure. */
    private static final long SESSION_EVICTION_MS = 120_000;

    static ApiTables of(
            NodeConfig config,
            ClusterView cluster,
            ControllerNode controller,
            QuorumNode quorum,
            Replicas replicas,
            LogStore store,
            GroupCoordinator groups,
            BrokerLifecycle lifecycle,
            LongSupplier clockMs,
            RandomGenerator random) {
        Values values = config.values();
        TopicCreation creation = new TopicsOnDemand(values, controller);
        Partitions partitions = new Partitions(replicas, cluster);
        FetchSessionCache sessions = new FetchSessionCache(
                values.number("max.incremental.fetch.session.cache.slots"), SESSION_EVICTION_MS, random);
        ProducerIds producerIds = new ProducerIds(() ->
                controller.allocateProducerIds(new AllocateProducerIdsRequest(config.nodeId(), lifecycle.epoch())));
        List<Api<?>> broker = List.of(
                new ProduceApi(partitions, cluster),
                new FetchApi(
                        partitions, cluster, sessions, replicas.shell(), values.number("fetch.max.bytes"), clockMs),
                new ListOffsetsApi(partitions),
                new MetadataApi(cluster, creation),
                new OffsetCommitApi(groups),
                new OffsetFetchApi(groups),
                new FindCoordinatorApi(cluster, groups, creation),
                new JoinGroupApi(groups),
                new HeartbeatApi(groups),
                new LeaveGroupApi(groups),
                new SyncGroupApi(groups),
                new DescribeGroupsApi(groups),
                new ListGroupsApi(groups),
                new CreateTopicsApi(controller),
                new DeleteTopicsApi(controller),
                new DeleteRecordsApi(partitions, cluster),
                new InitProducerIdApi(producerIds),
                new OffsetForLeaderEpochApi(partitions),
                new DescribeConfigsApi(cluster, values),
                new AlterConfigsApi(controller),
                new DescribeLogDirsApi(replicas, store),
                new CreatePartitionsApi(controller),
                new DeleteGroupsApi(groups),
                new IncrementalAlterConfigsApi(controller),
                new OffsetDeleteApi(groups),
                new DescribeQuorumApi(quorum),
                new UpdateFeaturesApi(controller),
                new DescribeClusterApi(cluster),
                new DescribeProducersApi(partitions),
                new UnregisterBrokerApi(controller),
                new ListConfigResourcesApi(cluster),
                new DescribeTopicPartitionsApi(cluster, values.number("max.request.partition.size.limit")));
        return new ApiTables(table(broker, cluster), table(controllerApis(controller, quorum), cluster));
    }

    private static List<Api<?>> controllerApis(ControllerNode controller, QuorumNode quorum) {
        return List.of(
                new MetadataFetchApi(quorum),
                new CreateTopicsApi(controller),
                new DeleteTopicsApi(controller),
                new AlterConfigsApi(controller),
                new CreatePartitionsApi(controller),
                new IncrementalAlterConfigsApi(controller),
                new VoteApi(quorum),
                new BeginQuorumEpochApi(quorum),
                new EndQuorumEpochApi(quorum),
                new DescribeQuorumApi(quorum),
                new UpdateFeaturesApi(controller),
                new FetchSnapshotApi(quorum),
                new BrokerRegistrationApi(controller),
                new BrokerHeartbeatApi(controller),
                new UnregisterBrokerApi(controller),
                new AllocateProducerIdsApi(controller));
    }

    private static ApiTable table(List<Api<?>> apis, ClusterView cluster) {
        return new ApiTable(apis, table -> new ApiVersionsApi(table, cluster));
    }
}
