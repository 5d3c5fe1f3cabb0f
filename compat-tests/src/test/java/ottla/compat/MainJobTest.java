package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/**
 * What people do with a broker, at a size that is felt: a million words of real text go through a topic, a group that changes
 * while it reads takes each exactly once, and a broker that is killed has lost neither a record nor a committed offset.
 */
@OnEachBroker
class MainJobTest {
    private static final int RECORDS = 1_000_000;
    private static final int PARTITIONS = 6;
    private static final String TOPIC = "words";
    private static final String GROUP = "readers";

    /** When the third member joins and leaves, counted in records that all members have read. */
    private static final int JOIN_AT = 200_000;

    private static final int LEAVE_AT = 500_000;

    private final BrokerProcess broker;
    private final Clients clients;

    MainJobTest(BrokerProcess broker) {
        this.broker = broker;
        clients = Clients.of(broker);
    }

    @Test
    void aMillionWordsAreReadOnceInOrderAndOutliveAKill() throws Exception {
        clients.createTopic(TOPIC, PARTITIONS);
        produce(RealText.places(), 0, RECORDS);

        Tally tally = new Tally(RECORDS);
        try (Members members = new Members(tally)) {
            members.start("first");
            members.start("second");
            tally.await(JOIN_AT);
            members.start("third");
            members.awaitShare("third");
            tally.await(LEAVE_AT);
            members.stop("third");
            tally.await(RECORDS);
        }
        tally.assertComplete();
        Map<TopicPartition, Long> ends = endOffsets();
        assertThat(ends.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(RECORDS);
        assertThat(committed()).isEqualTo(ends);

        broker.kill();
        broker.restart();

        assertThat(endOffsets()).isEqualTo(ends);
        assertThat(Waiting.value("the group's coordinator answers", this::committed, found -> true))
                .isEqualTo(ends);
        assertAllThere(RECORDS);
    }

    @Test
    void whatWasAcknowledgedBeforeAKillIsThere() throws Exception {
        clients.createTopic("interrupted", PARTITIONS);
        AtomicLong acknowledged = new AtomicLong();
        Map<TopicPartition, Long> lastOffsets = new ConcurrentHashMap<>();
        KafkaProducer<String, String> producer = clients.producer("acks", "all", "delivery.timeout.ms", "120000");
        AtomicReference<Exception> failure = new AtomicReference<>();
        int count = 200_000;
        Thread sending = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < count; i++) {
                var unused = producer.send(
                        new ProducerRecord<>("interrupted", "k" + i % 1000, String.valueOf(i)), (metadata, refused) -> {
                            if (refused == null) {
                                acknowledged.incrementAndGet();
                                lastOffsets.merge(
                                        new TopicPartition(metadata.topic(), metadata.partition()),
                                        metadata.offset(),
                                        Math::max);
                            } else {
                                failure.set(refused);
                            }
                        });
            }
        });
        Waiting.until("some records are acknowledged", () -> acknowledged.get() > 20_000);

        broker.kill();
        Map<TopicPartition, Long> acknowledgedOffsets = Map.copyOf(lastOffsets);
        broker.restart();
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            Map<TopicPartition, Long> ends = consumer.endOffsets(acknowledgedOffsets.keySet());
            acknowledgedOffsets.forEach((partition, last) -> assertThat(ends.get(partition))
                    .as("%s ends behind the last acknowledged offset", partition)
                    .isGreaterThan(last));
        }

        sending.join();
        producer.close();
        assertThat(failure.get()).isNull();
        assertThat(acknowledged.get()).isEqualTo(count);
        TopicPartition[] all = IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition("interrupted", partition))
                .toArray(TopicPartition[]::new);
        BitSet read = new BitSet(count);
        for (ConsumerRecord<String, String> record : clients.readAll(count, all)) {
            read.set(Integer.parseInt(record.value()));
        }
        assertThat(read.cardinality())
                .as("an idempotent producer retries without loss or repetition")
                .isEqualTo(count);
    }

    /** Each record is a word, and says which in the order of the text it is and in which line it stands. */
    private void produce(List<RealText.Place> text, int first, int end) throws Exception {
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (KafkaProducer<String, String> producer =
                clients.producer("compression.type", "lz4", "linger.ms", "20", "batch.size", "65536")) {
            for (int i = first; i < end; i++) {
                RealText.Place place = text.get(i % text.size());
                var unused = producer.send(
                        new ProducerRecord<>(TOPIC, place.word(), i + " " + place.line()), (metadata, refused) -> {
                            if (refused != null) {
                                failure.set(refused);
                            }
                        });
            }
        }
        assertThat(failure.get()).isNull();
    }

    private Map<TopicPartition, Long> endOffsets() {
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            return consumer.endOffsets(partitions());
        }
    }

    private Map<TopicPartition, Long> committed() {
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", GROUP)) {
            Map<TopicPartition, OffsetAndMetadata> found = consumer.committed(partitions());
            Map<TopicPartition, Long> offsets = new HashMap<>();
            found.forEach((partition, offset) -> offsets.put(partition, offset.offset()));
            return offsets;
        }
    }

    private void assertAllThere(int count) {
        Tally tally = new Tally(count);
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            consumer.assign(partitions());
            Waiting.until("every record is read again", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(tally::add);
                return tally.size() >= count;
            });
        }
        tally.assertComplete();
    }

    private static Set<TopicPartition> partitions() {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(TOPIC, partition))
                .collect(Collectors.toSet());
    }

    /** What was read: every number once, and the numbers of each key in rising order. Shared by the members' threads. */
    private static final class Tally {
        private final BitSet seen;
        private final int count;
        private final Map<String, Integer> lastOfKey = new HashMap<>();
        private final List<String> mistakes = new ArrayList<>();
        private int size;

        Tally(int count) {
            this.count = count;
            seen = new BitSet(count);
        }

        synchronized void add(ConsumerRecord<String, String> record) {
            int number =
                    Integer.parseInt(record.value().substring(0, record.value().indexOf(' ')));
            if (seen.get(number)) {
                mistakes.add(number + " came twice");
            } else {
                seen.set(number);
                size++;
            }
            Integer last = lastOfKey.put(record.key(), number);
            if (last != null && last > number) {
                mistakes.add(number + " came after " + last + ", both of key " + record.key());
            }
        }

        synchronized int size() {
            return size;
        }

        void await(int records) {
            Waiting.until(records + " records are read", () -> size() >= records);
        }

        synchronized void assertComplete() {
            assertThat(mistakes).isEmpty();
            assertThat(seen.cardinality()).isEqualTo(count);
        }
    }

    /** The members of the group, each with a thread of its own. Each commits what it has read before it gives a partition away. */
    private final class Members implements AutoCloseable {
        private final Tally tally;
        private final Map<String, Member> members = new HashMap<>();

        Members(Tally tally) {
            this.tally = tally;
        }

        void start(String name) {
            Member member = new Member(name);
            members.put(name, member);
            member.thread.start();
        }

        void awaitShare(String name) {
            Waiting.until(name + " has partitions", () -> members.get(name).partitionCount > 0);
        }

        void stop(String name) {
            Member member = members.remove(name);
            member.ended = true;
            try {
                member.thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while member " + name + " ends", e);
            }
            if (member.failure != null) {
                throw new AssertionError("member " + name + " failed", member.failure);
            }
        }

        @Override
        public void close() {
            for (String name : List.copyOf(members.keySet())) {
                stop(name);
            }
        }

        private final class Member {
            private final Thread thread;
            private volatile boolean ended;
            private volatile int partitionCount;
            private volatile RuntimeException failure;

            Member(String name) {
                thread = new Thread(() -> read(name), name);
            }

            private void read(String name) {
                // small enough portions that the third member finds something left to read
                try (KafkaConsumer<String, String> consumer =
                        clients.consumer("group.id", GROUP, "client.id", name, "max.poll.records", "2000")) {
                    consumer.subscribe(List.of(TOPIC));
                    while (!ended) {
                        consumer.poll(Duration.ofMillis(100)).forEach(tally::add);
                        partitionCount = consumer.assignment().size();
                        consumer.commitSync();
                    }
                } catch (RuntimeException e) {
                    failure = e;
                }
            }
        }
    }
}
