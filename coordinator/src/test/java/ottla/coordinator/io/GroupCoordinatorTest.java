package ottla.coordinator.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.coordinator.group.GroupCaller;
import ottla.coordinator.group.GroupConfig;
import ottla.replication.machine.MemoryMachineLog.Commit;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.ListGroupsRequest;
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchResponse;

/** What depends on the partition of a group, and on how far its term has come. */
class GroupCoordinatorTest {
    private static final GroupCaller CALLER = new GroupCaller("c", "/127.0.0.1");

    private final Rig rig = new Rig(GroupConfig.DEFAULT, Commit.AT_ONCE);

    @Test
    void groupsLiveInKafkasPartitions() {
        rig.topics.delete(GroupCoordinator.OFFSETS_TOPIC);

        // "polygenelubricants" has the smallest of all hash codes, which has no positive twin
        for (String group : List.of("", "g", "console-consumer-12345", "polygenelubricants", "gruppe-ä")) {
            assertThat(rig.coordinator().partitionFor(group)).isEqualTo(Utils.abs(group.hashCode()) % 50);
        }
    }

    @Test
    void elsewhereLedGroupsAreSentAway() {
        rig.coordinator().resign(Rig.PARTITION);

        assertThat(heartbeat()).isEqualTo(ErrorCode.NOT_COORDINATOR);
        assertThat(fetch()).isEqualTo(ErrorCode.NOT_COORDINATOR);
    }

    @Test
    void whileItsLogIsReadAGroupIsNotServedButItsHeartbeatsAreFine() {
        rig.coordinator().load(Rig.PARTITION);

        assertThat(heartbeat()).isEqualTo(ErrorCode.NONE);
        assertThat(fetch()).isEqualTo(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
        assertThat(list()).isEqualTo(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    }

    private ErrorCode heartbeat() {
        var answer = rig.coordinator()
                .heartbeat(CALLER, 4, HeartbeatRequest.DEFAULT.withGroupId("g").withMemberId("m"))
                .toCompletableFuture();
        return ErrorCode.of(settled(answer).errorCode());
    }

    private ErrorCode fetch() {
        var answer = rig.coordinator()
                .fetchOffsets(
                        CALLER,
                        9,
                        OffsetFetchRequest.DEFAULT.withGroups(List.of(
                                OffsetFetchRequestGroup.DEFAULT.withGroupId("g").withTopics(null))))
                .toCompletableFuture();
        OffsetFetchResponse fetched = settled(answer);
        return ErrorCode.of(fetched.groups().getFirst().errorCode());
    }

    private ErrorCode list() {
        var answer = rig.coordinator()
                .listGroups(CALLER, 5, ListGroupsRequest.DEFAULT)
                .toCompletableFuture();
        return ErrorCode.of(settled(answer).errorCode());
    }

    private <A> A settled(CompletableFuture<A> answer) {
        rig.settle();
        assertThat(answer).isDone();
        return answer.join();
    }
}
