package ottla.replication.quorum;

import org.junit.jupiter.api.Test;

/**
 * Many {@link QuorumStorm storms}, one after the other. {@code -Dottla.seed=} replays one, {@code -Dottla.simulation.seeds=} sets how
 * many there are, from {@code -Dottla.simulation.first=} on.
 */
final class QuorumSimulation {
    private static final int DEFAULT_RUNS = 50_000;

    @Test
    void everyQuorumRecovers() {
        Long seed = Long.getLong("ottla.seed");
        if (seed != null) {
            QuorumStorm.run(seed);
            return;
        }
        long first = Long.getLong("ottla.simulation.first", 1);
        long end = first + Long.getLong("ottla.simulation.seeds", DEFAULT_RUNS);
        for (long each = first; each < end; each++) {
            QuorumStorm.run(each);
        }
    }
}
