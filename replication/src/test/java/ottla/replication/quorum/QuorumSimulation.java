package ottla.replication.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * Quorums of one to seven voters and up to three observers under lost, late and repeated messages, isolated and crashing nodes and
 * disks that lose what was not flushed. {@code -Dottla.seed=} replays one run, {@code -Dottla.seeds=} sets how many there are.
 */
final class QuorumSimulation {
    private static final int DEFAULT_RUNS = 150;
    private static final long STORM_MS = 20_000;

    /** A quorum with everybody up and a sound network has a leader and commits well within some election timeouts. */
    private static final long RECOVERY_MS = 30_000;

    @Test
    void survivesFaultsAndRecovers() {
        Long seed = Long.getLong("ottla.seed");
        if (seed != null) {
            run(seed);
            return;
        }
        int runs = Integer.getInteger("ottla.seeds", DEFAULT_RUNS);
        for (long each = 1; each <= runs; each++) {
            try {
                run(each);
            } catch (AssertionError | RuntimeException failure) {
                throw new AssertionError("replay with -Dottla.seed=" + each, failure);
            }
        }
    }

    private static void run(long seed) {
        RandomGenerator random = new SplittableRandom(seed);
        SimulatedCluster cluster = new SimulatedCluster(1 + random.nextInt(7), random.nextInt(4), random);
        cluster.behave(new SimulatedCluster.Faults(random.nextInt(30), random.nextInt(20), 1 + random.nextInt(400)));
        long value = 1;
        while (cluster.nowMs() < STORM_MS) {
            cluster.advance(STORM_MS);
            if (random.nextInt(50) == 0) {
                disturb(cluster, random);
            }
            if (random.nextInt(5) == 0 && cluster.leader().isPresent()) {
                cluster.leader().get().append(cluster.nowMs(), value++);
            }
        }
        recover(cluster, value);
    }

    private static void disturb(SimulatedCluster cluster, RandomGenerator random) {
        SimulatedReplica victim = cluster.replicas.get(random.nextInt(cluster.replicas.size()));
        switch (random.nextInt(5)) {
            case 0 -> cluster.isolate(victim.id);
            case 1 -> {
                cluster.heal();
                cluster.behave(
                        new SimulatedCluster.Faults(random.nextInt(30), random.nextInt(20), 1 + random.nextInt(400)));
            }
            case 2 -> {
                if (victim.isUp()) {
                    cluster.crash(victim);
                }
            }
            case 3 -> {
                if (victim.leads()) {
                    victim.step(
                            cluster.nowMs(),
                            new Input.ResignAsked(victim.quorum().role().epoch()));
                }
            }
            default -> {
                if (!victim.isUp()) {
                    cluster.restart(victim);
                }
            }
        }
    }

    private static void recover(SimulatedCluster cluster, long value) {
        cluster.heal();
        for (SimulatedReplica replica : cluster.replicas) {
            if (!replica.isUp()) {
                cluster.restart(replica);
            }
        }
        cluster.runUntil(STORM_MS + RECOVERY_MS / 2);
        assertThat(cluster.leader()).as("a leader after the storm").isPresent();
        cluster.leader().orElseThrow().append(cluster.nowMs(), value);
        cluster.runUntil(STORM_MS + RECOVERY_MS);
        assertThat(cluster.agreedLeader())
                .as("all follow one leader: %s", cluster.roles())
                .isPresent();
        assertThat(cluster.committed().getLast().value()).as("the last value").isEqualTo(value);
        for (SimulatedReplica replica : cluster.replicas) {
            assertThat(replica.log).as("the log of " + replica.id).isEqualTo(cluster.committed());
        }
    }
}
