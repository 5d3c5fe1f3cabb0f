package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.controller.image.PartitionRegistration;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import ottla.wire.message.AlterPartitionReassignmentsResponse.ReassignablePartitionResponse;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsResponse.OngoingPartitionReassignment;

/** The stories of KIP-455, from the request to the end. */
class ReassignmentsTest {
    private final SmallCluster cluster = new SmallCluster(5);

    @Test
    void newReplicasTakeOverWhenTheyAreInSync() {
        cluster.create("t", 0, 1);
        assertThat(reassign(List.of(2, 0)).errorCode()).isEqualTo(ErrorCode.NONE.code());

        assertThat(cluster.partition("t").replicas()).containsExactly(2, 0, 1);
        assertThat(cluster.partition("t").isr()).containsExactly(0, 1);
        assertThat(ongoing())
                .containsExactly(new OngoingPartitionReassignment(0, List.of(2, 0, 1), List.of(2), List.of(1)));

        assertThat(inSync(0, 0, 1, 2)).isEqualTo(ErrorCode.NONE);
        assertThat(cluster.partition("t").replicas()).containsExactly(2, 0);
        assertThat(cluster.partition("t").isr()).containsExactly(0, 2);
        assertThat(cluster.partition("t").leader()).isZero();
        assertThat(ongoing()).isEmpty();
    }

    @Test
    void aLeaderThatLeavesIsTold() {
        cluster.create("t", 0, 1);
        reassign(List.of(2, 3));
        assertThat(inSync(0, 0, 1, 2)).as("3 is missing").isEqualTo(ErrorCode.NONE);
        assertThat(cluster.partition("t").isReassigning()).isTrue();
        assertThat(inSync(0, 0, 1, 2, 3)).isEqualTo(ErrorCode.NEW_LEADER_ELECTED);
        assertThat(cluster.partition("t").replicas()).containsExactly(2, 3);
        assertThat(cluster.partition("t").leader()).isEqualTo(2);
    }

    @Test
    void whatIsUnderWayCanBeChangedAndTakenBack() {
        cluster.create("t", 0, 1);
        reassign(List.of(2, 3));
        reassign(List.of(4, 0));
        assertThat(cluster.partition("t").addingReplicas()).containsExactly(4);
        assertThat(cluster.partition("t").removingReplicas()).containsExactly(1, 2, 3);

        assertThat(reassign(null).errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(cluster.partition("t").isReassigning()).isFalse();
        assertThat(cluster.partition("t").replicas()).containsExactly(0, 1, 2, 3);

        ReassignablePartitionResponse again = reassign(null);
        assertThat(again.errorCode()).isEqualTo(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS.code());
        assertThat(again.errorMessage()).isNull();
    }

    @Test
    void takingBackMustNotLoseRecords() {
        cluster.create("t", 0);
        reassign(List.of(1, 2));
        inSync(0, 0, 1);
        cluster.fence(0);
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(reassign(null).errorMessage())
                .isEqualTo("Unable to revert partition assignment for t:0 because it would require an unclean leader"
                        + " election.");
    }

    @Test
    void theReplicationFactorStaysIfItMust() {
        cluster.create("t", 0, 1);
        assertThat(reassign(false, List.of(2)))
                .isEqualTo(new ReassignablePartitionResponse(
                        0,
                        ErrorCode.INVALID_REPLICATION_FACTOR.code(),
                        "The replication factor is changed from 2 to 1"));
        assertThat(reassign(false, List.of(2, 3)).errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(reassign(false, List.of(4, 0)).errorCode())
                .as("counted from where it goes")
                .isZero();
    }

    private ReassignablePartitionResponse reassign(@Nullable List<Integer> replicas) {
        return reassign(true, replicas);
    }

    private ReassignablePartitionResponse reassign(boolean otherFactor, @Nullable List<Integer> replicas) {
        AlterPartitionReassignmentsRequest request = new AlterPartitionReassignmentsRequest(
                1000,
                otherFactor,
                List.of(new ReassignableTopic("t", List.of(new ReassignablePartition(0, replicas)))));
        return cluster.apply(new Reassignments(cluster.facts()).alter(request))
                .responses()
                .getFirst()
                .partitions()
                .getFirst();
    }

    private List<OngoingPartitionReassignment> ongoing() {
        return new Reassignments(cluster.facts())
                .list(ListPartitionReassignmentsRequest.DEFAULT).topics().stream()
                        .flatMap(topic -> topic.partitions().stream())
                        .toList();
    }

    private ErrorCode inSync(int leader, Integer... isr) {
        PartitionRegistration seen = cluster.partition("t");
        List<AlterPartitionRequest.BrokerState> members = List.of(isr).stream()
                .map(id -> new AlterPartitionRequest.BrokerState(
                        id, cluster.image().broker(id).orElseThrow().epoch()))
                .toList();
        AlterPartitionRequest request = AlterPartitionRequest.DEFAULT
                .withBrokerId(leader)
                .withBrokerEpoch(cluster.image().broker(leader).orElseThrow().epoch())
                .withTopics(List.of(new AlterPartitionRequest.TopicData(
                        cluster.image().topic("t").orElseThrow().id(),
                        List.of(AlterPartitionRequest.PartitionData.DEFAULT
                                .withLeaderEpoch(seen.leaderEpoch())
                                .withPartitionEpoch(seen.partitionEpoch())
                                .withNewIsrWithEpochs(members)))));
        return ErrorCode.of(cluster.apply(new IsrChanges(cluster.facts()).alter(request, 3))
                .topics()
                .getFirst()
                .partitions()
                .getFirst()
                .errorCode());
    }
}
