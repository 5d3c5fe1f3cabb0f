package ottla.broker.io;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import ottla.broker.api.AddRaftVoterApi;
import ottla.broker.api.AllocateProducerIdsApi;
import ottla.broker.api.AlterClientQuotasApi;
import ottla.broker.api.AlterConfigsApi;
import ottla.broker.api.AlterPartitionApi;
import ottla.broker.api.AlterPartitionReassignmentsApi;
import ottla.broker.api.AlterReplicaLogDirsApi;
import ottla.broker.api.AlterUserScramCredentialsApi;
import ottla.broker.api.Api;
import ottla.broker.api.ApiTable;
import ottla.broker.api.ApiVersionsApi;
import ottla.broker.api.AssignReplicasToDirsApi;
import ottla.broker.api.BeginQuorumEpochApi;
import ottla.broker.api.BrokerHeartbeatApi;
import ottla.broker.api.BrokerRegistrationApi;
import ottla.broker.api.ClusterView;
import ottla.broker.api.ConfigIntake;
import ottla.broker.api.ControllerRegistrationApi;
import ottla.broker.api.CreateAclsApi;
import ottla.broker.api.CreateDelegationTokenApi;
import ottla.broker.api.CreatePartitionsApi;
import ottla.broker.api.CreateTopicsApi;
import ottla.broker.api.DeleteAclsApi;
import ottla.broker.api.DeleteGroupsApi;
import ottla.broker.api.DeleteRecordsApi;
import ottla.broker.api.DeleteTopicsApi;
import ottla.broker.api.DescribeAclsApi;
import ottla.broker.api.DescribeClientQuotasApi;
import ottla.broker.api.DescribeClusterApi;
import ottla.broker.api.DescribeConfigsApi;
import ottla.broker.api.DescribeControllersApi;
import ottla.broker.api.DescribeDelegationTokenApi;
import ottla.broker.api.DescribeGroupsApi;
import ottla.broker.api.DescribeLogDirsApi;
import ottla.broker.api.DescribeProducersApi;
import ottla.broker.api.DescribeQuorumApi;
import ottla.broker.api.DescribeTopicPartitionsApi;
import ottla.broker.api.DescribeUserScramCredentialsApi;
import ottla.broker.api.ElectLeadersApi;
import ottla.broker.api.EndQuorumEpochApi;
import ottla.broker.api.EnvelopeApi;
import ottla.broker.api.ExpireDelegationTokenApi;
import ottla.broker.api.FetchApi;
import ottla.broker.api.FetchApi.ReadFrom;
import ottla.broker.api.FetchSnapshotApi;
import ottla.broker.api.FindCoordinatorApi;
import ottla.broker.api.ForwardedApi;
import ottla.broker.api.HeartbeatApi;
import ottla.broker.api.IncrementalAlterConfigsApi;
import ottla.broker.api.InitProducerIdApi;
import ottla.broker.api.JoinGroupApi;
import ottla.broker.api.LeaveGroupApi;
import ottla.broker.api.ListConfigResourcesApi;
import ottla.broker.api.ListGroupsApi;
import ottla.broker.api.ListOffsetsApi;
import ottla.broker.api.ListPartitionReassignmentsApi;
import ottla.broker.api.MetadataApi;
import ottla.broker.api.MetadataFetchApi;
import ottla.broker.api.OffsetCommitApi;
import ottla.broker.api.OffsetDeleteApi;
import ottla.broker.api.OffsetFetchApi;
import ottla.broker.api.OffsetForLeaderEpochApi;
import ottla.broker.api.Partitions;
import ottla.broker.api.ProduceApi;
import ottla.broker.api.ProducerIds;
import ottla.broker.api.RemoveRaftVoterApi;
import ottla.broker.api.RenewDelegationTokenApi;
import ottla.broker.api.SyncGroupApi;
import ottla.broker.api.TopicCreation;
import ottla.broker.api.UnregisterBrokerApi;
import ottla.broker.api.UpdateFeaturesApi;
import ottla.broker.api.UpdateRaftVoterApi;
import ottla.broker.api.VoteApi;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.NodeRules;
import ottla.broker.config.Values;
import ottla.controller.image.FeatureLevels;
import ottla.controller.io.ControllerRequests;
import ottla.coordinator.io.GroupCoordinator;
import ottla.log.io.LogStore;
import ottla.replication.io.FetchSessionCache;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.Replicas;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.ApiKey;

/** What this node serves, on the listeners of brokers and of controllers. */
final class ApiTables {
    /** {@code min.incremental.fetch.session.eviction.ms}, which Kafka does not let anybody configure. */
    private static final long SESSION_EVICTION_MS = 120_000;

    private ApiTables() {}

    /** What a broker passes on to the active controller as it is. */
    private static final List<ApiKey> FORWARDED = List.of(ApiKey.DESCRIBE_QUORUM);

    /** What a broker passes on to it that changes what this broker shows. */
    private static final List<ApiKey> FORWARDED_CHANGES = List.of(
            ApiKey.CREATE_TOPICS,
            ApiKey.DELETE_TOPICS,
            ApiKey.CREATE_PARTITIONS,
            ApiKey.CREATE_ACLS,
            ApiKey.DELETE_ACLS,
            ApiKey.ALTER_CLIENT_QUOTAS,
            ApiKey.ALTER_USER_SCRAM_CREDENTIALS,
            ApiKey.UPDATE_FEATURES,
            ApiKey.UNREGISTER_BROKER,
            ApiKey.ELECT_LEADERS,
            ApiKey.ALTER_PARTITION_REASSIGNMENTS,
            ApiKey.LIST_PARTITION_REASSIGNMENTS,
            ApiKey.ADD_RAFT_VOTER,
            ApiKey.REMOVE_RAFT_VOTER);

    static ApiTable broker(
            NodeConfig config,
            ClusterView cluster,
            ActiveController controller,
            ShownChanges changes,
            QuorumNode quorum,
            Replicas replicas,
            LogStore store,
            List<String> unusableDirectories,
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
        ConfigIntake intake = ConfigIntake.ofBroker(cluster, new NodeRules(values));
        List<Api<?>> apis = new ArrayList<>(List.of(
                new ProduceApi(partitions, cluster),
                new FetchApi(
                        partitions,
                        cluster,
                        sessions,
                        replicas.shell(),
                        values.find("replica.selector.class").isPresent() ? ReadFrom.SAME_RACK : ReadFrom.LEADER,
                        values.number("fetch.max.bytes"),
                        clockMs),
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
                new DeleteRecordsApi(partitions, cluster),
                new InitProducerIdApi(producerIds),
                new OffsetForLeaderEpochApi(partitions),
                new DescribeConfigsApi(cluster, values),
                new AlterConfigsApi(changes::decide, intake),
                new AlterReplicaLogDirsApi(replicas, cluster, replicas.shell().diskThreads()),
                new DescribeLogDirsApi(replicas, store, unusableDirectories),
                new DeleteGroupsApi(groups),
                new IncrementalAlterConfigsApi(changes::decide, intake),
                new OffsetDeleteApi(groups),
                new DescribeAclsApi(),
                new CreateDelegationTokenApi(),
                new RenewDelegationTokenApi(),
                new ExpireDelegationTokenApi(),
                new DescribeDelegationTokenApi(),
                new DescribeClientQuotasApi(cluster),
                new DescribeUserScramCredentialsApi(cluster),
                new DescribeClusterApi(cluster),
                new DescribeProducersApi(partitions),
                new ListConfigResourcesApi(cluster),
                new DescribeTopicPartitionsApi(cluster, values.number("max.request.partition.size.limit"))));
        FORWARDED.forEach(key -> apis.add(new ForwardedApi(key, controller::forward)));
        FORWARDED_CHANGES.forEach(key -> apis.add(new ForwardedApi(key, changes::decide)));
        return new ApiTable(
                apis,
                table -> List.of(
                        new ApiVersionsApi(table, cluster, quorum::kRaftVersion, NodeSettings.featureLevels(values))));
    }

    static ApiTable controller(
            ControllerRequests controller,
            QuorumNode quorum,
            ClusterView cluster,
            Values values,
            BrokerHeartbeatApi.Watch watch) {
        // as in Kafka, whose controllers ask the key for unstable APIs here
        FeatureLevels levels =
                values.flag("unstable.api.versions.enable") ? FeatureLevels.UNSTABLE_TOO : FeatureLevels.STABLE;
        ConfigIntake intake = ConfigIntake.ofController(cluster);
        List<Api<?>> apis = List.of(
                new MetadataFetchApi(quorum),
                new CreateTopicsApi(controller),
                new DeleteTopicsApi(controller),
                new DescribeConfigsApi(cluster, values),
                new AlterConfigsApi((request, from) -> controller.alterConfigs(request), intake),
                new CreatePartitionsApi(controller),
                new IncrementalAlterConfigsApi((request, from) -> controller.incrementalAlterConfigs(request), intake),
                new DescribeAclsApi(),
                new CreateAclsApi(),
                new DeleteAclsApi(),
                new CreateDelegationTokenApi(),
                new RenewDelegationTokenApi(),
                new ExpireDelegationTokenApi(),
                new DescribeDelegationTokenApi(),
                new AlterClientQuotasApi(controller, HostLookup::unknown),
                new DescribeUserScramCredentialsApi(cluster),
                new AlterUserScramCredentialsApi(controller),
                new VoteApi(quorum),
                new BeginQuorumEpochApi(quorum),
                new EndQuorumEpochApi(quorum),
                new DescribeQuorumApi(quorum),
                new AlterPartitionApi(controller),
                new ElectLeadersApi(controller),
                new AlterPartitionReassignmentsApi(controller),
                new ListPartitionReassignmentsApi(controller),
                new UpdateFeaturesApi(controller),
                new FetchSnapshotApi(quorum),
                new BrokerRegistrationApi(controller),
                new BrokerHeartbeatApi(controller, watch),
                new UnregisterBrokerApi(controller),
                new AllocateProducerIdsApi(controller),
                new DescribeControllersApi(cluster, () -> quorum.leadership().leaderId()),
                new ControllerRegistrationApi(controller),
                new AssignReplicasToDirsApi(controller),
                new AddRaftVoterApi(quorum),
                new RemoveRaftVoterApi(quorum),
                new UpdateRaftVoterApi(quorum));
        return new ApiTable(
                apis,
                table -> List.of(
                        new ApiVersionsApi(table, cluster, quorum::kRaftVersion, levels), new EnvelopeApi(table)));
    }
}
