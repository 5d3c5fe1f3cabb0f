package ottla.compat.bench;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/** A consumer at the end of a log that is written to at a steady pace, one record to a request. */
final class TailReader {
    private TailReader() {}

    /** How long each record took to arrive, in nanoseconds since the moment it was due to be sent. */
    static long[] latenciesNs(BrokerProcess broker, String topic, int records, int recordsPerSecond) throws Exception {
        long[] latenciesNs = new long[records];
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer = Clients.of(broker).consumer()) {
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            long firstOffset = consumer.position(partition);
            consumer.poll(Duration.ZERO);
            PacedProducer.Pace pace = PacedProducer.Pace.fromNow(recordsPerSecond);
            CompletableFuture<Void> producing =
                    CompletableFuture.runAsync(() -> produce(broker, topic, records, pace), SideBySide.THREADS);
            for (int arrived = 0; arrived < records && !producing.isCompletedExceptionally(); ) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(20))) {
                    int index = (int) (record.offset() - firstOffset);
                    latenciesNs[index] = System.nanoTime() - pace.dueNs(index);
                    arrived++;
                }
            }
            producing.join();
        }
        return latenciesNs;
    }

    private static void produce(BrokerProcess broker, String topic, int records, PacedProducer.Pace pace) {
        try {
            PacedProducer.run(broker.port(), topic, PacedProducer.RECORD_BYTES, records, pace);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
