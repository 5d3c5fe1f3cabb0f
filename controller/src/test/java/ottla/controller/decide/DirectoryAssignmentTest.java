package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.AssignReplicasToDirsRequest;
import ottla.wire.message.AssignReplicasToDirsRequest.DirectoryData;
import ottla.wire.message.AssignReplicasToDirsRequest.PartitionData;
import ottla.wire.message.AssignReplicasToDirsRequest.TopicData;
import ottla.wire.message.AssignReplicasToDirsResponse;

class DirectoryAssignmentTest {
    private static final Uuid ELSEWHERE = new Uuid(50, 7_000);
    private static final Uuid NO_TOPIC = new Uuid(70, 1);

    private final SmallCluster cluster = new SmallCluster(3);

    @Test
    void aBrokerThatIsNotWhatItWasIsRefusedAltogether() {
        cluster.create("t", 0, 1);
        AssignReplicasToDirsRequest request = of(0, directory(0), topic("t", 0));
        long epoch = request.brokerEpoch();
        assertThat(assign(request.withBrokerEpoch(epoch - 1)).errorCode())
                .isEqualTo(ErrorCode.STALE_BROKER_EPOCH.code());
        assertThat(assign(request.withBrokerEpoch(epoch + 1)).errorCode())
                .isEqualTo(ErrorCode.STALE_BROKER_EPOCH.code());
        AssignReplicasToDirsResponse unknown = assign(request.withBrokerId(9));
        assertThat(unknown.errorCode()).isEqualTo(ErrorCode.STALE_BROKER_EPOCH.code());
        assertThat(unknown.directories()).isEmpty();
        assertThat(cluster.partition("t").directory(0)).isNotEqualTo(ELSEWHERE);
    }

    @Test
    void eachPartitionIsRefusedByItself() {
        cluster.create("t", 0, 1);
        cluster.create("others", 1, 2);
        AssignReplicasToDirsResponse answer = assign(of(
                0,
                directory(0),
                topic("t", 0, 5, -1),
                topic("others", 0),
                new TopicData(NO_TOPIC, List.of(new PartitionData(0), new PartitionData(1)))));
        assertThat(answer.errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(answer.directories()).hasSize(1);
        assertThat(answer.directories().getFirst().id()).isEqualTo(directory(0));
        assertThat(errors(answer))
                .containsExactly(
                        ErrorCode.NONE,
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        ErrorCode.NOT_LEADER_OR_FOLLOWER,
                        ErrorCode.UNKNOWN_TOPIC_ID,
                        ErrorCode.UNKNOWN_TOPIC_ID);
        assertThat(cluster.partition("t").directory(0)).isEqualTo(directory(0));
    }

    @Test
    void whatIsKnownAlreadyIsNotWrittenAgain() {
        cluster.create("t", 0, 1);
        assign(of(0, directory(0), topic("t", 0)));
        long end = cluster.endOffset();
        assertThat(errors(assign(of(0, directory(0), topic("t", 0))))).containsExactly(ErrorCode.NONE);
        assertThat(cluster.endOffset()).isEqualTo(end);
    }

    @Test
    void aReplicaInADirectoryThatIsNotOnlineIsLost() {
        cluster.create("t", 0, 1);
        assertThat(errors(assign(of(0, ELSEWHERE, topic("t", 0))))).containsExactly(ErrorCode.NONE);
        assertThat(cluster.partition("t").directory(0)).isEqualTo(ELSEWHERE);
        assertThat(cluster.partition("t").leader()).isEqualTo(1);
        assertThat(cluster.partition("t").isr()).containsExactly(1);
    }

    private AssignReplicasToDirsResponse assign(AssignReplicasToDirsRequest request) {
        return cluster.apply(new DirectoryAssignment(cluster.facts()).assign(request));
    }

    private Uuid directory(int brokerId) {
        return cluster.image().broker(brokerId).orElseThrow().directories().getFirst();
    }

    private AssignReplicasToDirsRequest of(int brokerId, Uuid directory, TopicData... topics) {
        return AssignReplicasToDirsRequest.DEFAULT
                .withBrokerId(brokerId)
                .withBrokerEpoch(cluster.image().broker(brokerId).orElseThrow().epoch())
                .withDirectories(List.of(new DirectoryData(directory, List.of(topics))));
    }

    private TopicData topic(String name, int... partitions) {
        Uuid id = cluster.image().topics().topic(name).orElseThrow().id();
        return new TopicData(
                id, Arrays.stream(partitions).mapToObj(PartitionData::new).toList());
    }

    private static List<ErrorCode> errors(AssignReplicasToDirsResponse answer) {
        return answer.directories().stream()
                .flatMap(directory -> directory.topics().stream())
                .flatMap(topic -> topic.partitions().stream())
                .map(partition -> ErrorCode.of(partition.errorCode()))
                .toList();
    }
}
