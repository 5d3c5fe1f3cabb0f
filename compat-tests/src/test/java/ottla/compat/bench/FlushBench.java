package ottla.compat.bench;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;
import ottla.compat.RawConnection;

/** Single records that are on disk before they are answered for ({@code flush.messages=1}), one request in flight per connection. */
class FlushBench {
    private static final int PARTITIONS = 4;
    private static final int[] CONNECTIONS = {1, 16, 64};
    private static final int SECONDS = 8;

    @Test
    void produceWithASyncBeforeEachAnswer() throws Exception {
        SideBySide.compare("produce with flush.messages=1", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Flush", Map.of())) {
                for (int i = 0; i < PARTITIONS; i++) {
                    Clients.of(broker).createTopic("flushed-" + i, 1, "flush.messages", "1");
                    Ends.await(Clients.of(broker), "flushed-" + i, 1, 0);
                }
                requests(broker, CONNECTIONS[CONNECTIONS.length - 1]); // to warm up
                for (int connections : CONNECTIONS) {
                    figures.put(
                            connections + " connections, us per request",
                            SECONDS * 1e6 / requests(broker, connections));
                }
            }
            return figures;
        });
    }

    private static long requests(BrokerProcess broker, int connections) {
        long endNs = System.nanoTime() + SECONDS * 1_000_000_000L;
        List<CompletableFuture<Long>> counts = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            String topic = "flushed-" + i % PARTITIONS;
            counts.add(CompletableFuture.supplyAsync(() -> requestsUntil(endNs, broker, topic), SideBySide.THREADS));
        }
        return counts.stream().mapToLong(CompletableFuture::join).sum();
    }

    private static long requestsUntil(long endNs, BrokerProcess broker, String topic) {
        ByteBuffer frame = PacedProducer.frame(topic, PacedProducer.RECORD_BYTES);
        long count = 0;
        try (RawConnection connection = new RawConnection(broker.port())) {
            while (System.nanoTime() < endNs) {
                connection.sendBytes(frame.duplicate());
                PacedProducer.receive(connection);
                count++;
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return count;
    }
}
