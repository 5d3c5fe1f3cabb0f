package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Whole clusters on one thread. {@code -Dottla.seed=} replays one run; {@code -Dottla.simulation.first=} and
 * {@code -Dottla.simulation.seeds=} say which are run.
 */
final class ClusterSimulation {
    private static final long FIRST = Long.getLong("ottla.simulation.first", 1);
    private static final long SEEDS = Long.getLong("ottla.simulation.seeds", 1_000);

    @Test
    void nothingAcknowledgedIsLost() {
        Long only = Long.getLong("ottla.seed");
        long first = only == null ? FIRST : only;
        long count = only == null ? SEEDS : 1;
        Map<String, Integer> happened = new TreeMap<>();
        for (long seed = first; seed < first + count; seed++) {
            ClusterStorm storm = new ClusterStorm(seed);
            try {
                storm.run();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("replay with -Dottla.seed=" + seed, failure);
            }
            storm.happened().forEach((what, times) -> happened.merge(what, times, Integer::sum));
            happened.merge("events", (int) storm.eventCount(), Integer::sum);
            happened.merge("records", (int) storm.recordCount(), Integer::sum);
        }
        System.out.println(count + " clusters: " + happened);
        if (only == null) {
            assertThat(happened).containsKeys("killed", "power lost", "halted", "stopped", "cut", "isolated");
        }
    }
}
