package ottla.compat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's own Java clients, pointed at one broker, with their defaults or with settings that all of them share. Settings are given as
 * alternating keys and values.
 */
public record Clients(String bootstrap, Map<String, String> shared) {
    public Clients(String bootstrap) {
        this(bootstrap, Map.of());
    }

    public static Clients of(BrokerProcess broker) {
        return new Clients(broker.bootstrap());
    }

    KafkaProducer<String, String> producer(String... settings) {
        return new KafkaProducer<>(with(settings), new StringSerializer(), new StringSerializer());
    }

    public <T> KafkaProducer<T, T> producer(Serializer<T> serializer, String... settings) {
        return new KafkaProducer<>(with(settings), serializer, serializer);
    }

    /** A consumer that begins with the oldest record and commits only when told. */
    public KafkaConsumer<String, String> consumer(String... settings) {
        Map<String, Object> all = new HashMap<>();
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        // a member learns of a rebalance by its heartbeat: the default of 3 s would be most of the time of these tests
        all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "300");
        all.putAll(with(settings));
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    public Admin admin(String... settings) {
        return Admin.create(with(settings));
    }

    /** Creates a topic and waits until the broker leads it. */
    public void createTopic(String topic, int partitions, String... configs) throws Exception {
        Map<String, String> settings = new HashMap<>();
        for (int i = 0; i < configs.length; i += 2) {
            settings.put(configs[i], configs[i + 1]);
        }
        try (Admin admin = admin()) {
            NewTopic wanted = new NewTopic(topic, Optional.of(partitions), Optional.empty()).configs(settings);
            admin.createTopics(List.of(wanted)).all().get();
            Map<TopicPartition, OffsetSpec> all = IntStream.range(0, partitions)
                    .boxed()
                    .collect(Collectors.toMap(i -> new TopicPartition(topic, i), i -> OffsetSpec.latest()));
            // the controller has answered: brokers learn of the topic after that
            Waiting.until(topic + " is led", () -> {
                try {
                    return !admin.listOffsets(all).all().get().isEmpty();
                } catch (ExecutionException refused) {
                    if (refused.getCause() instanceof UnknownTopicOrPartitionException) {
                        return false;
                    }
                    throw refused;
                }
            });
        }
    }

    /** Waits until every partition of a topic has so many replicas in sync. */
    static void awaitInSync(Admin admin, String topic, int replicas) {
        Waiting.value(
                replicas + " replicas of " + topic + " are in sync",
                () -> admin.describeTopics(List.of(topic))
                        .allTopicNames()
                        .get()
                        .get(topic)
                        .partitions(),
                partitions -> partitions.stream()
                        .allMatch(partition -> partition.isr().size() == replicas));
    }

    /** The newest value of each key that a partition has up to an offset, where it must end. */
    Map<String, String> newest(TopicPartition partition, long endOffset) {
        Map<String, String> newest = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = consumer("isolation.level", "read_committed")) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Waiting.until("all of " + partition + " is read", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> newest.put(record.key(), record.value()));
                return consumer.position(partition) == endOffset;
            });
        }
        return newest;
    }

    /** All records of some partitions, read from the oldest on; there must be exactly so many. */
    List<ConsumerRecord<String, String>> readAll(int count, TopicPartition... partitions) {
        try (KafkaConsumer<String, String> consumer = consumer()) {
            consumer.assign(List.of(partitions));
            List<ConsumerRecord<String, String>> records = poll(consumer, count);
            Map<TopicPartition, Long> ends = consumer.endOffsets(List.of(partitions));
            ends.forEach((partition, end) -> {
                if (consumer.position(partition) != end) {
                    throw new AssertionError(
                            partition + " has " + end + " records, more than the " + count + " expected");
                }
            });
            return records;
        }
    }

    /** Polls until so many records came. */
    static <K, V> List<ConsumerRecord<K, V>> poll(KafkaConsumer<K, V> consumer, int count) {
        List<ConsumerRecord<K, V>> records = new ArrayList<>();
        long deadlineNs = System.nanoTime() + Waiting.DEADLINE.toNanos();
        while (records.size() < count) {
            if (System.nanoTime() > deadlineNs) {
                throw new AssertionError("only " + records.size() + " of " + count + " records came: " + records);
            }
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
        }
        return records;
    }

    /** Sends all and waits until each is acknowledged. */
    static void deliver(KafkaProducer<String, String> producer, Stream<ProducerRecord<String, String>> records)
            throws Exception {
        List<Future<RecordMetadata>> sent = records.map(producer::send).toList();
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    /** The exception that an operation of the admin client ends with. */
    static Throwable failure(KafkaFuture<?> future) throws InterruptedException {
        try {
            Object value = future.get();
            throw new AssertionError("it succeeded with " + value);
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private Map<String, Object> with(String... settings) {
        Map<String, Object> all = new HashMap<>();
        all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        all.putAll(shared);
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return all;
    }
}
