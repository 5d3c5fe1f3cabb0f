package ottla.compat.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What producing with acks=all to three brokers costs all of them together, each of which leads one of three partitions. */
class ReplicatedProduceBench {
    private static final int BATCH_BYTES = 64_000;
    private static final int BATCHES = Integer.getInteger("ottla.bench.batches", 5_000);
    private static final int SINGLES = Integer.getInteger("ottla.bench.singles", 50_000);
    private static final int PACED_BYTES = 15_000;
    private static final int PACED_PER_SECOND = 300;
    private static final int PACED = Integer.getInteger("ottla.bench.paced", 6_000);

    /** After that much at a steady pace, neither kind's compiler is at work any more, and latencies fall no further. */
    private static final int SETTLING = Integer.getInteger("ottla.bench.settling", 12_000);

    @Test
    void threeReplicasOfEverything() throws Exception {
        SideBySide.compare("three brokers, replication factor 3, acks=all", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (ThreeBrokers brokers = ThreeBrokers.start(kind, "Replicated")) {
                for (int leader : ThreeBrokers.IDS) {
                    List<Integer> replicas = new ArrayList<>(List.of(leader));
                    ThreeBrokers.IDS.stream().filter(id -> id != leader).forEach(replicas::add);
                    brokers.createTopic(topic(leader), Map.of(0, replicas));
                }
                produce(brokers, BATCH_BYTES, BATCHES, Integer.MAX_VALUE); // to warm up, as the next
                produce(brokers, PacedProducer.RECORD_BYTES, SINGLES, Integer.MAX_VALUE);
                produce(brokers, PACED_BYTES, SETTLING, PACED_PER_SECOND);
                Cost batches = produce(brokers, BATCH_BYTES, BATCHES, Integer.MAX_VALUE);
                double gigabytes = 3.0 * BATCHES * BATCH_BYTES / 1e9;
                figures.put("batches of 64 KB, CPU s per GB", batches.cpuSeconds / gigabytes);
                figures.put("batches of 64 KB, ms per GB", batches.seconds * 1e3 / gigabytes);
                Cost singles = produce(brokers, PacedProducer.RECORD_BYTES, SINGLES, Integer.MAX_VALUE);
                double millions = 3.0 * SINGLES / 1e6;
                figures.put("single records, CPU s per million", singles.cpuSeconds / millions);
                Cost paced = produce(brokers, PACED_BYTES, PACED, PACED_PER_SECOND);
                figures.put("15 KB at 3 x 300 per s, CPU s per million", paced.cpuSeconds / (3.0 * PACED / 1e6));
                figures.put("the same, p50, us", SideBySide.quantile(paced.latenciesNs, 0.5) / 1e3);
                figures.put("the same, p99, us", SideBySide.quantile(paced.latenciesNs, 0.99) / 1e3);
                figures.put("the same, p99.9, us", SideBySide.quantile(paced.latenciesNs, 0.999) / 1e3);
            }
            return figures;
        });
    }

    private static String topic(int leader) {
        return "led-by-" + leader;
    }

    private static final class Cost {
        final double cpuSeconds;
        final double seconds;
        final long[] latenciesNs;

        Cost(double cpuSeconds, double seconds, long[] latenciesNs) {
            this.cpuSeconds = cpuSeconds;
            this.seconds = seconds;
            this.latenciesNs = latenciesNs;
        }
    }

    /** One connection to each leader. */
    private static Cost produce(ThreeBrokers brokers, int batchBytes, int requests, int perSecond) {
        double before = brokers.cpuSeconds();
        long beginNs = System.nanoTime();
        List<CompletableFuture<long[]>> producers = new ArrayList<>();
        for (int leader : ThreeBrokers.IDS) {
            producers.add(CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return PacedProducer.run(
                                    brokers.broker(leader).port(), topic(leader), batchBytes, requests, perSecond);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    },
                    SideBySide.THREADS));
        }
        long[] latenciesNs = producers.stream()
                .map(CompletableFuture::join)
                .flatMapToLong(Arrays::stream)
                .toArray();
        double seconds = (System.nanoTime() - beginNs) / 1e9;
        return new Cost(brokers.cpuSeconds() - before, seconds, latenciesNs);
    }
}
