package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.MetadataVersion;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.PartitionRegistration.LeaderRecovery;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AlterPartitionRequest.BrokerState;
import ottla.wire.message.AlterPartitionResponse;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.UnregisterBrokerRequest;

class BrokerDecisionsTest {
    private final SmallCluster cluster = new SmallCluster(3);

    @Test
    void aFencedLeaderIsReplacedFromTheInSyncSet() {
        cluster.create("t", 0, 1, 2);
        cluster.fence(0);
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(cluster.partition("t").isr()).containsExactly(1, 2);
        assertThat(cluster.partition("t").leaderEpoch()).isEqualTo(1);
    }

    @Test
    void theLastInSyncReplicaStaysEligible() {
        cluster.create("t", 0, 1);
        cluster.fence(1);
        cluster.fence(0);
        PartitionRegistration dead = cluster.partition("t");
        assertThat(dead.leader()).isEqualTo(PartitionRegistration.NO_LEADER);
        assertThat(dead.isr()).isEmpty();
        assertThat(dead.elr()).containsExactly(0);
        cluster.heartbeat(cluster.ofBroker(1));
        assertThat(cluster.partition("t").hasLeader()).as("1 may miss records").isFalse();
        cluster.heartbeat(cluster.ofBroker(0));
        assertThat(cluster.partition("t").leader()).isZero();
        assertThat(cluster.partition("t").leaderRecovery()).isEqualTo(LeaderRecovery.RECOVERED);
    }

    @Test
    void aControlledShutdownWaitsUntilOthersHaveRead() {
        cluster.create("t", 0, 1);
        long before = cluster.endOffset();
        BrokerHeartbeatResponse first = cluster.heartbeat(cluster.ofBroker(0).withWantShutDown(true));
        assertThat(first.shouldShutDown()).isFalse();
        assertThat(first.isFenced()).isFalse();
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        cluster.heartbeat(cluster.ofBroker(1).withCurrentMetadataOffset(before));
        cluster.heartbeat(cluster.ofBroker(2));
        assertThat(cluster.heartbeat(cluster.ofBroker(0).withWantShutDown(true)).shouldShutDown())
                .as("1 does not know yet that it leads")
                .isFalse();
        cluster.heartbeat(cluster.ofBroker(1));
        assertThat(cluster.heartbeat(cluster.ofBroker(0).withWantShutDown(true)).shouldShutDown())
                .isTrue();
        assertThat(cluster.image().isUnfenced(0)).isFalse();
    }

    @Test
    void aBrokerThatLeadsNothingMayStopAtOnce() {
        assertThat(cluster.heartbeat(cluster.ofBroker(2).withWantShutDown(true)).shouldShutDown())
                .isTrue();
    }

    @Test
    void registrationIsRefusedForWhatCannotBe() {
        BrokerRegistrationRequest sound = BrokerRegistrationRequest.DEFAULT
                .withBrokerId(7)
                .withClusterId("cluster")
                .withIncarnationId(new Uuid(8, 8))
                .withLogDirs(List.of(new Uuid(9, 1007)))
                .withFeatures(SmallCluster.features(30));
        assertThat(register(sound)).isEqualTo(ErrorCode.NONE);
        assertThat(register(sound.withBrokerId(8).withClusterId("other"))).isEqualTo(ErrorCode.INCONSISTENT_CLUSTER_ID);
        assertThat(register(sound.withBrokerId(8).withLogDirs(List.of()))).isEqualTo(ErrorCode.INVALID_REGISTRATION);
        assertThat(register(sound.withBrokerId(8).withLogDirs(List.of(Uuid.ONE))))
                .isEqualTo(ErrorCode.INVALID_REGISTRATION);
        assertThat(register(sound.withBrokerId(8)))
                .as("7 has this directory")
                .isEqualTo(ErrorCode.INVALID_REGISTRATION);
        BrokerRegistrationRequest old = sound.withBrokerId(8).withFeatures(SmallCluster.features(29));
        assertThat(register(old)).isEqualTo(ErrorCode.INVALID_REGISTRATION);
        assertThat(register(old.withLogDirs(List.of(new Uuid(9, 1008))))).isEqualTo(ErrorCode.UNSUPPORTED_VERSION);
        assertThat(register(sound.withBrokerId(8)
                        .withLogDirs(List.of(new Uuid(9, 1008)))
                        .withFeatures(List.of())))
                .isEqualTo(ErrorCode.INVALID_REGISTRATION);
        assertThat(register(sound.withBrokerId(8)
                        .withLogDirs(List.of(new Uuid(9, 1008)))
                        .withFeatures(sound.features().stream()
                                .filter(feature -> feature.name().equals(MetadataVersion.FEATURE))
                                .toList())))
                .as("the other features are in force, too")
                .isEqualTo(ErrorCode.UNSUPPORTED_VERSION);
    }

    @Test
    void anUnregisteredBrokerLeadsNothing() {
        cluster.create("t", 0, 1);
        assertThat(cluster.apply(new BrokerRegistrations(cluster.facts(), cluster.liveness, cluster.shutdownOffsets)
                                .unregister(new UnregisterBrokerRequest(0)))
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
        assertThat(cluster.image().broker(0)).isEmpty();
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(cluster.apply(new BrokerRegistrations(cluster.facts(), cluster.liveness, cluster.shutdownOffsets)
                                .unregister(new UnregisterBrokerRequest(0)))
                        .errorMessage())
                .isEqualTo("Broker ID 0 is not currently registered");
    }

    @Test
    void aLostDirectoryTakesItsReplicasOutOfTheInSyncSet() {
        cluster.create("t", 0, 1);
        cluster.heartbeat(cluster.ofBroker(0).withOfflineLogDirs(List.of(new Uuid(50, 1000))));
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(cluster.partition("t").isr()).containsExactly(1);
    }

    @Test
    void leadersShrinkAndExpandTheInSyncSet() {
        cluster.create("t", 0, 1, 2);
        PartitionRegistration start = cluster.partition("t");
        AlterPartitionResponse.PartitionData shrunk = alter(0, start, List.of(0, 1));
        assertThat(shrunk.errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(shrunk.isr()).containsExactly(0, 1);
        assertThat(shrunk.partitionEpoch()).isEqualTo(1);
        assertThat(shrunk.leaderEpoch()).isZero();
        assertThat(cluster.partition("t").isr()).containsExactly(0, 1);
        assertThat(alter(0, start, List.of(0, 1, 2)).errorCode()).isEqualTo(ErrorCode.INVALID_UPDATE_VERSION.code());
        PartitionRegistration now = cluster.partition("t");
        assertThat(alter(1, now, List.of(0, 1, 2)).errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
        assertThat(alter(0, now, List.of(1, 2)).errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
        assertThat(alter(0, now, List.of(0, 0)).errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
        cluster.fence(2);
        assertThat(alter(0, now, List.of(0, 1, 2)).errorCode()).isEqualTo(ErrorCode.INELIGIBLE_REPLICA.code());
        cluster.heartbeat(cluster.ofBroker(2));
        assertThat(alter(0, now, List.of(0, 1, 2)).errorCode()).isEqualTo(ErrorCode.NONE.code());
    }

    @Test
    void preferredLeadersComeBackWhenAsked() {
        cluster.create("t", 0, 1);
        cluster.fence(0);
        cluster.heartbeat(cluster.ofBroker(0));
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(elect((byte) 0)).isEqualTo(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE);
        alter(1, cluster.partition("t"), List.of(1, 0));
        assertThat(elect((byte) 0)).isEqualTo(ErrorCode.NONE);
        assertThat(cluster.partition("t").leader()).isZero();
        assertThat(elect((byte) 0)).isEqualTo(ErrorCode.ELECTION_NOT_NEEDED);
    }

    @Test
    void anUncleanElectionTakesWhoIsThere() {
        cluster.create("t", 0, 1);
        cluster.fence(1);
        cluster.fence(0);
        cluster.heartbeat(cluster.ofBroker(1));
        assertThat(elect((byte) 1)).isEqualTo(ErrorCode.NONE);
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(cluster.partition("t").leaderRecovery()).isEqualTo(LeaderRecovery.RECOVERING);
    }

    @Test
    void balancingGivesLeadershipBack() {
        cluster.create("t", 0, 1);
        cluster.create("u", 0, 2);
        cluster.fence(0);
        cluster.heartbeat(cluster.ofBroker(0));
        alter(1, cluster.partition("t"), List.of(1, 0));
        assertThat(cluster.apply(new LeaderElections(cluster.facts()).balance()))
                .isEqualTo(LeaderElections.Batch.LAST);
        assertThat(cluster.partition("t").leader()).isZero();
        assertThat(cluster.partition("u").leader()).as("0 is not in sync there").isEqualTo(2);
    }

    private ErrorCode register(BrokerRegistrationRequest request) {
        return ErrorCode.of(
                cluster.apply(new BrokerRegistrations(cluster.facts(), cluster.liveness, cluster.shutdownOffsets)
                                .register(request, cluster.endOffset(), 0))
                        .errorCode());
    }

    private AlterPartitionResponse.PartitionData alter(int leader, PartitionRegistration seen, List<Integer> isr) {
        List<BrokerState> members = isr.stream()
                .map(id -> new BrokerState(
                        id, cluster.image().broker(id).orElseThrow().epoch()))
                .toList();
        AlterPartitionRequest.PartitionData proposal = AlterPartitionRequest.PartitionData.DEFAULT
                .withPartitionIndex(0)
                .withLeaderEpoch(seen.leaderEpoch())
                .withPartitionEpoch(seen.partitionEpoch())
                .withNewIsrWithEpochs(members);
        AlterPartitionRequest request = AlterPartitionRequest.DEFAULT
                .withBrokerId(leader)
                .withBrokerEpoch(cluster.image().broker(leader).orElseThrow().epoch())
                .withTopics(List.of(new AlterPartitionRequest.TopicData(
                        cluster.image().topic("t").orElseThrow().id(), List.of(proposal))));
        return cluster.apply(new IsrChanges(cluster.facts()).alter(request, 3))
                .topics()
                .getFirst()
                .partitions()
                .getFirst();
    }

    private ErrorCode elect(byte type) {
        ElectLeadersRequest request = ElectLeadersRequest.DEFAULT
                .withElectionType(type)
                .withTopicPartitions(List.of(new ElectLeadersRequest.TopicPartitions("t", List.of(0))));
        ElectLeadersResponse answer = cluster.apply(new LeaderElections(cluster.facts()).elect(request));
        return ErrorCode.of(answer.replicaElectionResults()
                .getFirst()
                .partitionResult()
                .getFirst()
                .errorCode());
    }
}
