package ottla.replication.quorum;

import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import ottla.replication.quorum.SimulatedCluster.Faults;
import ottla.replication.quorum.SimulatedCluster.Voting;

/**
 * The leader's process dies in a quorum where all else is well: hosts refuse connections for it, or now and then say nothing. Another
 * one leads within twice the election timeout, which is less than its followers would wait in silence. {@code -Dottla.seed=} replays
 * one, {@code -Dottla.simulation.seeds=} sets how many there are.
 */
final class FailoverSimulation {
    private static final int DEFAULT_RUNS = 500;

    private static final long SETTLED_WITHIN_MS = 30_000;

    /** How closely the time is watched. */
    private static final long STEP_MS = 5;

    @Test
    void aLeaderThatDiesIsReplacedSoon() {
        Long replayed = Long.getLong("ottla.seed");
        long first = replayed == null ? 1 : replayed;
        long runs = replayed == null ? Long.getLong("ottla.simulation.seeds", DEFAULT_RUNS) : 1;
        long slowestMs = 0;
        for (long seed = first; seed < first + runs; seed++) {
            try {
                slowestMs = Math.max(slowestMs, new Failover(seed).replacedAfterMs());
            } catch (AssertionError failure) {
                throw new AssertionError("replay with -Dottla.seed=" + seed + ": " + failure.getMessage(), failure);
            }
        }
        System.out.println("the slowest of " + runs + " successions took " + slowestMs + " ms");
    }

    /** One quorum. */
    private static final class Failover {
        private final SplittableRandom random;
        private final SimulatedCluster cluster;

        private Failover(long seed) {
            random = new SplittableRandom(new SplittableRandom(seed).nextLong());
            Voting voting = random.nextBoolean() ? Voting.CONFIGURED : Voting.IN_THE_LOG;
            cluster = new SimulatedCluster(3 + random.nextInt(5), random.nextInt(3), voting, random);
            cluster.behave(new Faults(0, 0, 1 + random.nextInt(20)));
        }

        private long replacedAfterMs() {
            while (!isSettled()) {
                pass(STEP_MS);
                QuorumInvariants.check(cluster.nowMs() < SETTLED_WITHIN_MS, () -> "no leader: " + cluster.describe());
            }
            pass(random.nextInt(1_000));
            Optional<SimulatedReplica> leader = cluster.leader();
            if (leader.isEmpty()) {
                return 0;
            }
            cluster.crash(leader.get());
            long diedMs = cluster.nowMs();
            while (cluster.leader().isEmpty()) {
                pass(STEP_MS);
                QuorumInvariants.check(
                        cluster.nowMs() < diedMs + 2L * Timeouts.DEFAULT.electionTimeoutMs(),
                        () -> "nobody leads after " + (cluster.nowMs() - diedMs) + " ms: " + cluster.describe());
            }
            return cluster.nowMs() - diedMs;
        }

        private void pass(long timeMs) {
            long untilMs = cluster.nowMs() + timeMs;
            while (cluster.advance(untilMs)) {
                // everything happens in there
            }
        }

        /** All voters fetch from one leader. */
        private boolean isSettled() {
            return cluster.leader().filter(this::isFollowed).isPresent();
        }

        private boolean isFollowed(SimulatedReplica leader) {
            VoterSet voters = leader.quorum().voters().latest();
            return cluster.replicas.stream()
                    .filter(replica -> replica != leader && voters.contains(replica.key()))
                    .allMatch(replica -> replica.quorum().role() instanceof Role.Follower follower
                            && follower.leaderId() == leader.id
                            && follower.heard() == Role.LeaderHeard.BY_FETCH);
        }
    }
}
