package ottla.compat.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/** How long a produce request takes, counted from when it was due, while one partition rolls fifty segments. */
class RollBench {
    private static final int BATCH_BYTES = 16_384;
    private static final int SEGMENT_BYTES = 8 << 20;
    private static final int ROLLS = 50;
    private static final int REQUESTS_PER_SECOND = 1_600;

    @Test
    void produceWhileSegmentsRoll() throws Exception {
        int requests = (int) ((long) ROLLS * SEGMENT_BYTES / BATCH_BYTES);
        SideBySide.compare(ROLLS + " rolls under " + requests + " requests of 16 KB", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Roll", Map.of())) {
                Clients clients = Clients.of(broker);
                clients.createTopic("warm", 1);
                PacedProducer.run(broker.port(), "warm", BATCH_BYTES, requests, REQUESTS_PER_SECOND);
                clients.createTopic("rolling", 1, "segment.bytes", String.valueOf(SEGMENT_BYTES));
                long[] latenciesNs =
                        PacedProducer.run(broker.port(), "rolling", BATCH_BYTES, requests, REQUESTS_PER_SECOND);
                figures.put("p50, us", SideBySide.quantile(latenciesNs, 0.5) / 1e3);
                figures.put("p99, us", SideBySide.quantile(latenciesNs, 0.99) / 1e3);
                figures.put("p99.9, us", SideBySide.quantile(latenciesNs, 0.999) / 1e3);
                figures.put("largest, us", SideBySide.quantile(latenciesNs, 1) / 1e3);
            }
            return figures;
        });
    }
}
