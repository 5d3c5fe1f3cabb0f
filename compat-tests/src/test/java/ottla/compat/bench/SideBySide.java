package ottla.compat.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import ottla.compat.BrokerKind;

/** Runs a scenario on both brokers, in turn and several times, and prints the median of each figure and what Kafka's is of Ottla's. */
final class SideBySide {
    /** A thread for each task: those that wait for each other must not wait for a place in a pool. */
    static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

    private static final int ROUNDS = Integer.getInteger("ottla.bench.rounds", 3);

    private SideBySide() {}

    /** Measures one broker once: starts it, ends it, and gives its figures by name. Less is better in each. */
    interface Scenario {
        Map<String, Double> run(BrokerKind kind) throws Exception;
    }

    static void compare(String title, Scenario scenario) throws Exception {
        Map<String, Map<BrokerKind, List<Double>>> figures = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (BrokerKind kind : BrokerKind.values()) {
                scenario.run(kind)
                        .forEach((name, value) -> figures.computeIfAbsent(name, key -> new EnumMap<>(BrokerKind.class))
                                .computeIfAbsent(kind, key -> new ArrayList<>())
                                .add(value));
            }
        }
        System.out.println(title + ", " + ROUNDS + " rounds");
        System.out.printf(Locale.ROOT, "%-32s %12s %12s %8s   %s%n", "", "ottla", "kafka", "ratio", "all rounds");
        figures.forEach((name, sides) -> {
            List<Double> ours = sides.get(BrokerKind.OTTLA);
            List<Double> theirs = sides.get(BrokerKind.KAFKA);
            System.out.printf(
                    Locale.ROOT,
                    "%-32s %12.1f %12.1f %8.2f   %s %s%n",
                    name,
                    median(ours),
                    median(theirs),
                    median(theirs) / median(ours),
                    rounded(ours),
                    rounded(theirs));
        });
    }

    private static List<String> rounded(List<Double> values) {
        return values.stream()
                .map(value -> String.format(Locale.ROOT, "%.1f", value))
                .toList();
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** The value below which so much of all is: 0.999 of them, say. Sorts the values. */
    static double quantile(long[] values, double share) {
        Arrays.sort(values);
        return values[(int) Math.min(values.length - 1L, (long) (values.length * share))];
    }
}
