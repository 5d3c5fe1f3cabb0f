package ottla.broker.io;

import static ottla.broker.io.ReplicationScript.FIRST;
import static ottla.broker.io.ReplicationScript.SECOND;
import static ottla.broker.io.ReplicationScript.THIRD;
import static ottla.broker.io.ReplicationScript.TOPIC;

import org.junit.jupiter.api.Test;

/** A topic is deleted and another made under its name while a machine is down whose disk knows the first one only. */
final class NamesakeSimulation {
    /** What the machine still has is random: in some of these, the records without the id of their topic, if that was not synced. */
    private static final int SEEDS = 30;

    private static final int RECORDS = 8;

    @Test
    void aTopicDoesNotInheritTheLogOfItsNamesake() {
        for (int seed = 1; seed <= SEEDS; seed++) {
            ReplicationScript script = new ReplicationScript(seed);
            for (int i = 0; i < RECORDS; i++) {
                script.writeToAll(FIRST, "of the first topic, " + i);
            }
            script.cluster().pass(6 * SimulatedCluster.SECOND);
            script.node(FIRST).losePower();
            script.deleteTopic(TOPIC);
            script.createTopic(TOPIC, FIRST, SECOND, THIRD);
            script.cluster().heal();
            script.cluster().rest();
        }
    }
}
