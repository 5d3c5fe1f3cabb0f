package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.broker.io.ReplicationScript.FIRST;
import static ottla.broker.io.ReplicationScript.SECOND;
import static ottla.broker.io.ReplicationScript.THIRD;

import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.replication.io.Replica;

/** A full disk is none that failed: whatever had to wait for room goes on when there is some. */
final class FullDiskSimulation {
    @Test
    void aPartitionThatFoundNoRoomIsBegunLater() {
        ReplicationScript script = new ReplicationScript();
        script.node(SECOND).fillDisk();

        script.createTopic("other", SECOND, FIRST, THIRD);
        script.cluster().pass(5 * SimulatedCluster.SECOND);
        assertThat(script.node(FIRST).replicas()).hasSize(2);
        assertThat(script.node(SECOND).replicas()).hasSize(1);

        script.node(SECOND).emptyDisk();
        script.until(
                "the second leads it",
                () -> script.node(SECOND).replicas().stream()
                        .filter(Replica::isLeader)
                        .map(replica -> replica.name().topic())
                        .anyMatch("other"::equals));
        script.end();
    }

    @Test
    void aLeaderWithoutRoomStepsBackUntilThereIsSome() {
        ReplicationScript script = new ReplicationScript();
        script.writeToAll(FIRST, "before");
        script.node(FIRST).fillDisk();

        assertThat(script.refusedToAll(FIRST, "no room")).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        script.untilInSync(SECOND, THIRD);
        script.until("another one leads", () -> script.partition().leader() == SECOND);
        script.until("it knows", () -> script.replica(SECOND).isLeader());
        script.writeToAll(SECOND, "by another leader");

        script.node(FIRST).emptyDisk();
        script.untilInSync(FIRST, SECOND, THIRD);
        script.end();
    }

    @Test
    void whoHasTheOnlyCopyStays() {
        ReplicationScript script = new ReplicationScript();
        script.writeToAll(FIRST, "before");
        script.cutFromControllers(SECOND);
        script.cutFromControllers(THIRD);
        script.network().cut(FIRST, SECOND);
        script.network().cut(FIRST, THIRD);
        script.untilInSync(FIRST);
        script.node(FIRST).fillDisk();

        script.refusedToAll(FIRST, "too few are in sync, and no room");
        script.cluster().pass(20 * SimulatedCluster.SECOND);
        assertThat(script.partition().leader()).isEqualTo(FIRST);
        script.node(FIRST).emptyDisk();
        script.end();
    }

    @Test
    void anActiveControllerWithoutRoomMakesWayForAnother() {
        ReplicationScript script = new ReplicationScript();
        int active = script.activeController();
        script.node(active).fillDisk();

        script.createTopic("other", FIRST, SECOND, THIRD);
        assertThat(script.activeController()).isNotEqualTo(active);
        assertThat(script.node(active).isUp()).isTrue();

        script.node(active).emptyDisk();
        script.end();
    }

    @Test
    void aVoterWithoutRoomVotes() {
        ReplicationScript script = new ReplicationScript();
        int active = script.activeController();
        int full = active % 3 + 1;
        script.node(full).fillDisk();
        script.node(active).kill();

        int other = 6 - active - full;
        script.until("the third leads the quorum", () -> script.activeController() == other);
        assertThat(script.node(full).isUp()).isTrue();
        script.node(full).emptyDisk();
        script.createTopic("other", FIRST, SECOND, THIRD);
        script.end();
    }
}
