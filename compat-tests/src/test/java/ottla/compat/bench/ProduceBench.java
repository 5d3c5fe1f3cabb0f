package ottla.compat.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/** What producing costs a broker that gets as much as it can take, over two connections: large batches, and single records. */
class ProduceBench {
    private static final int CONNECTIONS = 2;
    private static final int BATCH_BYTES = 64_000;
    private static final int BATCHES = 25_000;
    private static final int SINGLES = 100_000;

    @Test
    void produceAsMuchAsTheBrokerTakes() throws Exception {
        SideBySide.compare("produce with acks=all as fast as it is taken", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Produce", Map.of())) {
                Clients clients = Clients.of(broker);
                for (int i = 0; i < CONNECTIONS; i++) {
                    clients.createTopic("filled-" + i, 1);
                    Ends.await(clients, "filled-" + i, 1, 0);
                }
                produce(broker, BATCH_BYTES, BATCHES); // to warm up, as the next
                produce(broker, PacedProducer.RECORD_BYTES, SINGLES);
                double gigabytes = (double) CONNECTIONS * BATCHES * BATCH_BYTES / 1e9;
                double millions = CONNECTIONS * SINGLES / 1e6;
                Cost batches = produce(broker, BATCH_BYTES, BATCHES);
                figures.put("batches of 64 KB, CPU s per GB", batches.cpuSeconds / gigabytes);
                figures.put("batches of 64 KB, ms per GB", batches.seconds * 1e3 / gigabytes);
                Cost singles = produce(broker, PacedProducer.RECORD_BYTES, SINGLES);
                figures.put("single records, CPU s per million", singles.cpuSeconds / millions);
                figures.put("single records, ms per million", singles.seconds * 1e3 / millions);
                figures.put("MB resident", ProcessFigures.of(broker).residentMb());
            }
            return figures;
        });
    }

    private record Cost(double cpuSeconds, double seconds) {}

    private static Cost produce(BrokerProcess broker, int batchBytes, int requests) {
        Duration before = cpu(broker);
        long beginNs = System.nanoTime();
        List<CompletableFuture<Void>> producers = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            String topic = "filled-" + i;
            producers.add(CompletableFuture.runAsync(
                    () -> {
                        try {
                            PacedProducer.run(broker.port(), topic, batchBytes, requests, Integer.MAX_VALUE);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    },
                    SideBySide.THREADS));
        }
        producers.forEach(CompletableFuture::join);
        double seconds = (System.nanoTime() - beginNs) / 1e9;
        return new Cost(cpu(broker).minus(before).toNanos() / 1e9, seconds);
    }

    private static Duration cpu(BrokerProcess broker) {
        return ProcessHandle.of(broker.pid())
                .flatMap(process -> process.info().totalCpuDuration())
                .orElseThrow();
    }
}
