package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes numbers, each larger than the one before, into all partitions of a topic with one idempotent producer and acks=all, all the
 * time, and remembers where each was acknowledged. Runs on a thread of its own until {@link #close}.
 */
final class RecordStream implements AutoCloseable {
    /** So many records may be sent and not acknowledged. */
    private static final int IN_FLIGHT = 200;

    private final Clients clients;
    private final List<TopicPartition> partitions;
    private final Map<TopicPartition, SortedMap<Long, Integer>> acknowledged = new ConcurrentHashMap<>();
    private final Map<TopicPartition, AtomicInteger> counts = new HashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final Pauses pauses = new Pauses();
    private final long betweenNs;
    private final Semaphore room = new Semaphore(IN_FLIGHT);
    private final Thread thread = new Thread(this::run, "records");
    private volatile boolean ending;
    private volatile Exception failure;

    RecordStream(Clients clients, String topic, int partitionCount) {
        this(clients, topic, partitionCount, 0);
    }

    private RecordStream(Clients clients, String topic, int partitionCount, long betweenNs) {
        this.clients = clients;
        this.betweenNs = betweenNs;
        partitions = IntStream.range(0, partitionCount)
                .mapToObj(index -> new TopicPartition(topic, index))
                .toList();
        partitions.forEach(partition -> {
            acknowledged.put(partition, new ConcurrentSkipListMap<>());
            counts.put(partition, new AtomicInteger());
        });
        thread.start();
    }

    /** A stream of at most so many records a second, which leaves something of the processors to others. */
    static RecordStream paced(Clients clients, String topic, int partitionCount, int recordsPerSecond) {
        return new RecordStream(clients, topic, partitionCount, TimeUnit.SECONDS.toNanos(1) / recordsPerSecond);
    }

    private void run() {
        try (KafkaProducer<String, String> producer =
                clients.producer("linger.ms", "0", "delivery.timeout.ms", "120000")) {
            for (int i = 0; !ending && failure == null; i++) {
                int number = i;
                TopicPartition partition = partitions.get(i % partitions.size());
                LockSupport.parkNanos(betweenNs);
                room.acquire();
                var unused = producer.send(
                        new ProducerRecord<>(partition.topic(), partition.partition(), "key", String.valueOf(number)),
                        (metadata, refusal) -> {
                            if (refusal == null) {
                                acknowledged.get(partition).put(metadata.offset(), number);
                                pauses.acknowledged(partition);
                                counts.get(partition).incrementAndGet();
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

    /** The longest time that went by without an acknowledgement of any one partition. */
    private static final class Pauses {
        private final Map<TopicPartition, Long> lastNs = new HashMap<>();
        private long longestNs;

        synchronized void acknowledged(TopicPartition partition) {
            long nowNs = System.nanoTime();
            Long before = lastNs.put(partition, nowNs);
            if (before != null) {
                longestNs = Math.max(longestNs, nowNs - before);
            }
        }

        synchronized long takeLongestNs() {
            long longest = longestNs;
            longestNs = 0;
            return longest;
        }
    }

    /** The longest time that any one partition was without an acknowledgement, of the pauses that ended since the last call. */
    long takeLongestPauseMs() {
        return TimeUnit.NANOSECONDS.toMillis(pauses.takeLongestNs());
    }

    /** What stands where, of all that was acknowledged; complete when the stream has ended. */
    Map<TopicPartition, SortedMap<Long, Integer>> acknowledged() {
        return acknowledged;
    }

    /** Returns when so many more records are acknowledged than now. */
    void awaitMore(int records) {
        int wanted = count.get() + records;
        Waiting.until(wanted + " records are acknowledged", () -> {
            assertThat(failure).isNull();
            return count.get() >= wanted;
        });
    }

    /** Returns when of each partition so many more records are acknowledged than now. */
    void awaitMoreOfEach(int records) {
        Map<TopicPartition, Integer> wanted = new HashMap<>();
        counts.forEach((partition, now) -> wanted.put(partition, now.get() + records));
        Waiting.until(records + " more records of each partition are acknowledged", () -> {
            assertThat(failure).isNull();
            return wanted.entrySet().stream()
                    .allMatch(one -> counts.get(one.getKey()).get() >= one.getValue());
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
        List<ConsumerRecord<String, String>> all = clients.readAll(expected, partitions.toArray(TopicPartition[]::new));
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
