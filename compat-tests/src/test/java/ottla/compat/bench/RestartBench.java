package ottla.compat.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/** From the start of a process to the answer of every partition, after SIGKILL and after a clean stop: three segments of 1 MB each. */
class RestartBench {
    private static final int PARTITIONS = Integer.getInteger("ottla.bench.partitions", 1_000);
    private static final int RECORD_BYTES = 64_000;
    private static final int RECORDS = 40;

    @Test
    void startAfterAKill() throws Exception {
        SideBySide.compare("start with " + PARTITIONS + " partitions of 3 segments", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Restart", Map.of())) {
                Clients clients = Clients.of(broker);
                clients.createTopic("filled", PARTITIONS, "segment.bytes", "1048576");
                Ends.await(clients, "filled", PARTITIONS, 0);
                fill(clients);
                broker.kill();
                figures.put("after SIGKILL, ms", restart(broker, clients));
                broker.terminate();
                figures.put("after SIGTERM, ms", restart(broker, clients));
            }
            return figures;
        });
    }

    private static double restart(BrokerProcess broker, Clients clients) throws Exception {
        long beginNs = System.nanoTime();
        broker.restart();
        Ends.await(clients, "filled", PARTITIONS, RECORDS);
        return (System.nanoTime() - beginNs) / 1e6;
    }

    private static void fill(Clients clients) throws Exception {
        byte[] value = new byte[RECORD_BYTES];
        new SplittableRandom(1).nextBytes(value);
        try (KafkaProducer<byte[], byte[]> producer =
                clients.producer(new ByteArraySerializer(), "batch.size", "1", "max.request.size", "1000000")) {
            for (int i = 0; i < RECORDS; i++) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    sent.add(producer.send(new ProducerRecord<>("filled", partition, null, value)));
                }
                for (Future<RecordMetadata> one : sent) {
                    one.get();
                }
            }
        }
    }
}
