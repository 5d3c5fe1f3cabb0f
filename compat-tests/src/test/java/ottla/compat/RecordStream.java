package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes numbers, each larger than the one before, into all partitions of a topic with one idempotent producer and acks=all, without a
 * pause, and remembers where each was acknowledged. Runs on a thread of its own until {@link #close}.
 */
final class RecordStream implements AutoCloseable {
    /** So many records may be sent and not acknowledged. */
    private static final int IN_FLIGHT = 200;

    private final Cluster cluster;
    private final List<TopicPartition> partitions;
    private final Map<TopicPartition, SortedMap<Long, Integer>> acknowledged = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final Semaphore room = new Semaphore(IN_FLIGHT);
    private final Thread thread = new Thread(this::run, "records");
    private volatile boolean ending;
    private volatile Exception failure;

    RecordStream(Cluster cluster, String topic, int partitionCount) {
        this.cluster = cluster;
        partitions = IntStream.range(0, partitionCount)
                .mapToObj(index -> new TopicPartition(topic, index))
                .toList();
        partitions.forEach(partition -> acknowledged.put(partition, new ConcurrentSkipListMap<>()));
        thread.start();
    }

    private void run() {
        try (KafkaProducer<String, String> producer =
                new Clients(cluster.bootstrap()).producer("linger.ms", "0", "delivery.timeout.ms", "120000")) {
            for (int i = 0; !ending && failure == null; i++) {
                int number = i;
                TopicPartition partition = partitions.get(i % partitions.size());
                room.acquire();
                var unused = producer.send(
                        new ProducerRecord<>(partition.topic(), partition.partition(), "key", String.valueOf(number)),
                        (metadata, refusal) -> {
                            if (refusal == null) {
                                acknowledged.get(partition).put(metadata.offset(), number);
                                count.incrementAndGet();
                            } else {
                                failure = refusal;
                            }
                            room.release();
                        });
            }
            producer.flush();
        } catch (InterruptedException e) {
            failure = e;
        }
    }

    /** Returns when so many more records are acknowledged than now. */
    void awaitMore(int records) {
        int wanted = count.get() + records;
        Waiting.until(wanted + " records are acknowledged", () -> {
            assertThat(failure).isNull();
            return count.get() >= wanted;
        });
    }

    /**
     * Ends the stream, and asserts that consumers find every record that was acknowledged at the place that was told, all numbers of a
     * partition in the order in which they were sent, and none of them twice.
     */
    void assertNothingLost() {
        close();
        assertThat(failure).isNull();
        int expected = count.get();
        List<ConsumerRecord<String, String>> all =
                new Clients(cluster.bootstrap()).readAll(expected, partitions.toArray(TopicPartition[]::new));
        for (TopicPartition partition : partitions) {
            List<Integer> numbers = new ArrayList<>();
            SortedMap<Long, Integer> found = new ConcurrentSkipListMap<>();
            for (ConsumerRecord<String, String> record : all) {
                if (record.partition() == partition.partition()) {
                    numbers.add(Integer.parseInt(record.value()));
                    found.put(record.offset(), Integer.parseInt(record.value()));
                }
            }
            assertThat(numbers).as("%s in order", partition).isSorted().doesNotHaveDuplicates();
            assertThat(found).as("what is at each offset of %s", partition).isEqualTo(acknowledged.get(partition));
        }
    }

    @Override
    public void close() {
        ending = true;
        try {
            thread.join(Waiting.DEADLINE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
