package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.broker.io.ReplicationScript.FIRST;
import static ottla.broker.io.ReplicationScript.SECOND;
import static ottla.broker.io.ReplicationScript.THIRD;

import org.junit.jupiter.api.Test;
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
}
