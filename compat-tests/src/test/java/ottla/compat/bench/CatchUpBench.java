package ottla.compat.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** How fast an empty replica gets what the others have, and what those notice of it who produce to another partition meanwhile. */
class CatchUpBench {
    private static final int BATCH_BYTES = 64_000;
    private static final int BATCHES = Integer.getInteger("ottla.bench.batches", 20_000);
    private static final int PACED_BYTES = 15_000;
    private static final int PACED_PER_SECOND = 300;
    private static final int PACED = 3_000;
    private static final String FILLED = "filled";
    private static final String PACED_TOPIC = "paced";

    @Test
    void anEmptyReplicaJoins() throws Exception {
        SideBySide.compare("a replica is added", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (ThreeBrokers brokers = ThreeBrokers.start(kind, "CatchUp")) {
                int port = brokers.broker(101).port();
                brokers.createTopic(FILLED, Map.of(0, List.of(101, 102)));
                brokers.createTopic(PACED_TOPIC, Map.of(0, List.of(101, 102)));
                PacedProducer.run(port, FILLED, BATCH_BYTES, BATCHES, Integer.MAX_VALUE);
                figures.put("p99 in quiet, us", SideBySide.quantile(paced(port), 0.99) / 1e3);
                CompletableFuture<long[]> meanwhile =
                        CompletableFuture.supplyAsync(() -> paced(port), SideBySide.THREADS);
                double before = brokers.cpuSeconds();
                long beginNs = System.nanoTime();
                addReplica(brokers);
                double seconds = (System.nanoTime() - beginNs) / 1e9;
                double gigabytes = (double) BATCHES * BATCH_BYTES / 1e9;
                figures.put("ms per GB", seconds * 1e3 / gigabytes);
                figures.put("CPU s per GB", (brokers.cpuSeconds() - before) / gigabytes);
                figures.put("p99 meanwhile, us", SideBySide.quantile(meanwhile.join(), 0.99) / 1e3);
            }
            return figures;
        });
    }

    private static void addReplica(ThreeBrokers brokers) throws Exception {
        try (Admin admin = brokers.clients().admin()) {
            admin.alterPartitionReassignments(Map.of(
                            new TopicPartition(FILLED, 0),
                            Optional.of(new NewPartitionReassignment(List.of(101, 102, 103)))))
                    .all()
                    .get();
        }
        brokers.awaitInSync(FILLED, 3);
    }

    private static long[] paced(int port) {
        try {
            return PacedProducer.run(port, PACED_TOPIC, PACED_BYTES, PACED, PACED_PER_SECOND);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
