package org.apache.kafka.controller;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionRequestData;
import org.apache.kafka.common.message.AlterPartitionResponseData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.AssignReplicasToDirsRequestData;
import org.apache.kafka.common.message.AssignReplicasToDirsResponseData;
import org.apache.kafka.common.message.BrokerHeartbeatRequestData;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.metadata.BrokerRegistrationChangeRecord;
import org.apache.kafka.common.metadata.ClientQuotaRecord;
import org.apache.kafka.common.metadata.ConfigRecord;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.metadata.PartitionChangeRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.RemoveUserScramCredentialRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.metadata.UnregisterBrokerRecord;
import org.apache.kafka.common.metadata.UserScramCredentialRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.AlterClientQuotasRequest;
import org.apache.kafka.common.requests.AlterClientQuotasResponse;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.BrokerHeartbeatReply;
import org.apache.kafka.metadata.FinalizedControllerFeatures;
import org.apache.kafka.metadata.KafkaConfigSchema;
import org.apache.kafka.metadata.VersionRange;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * What Kafka's active controller decides, without its quorum and its thread. It stands in Kafka's package because the classes that
 * decide are visible only there.
 */
public final class KafkaController {
    private static final List<String> CONFIGS = List.of("min.insync.replicas", "unclean.leader.election.enable");

    private final Map<String, Short> finalized = new HashMap<>();
    private final FeatureControlManager features;
    private final ConfigurationControlManager configs;
    private final ClusterControlManager cluster;
    private final ReplicationControlManager replication;
    private final ClientQuotaControlManager quotas;
    private final ScramControlManager scram;

    /** @param supported levels of each feature */
    public KafkaController(String clusterId, Map<String, VersionRange> supported) {
        SnapshotRegistry snapshots = new SnapshotRegistry(new org.apache.kafka.common.utils.LogContext());
        features = new FeatureControlManager.Builder()
                .setSnapshotRegistry(snapshots)
                .setQuorumFeatures(new QuorumFeatures(100, supported, List.of(100)))
                .build();
        ConfigDef known = new ConfigDef()
                .define(CONFIGS.get(0), ConfigDef.Type.INT, 1, ConfigDef.Importance.HIGH, "")
                .define(CONFIGS.get(1), ConfigDef.Type.BOOLEAN, false, ConfigDef.Importance.HIGH, "");
        Map<String, List<ConfigSynonym>> synonyms = new HashMap<>();
        CONFIGS.forEach(key -> synonyms.put(key, List.of(new ConfigSynonym(key))));
        configs = new ConfigurationControlManager.Builder()
                .setSnapshotRegistry(snapshots)
                .setFeatureControl(features)
                .setNodeId(100)
                .setKafkaConfigSchema(new KafkaConfigSchema(
                        Map.of(ConfigResource.Type.TOPIC, known, ConfigResource.Type.BROKER, known), synonyms))
                .build();
        cluster = new ClusterControlManager.Builder()
                .setClusterId(clusterId)
                .setTime(Time.SYSTEM)
                .setSnapshotRegistry(snapshots)
                .setSessionTimeoutNs(TimeUnit.HOURS.toNanos(10))
                .setFeatureControlManager(features)
                .setBrokerShutdownHandler(this::shutDown)
                .build();
        replication = new ReplicationControlManager.Builder()
                .setSnapshotRegistry(snapshots)
                .setConfigurationControl(configs)
                .setClusterControl(cluster)
                .setFeatureControl(features)
                .build();
        quotas = new ClientQuotaControlManager.Builder()
                .setSnapshotRegistry(snapshots)
                .build();
        scram = new ScramControlManager.Builder().setSnapshotRegistry(snapshots).build();
        cluster.activate();
    }

    private void shutDown(int brokerId, boolean isCleanShutdown, List<ApiMessageAndVersion> records) {
        replication.handleBrokerShutdown(brokerId, isCleanShutdown, records);
    }

    public void replay(ApiMessage message, long offset) {
        switch (message) {
            case FeatureLevelRecord record -> {
                features.replay(record);
                if (record.featureLevel() == 0) {
                    finalized.remove(record.name());
                } else {
                    finalized.put(record.name(), record.featureLevel());
                }
            }
            case ConfigRecord record -> configs.replay(record);
            case RegisterBrokerRecord record -> cluster.replay(record, offset);
            case UnregisterBrokerRecord record -> cluster.replay(record);
            case BrokerRegistrationChangeRecord record -> cluster.replay(record);
            case TopicRecord record -> replication.replay(record);
            case RemoveTopicRecord record -> replication.replay(record);
            case PartitionRecord record -> replication.replay(record);
            case PartitionChangeRecord record -> replication.replay(record);
            case ClientQuotaRecord record -> quotas.replay(record);
            case UserScramCredentialRecord record -> scram.replay(record);
            case RemoveUserScramCredentialRecord record -> scram.replay(record);
            default -> throw new IllegalArgumentException("not replayed: " + message);
        }
    }

    /** The records of a decision, and what is answered. */
    public record Decided<A>(List<ApiMessageAndVersion> records, A answer) {
        private static <A> Decided<A> of(ControllerResult<A> result) {
            return new Decided<>(result.records(), result.response());
        }
    }

    public Decided<Long> register(BrokerRegistrationRequestData request, long epoch) {
        var result = cluster.registerBroker(
                request, epoch, new FinalizedControllerFeatures(finalized, epoch), features.isElrFeatureEnabled());
        return new Decided<>(result.records(), result.response().epoch());
    }

    public Decided<BrokerHeartbeatReply> heartbeat(BrokerHeartbeatRequestData request) {
        cluster.trackBrokerHeartbeat(request.brokerId(), request.brokerEpoch());
        long registeredAt =
                cluster.registerBrokerRecordOffset(request.brokerId()).orElse(Long.MAX_VALUE);
        return Decided.of(replication.processBrokerHeartbeat(request, registeredAt));
    }

    /** What the controller does itself once it knows where the records of a heartbeat stand. */
    public void inControlledShutdown(int brokerId, long offset) {
        cluster.heartbeatManager().maybeUpdateControlledShutdownOffset(brokerId, offset);
    }

    public Decided<Void> unregister(int brokerId) {
        return Decided.of(replication.unregisterBroker(brokerId));
    }

    public Decided<AlterPartitionResponseData> alterPartition(AlterPartitionRequestData request, short version) {
        ControllerRequestContext context = new ControllerRequestContext(
                new RequestHeaderData().setRequestApiVersion(version), KafkaPrincipal.ANONYMOUS, OptionalLong.empty());
        return Decided.of(replication.alterPartition(context, request));
    }

    public Decided<AlterPartitionReassignmentsResponseData> reassign(AlterPartitionReassignmentsRequestData request) {
        return Decided.of(replication.alterPartitionReassignments(request));
    }

    public ListPartitionReassignmentsResponseData list(ListPartitionReassignmentsRequestData request) {
        return replication.listPartitionReassignments(request.topics(), SnapshotRegistry.LATEST_EPOCH);
    }

    public Decided<ElectLeadersResponseData> elect(ElectLeadersRequestData request) {
        return Decided.of(replication.electLeaders(request));
    }

    public Decided<AssignReplicasToDirsResponseData> assign(AssignReplicasToDirsRequestData request) {
        return Decided.of(replication.handleAssignReplicasToDirs(request));
    }

    public Decided<AlterClientQuotasResponseData> alter(AlterClientQuotasRequestData request) {
        var result = quotas.alterClientQuotas(new AlterClientQuotasRequest(request, (short) 1).entries());
        return new Decided<>(
                request.validateOnly() ? List.of() : result.records(),
                AlterClientQuotasResponse.fromQuotaEntities(result.response(), 0)
                        .data());
    }

    public Decided<AlterUserScramCredentialsResponseData> alter(AlterUserScramCredentialsRequestData request) {
        return Decided.of(scram.alterCredentials(request, features.metadataVersionOrThrow()));
    }

    /** With what a request of version 2 or later is answered. */
    public Decided<ApiError> update(UpdateFeaturesRequestData request) {
        Map<String, Short> levels = new HashMap<>();
        Map<String, FeatureUpdate.UpgradeType> types = new HashMap<>();
        request.featureUpdates().forEach(update -> {
            levels.put(update.feature(), update.maxVersionLevel());
            types.put(update.feature(), FeatureUpdate.UpgradeType.fromCode(update.upgradeType()));
        });
        return Decided.of(configs.updateFeatures(levels, types, request.validateOnly(), 1));
    }

    public Decided<Boolean> balance() {
        return Decided.of(replication.maybeBalancePartitionLeaders());
    }

    public Decided<Boolean> electUncleanly() {
        return Decided.of(replication.maybeElectUncleanLeaders());
    }
}
