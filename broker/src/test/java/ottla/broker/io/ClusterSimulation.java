package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Whole clusters, each on one thread, as many at a time as there are processors. {@code -Dottla.seed=} replays one run;
 * {@code -Dottla.simulation.first=} and {@code -Dottla.simulation.seeds=} say which are run.
 */
final class ClusterSimulation {
    private static final long FIRST = Long.getLong("ottla.simulation.first", 1);
    private static final long SEEDS = Long.getLong("ottla.simulation.seeds", 20_000);

    private final Map<String, Long> happened = new TreeMap<>();

    @Test
    void nothingAcknowledgedIsLost() {
        Long only = Long.getLong("ottla.seed");
        LongStream seeds = only == null ? LongStream.range(FIRST, FIRST + SEEDS) : LongStream.of(only);
        Optional<AssertionError> failed =
                seeds.parallel().mapToObj(this::live).flatMap(Optional::stream).findAny();
        System.out.println(happened);
        failed.ifPresent(failure -> {
            throw failure;
        });
        if (only == null) {
            assertThat(happened.values()).as("how often things happened").allMatch(times -> times > 0);
            assertThat(happened).containsKeys("killed", "power lost", "halted", "stopped", "cut", "isolated");
        }
    }

    /** Whatever happens out of a seed's reach could not be replayed. */
    @Test
    void aSeedHasOneLife() {
        for (long seed = FIRST; seed < FIRST + 10; seed++) {
            ClusterStorm once = new ClusterStorm(seed);
            ClusterStorm again = new ClusterStorm(seed);
            once.run();
            again.run();
            assertThat(again.cluster().eventCount())
                    .as("events of seed %d", seed)
                    .isEqualTo(once.cluster().eventCount());
            assertThat(again.cluster().happened()).isEqualTo(once.cluster().happened());
        }
    }

    private Optional<AssertionError> live(long seed) {
        ClusterStorm storm = new ClusterStorm(seed);
        try {
            storm.run();
        } catch (RuntimeException | AssertionError failure) {
            return Optional.of(new AssertionError("replay with -Dottla.seed=" + seed, failure));
        }
        count(storm.cluster());
        return Optional.empty();
    }

    private synchronized void count(SimulatedCluster cluster) {
        cluster.happened().forEach((what, times) -> happened.merge(what, (long) times, Long::sum));
        happened.merge("clusters", 1L, Long::sum);
        happened.merge("events", cluster.eventCount(), Long::sum);
        happened.merge("records", cluster.history().total(), Long::sum);
    }
}
