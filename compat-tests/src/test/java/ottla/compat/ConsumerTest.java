package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.junit.jupiter.api.Test;

/** The Java consumer, alone on partitions that it chose. */
@OnEachBroker
class ConsumerTest {
    private final Clients clients;

    ConsumerTest(BrokerProcess broker) {
        clients = Clients.of(broker);
    }

    @Test
    void aPositionIsSoughtAnywhere() throws Exception {
        TopicPartition partition = filled("sought", 100);
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            consumer.assign(List.of(partition));

            consumer.seek(partition, 70);
            assertThat(Clients.poll(consumer, 1).getFirst().value()).isEqualTo("70");

            consumer.seekToBeginning(List.of(partition));
            assertThat(Clients.poll(consumer, 1).getFirst().value()).isEqualTo("0");

            consumer.seekToEnd(List.of(partition));
            assertThat(consumer.position(partition)).isEqualTo(100);
            assertThat(consumer.poll(Duration.ofMillis(50)).isEmpty()).isTrue();
        }
    }

    @Test
    void smallFetchesReadEverythingInOrder() throws Exception {
        TopicPartition partition = filled("nibbled", 1000);
        try (KafkaConsumer<String, String> consumer = clients.consumer(
                "max.partition.fetch.bytes", "500", "fetch.max.bytes", "700", "max.poll.records", "17")) {
            consumer.assign(List.of(partition));

            List<ConsumerRecord<String, String>> records = Clients.poll(consumer, 1000);

            for (int i = 0; i < 1000; i++) {
                assertThat(records.get(i).offset()).isEqualTo(i);
                assertThat(records.get(i).value()).isEqualTo(String.valueOf(i));
            }
        }
    }

    @Test
    void aWaitingConsumerSeesANewRecord() throws Exception {
        TopicPartition partition = filled("awaited", 0);
        try (KafkaConsumer<String, String> consumer =
                        clients.consumer("fetch.min.bytes", "1", "fetch.max.wait.ms", "20000");
                KafkaProducer<String, String> producer = clients.producer()) {
            consumer.assign(List.of(partition));
            assertThat(consumer.position(partition)).isZero();
            consumer.poll(Duration.ZERO);
            long startNs = System.nanoTime();

            producer.send(new ProducerRecord<>("awaited", "here")).get();

            assertThat(Clients.poll(consumer, 1).getFirst().value()).isEqualTo("here");
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(15));
        }
    }

    @Test
    void offsetsAreFoundByTime() throws Exception {
        clients.createTopic("dated", 2);
        TopicPartition dated = new TopicPartition("dated", 0);
        TopicPartition empty = new TopicPartition("dated", 1);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            for (long timeMs = 1000; timeMs <= 5000; timeMs += 1000) {
                producer.send(new ProducerRecord<>("dated", 0, timeMs, "k", "v"))
                        .get();
            }
        }
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            Map<TopicPartition, OffsetAndTimestamp> found =
                    consumer.offsetsForTimes(Map.of(dated, 2500L, empty, 2500L));

            assertThat(found.get(dated).offset()).isEqualTo(2);
            assertThat(found.get(dated).timestamp()).isEqualTo(3000);
            assertThat(found.get(empty)).isNull();
            assertThat(consumer.offsetsForTimes(Map.of(dated, 6000L)).get(dated))
                    .isNull();
            assertThat(consumer.beginningOffsets(List.of(dated, empty)))
                    .containsOnly(Map.entry(dated, 0L), Map.entry(empty, 0L));
            assertThat(consumer.endOffsets(List.of(dated, empty)))
                    .containsOnly(Map.entry(dated, 5L), Map.entry(empty, 0L));
        }
    }

    @Test
    void committedOffsetsOutliveTheConsumer() throws Exception {
        TopicPartition partition = filled("committed", 10);
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "committed-group")) {
            consumer.assign(List.of(partition));
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(4, "a note")));
        }
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", "committed-group")) {
            consumer.assign(List.of(partition));

            OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);

            assertThat(committed.offset()).isEqualTo(4);
            assertThat(committed.metadata()).isEqualTo("a note");
            assertThat(Clients.poll(consumer, 1).getFirst().value()).isEqualTo("4");
        }
    }

    @Test
    void theResetPolicyDecidesWithoutACommittedOffset() throws Exception {
        TopicPartition partition = filled("reset", 10);
        try (KafkaConsumer<String, String> latest =
                clients.consumer("group.id", "reset-latest", "auto.offset.reset", "latest")) {
            latest.assign(List.of(partition));
            assertThat(latest.position(partition)).isEqualTo(10);
        }
        try (KafkaConsumer<String, String> earliest = clients.consumer("group.id", "reset-earliest")) {
            earliest.assign(List.of(partition));
            assertThat(earliest.position(partition)).isZero();
        }
        try (KafkaConsumer<String, String> none =
                clients.consumer("group.id", "reset-none", "auto.offset.reset", "none")) {
            none.assign(List.of(partition));
            assertThatThrownBy(() -> none.position(partition)).isInstanceOf(NoOffsetForPartitionException.class);
        }
    }

    @Test
    void aPositionOutOfRangeIsReset() throws Exception {
        TopicPartition partition = filled("overshot", 10);
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 1000);

            assertThat(Clients.poll(consumer, 10).getFirst().value()).isEqualTo("0");
        }
    }

    @Test
    void threeMembersShareAndLeaveAgain() throws Exception {
        clients.createTopic("rebalanced", 6);
        try (KafkaConsumer<String, String> first = clients.consumer("group.id", "trio", "client.id", "first");
                KafkaConsumer<String, String> second = clients.consumer("group.id", "trio", "client.id", "second")) {
            first.subscribe(List.of("rebalanced"));
            awaitShares(6, first);
            second.subscribe(List.of("rebalanced"));
            awaitShares(3, first, second);
            KafkaConsumer<String, String> third = clients.consumer("group.id", "trio", "client.id", "third");
            third.subscribe(List.of("rebalanced"));
            awaitShares(2, first, second, third);
            first.commitSync();

            third.close(CloseOptions.timeout(Duration.ofSeconds(10)));

            awaitShares(3, first, second);
        }
    }

    @Test
    void theCooperativeProtocolMovesOnlyWhatMustMove() throws Exception {
        clients.createTopic("cooperative", 4);
        String[] settings = {
            "group.id", "cooperative-group",
            "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
        };
        try (KafkaConsumer<String, String> first = clients.consumer(settings);
                KafkaConsumer<String, String> second = clients.consumer(settings)) {
            first.subscribe(List.of("cooperative"));
            awaitShares(4, first);
            Set<TopicPartition> before = first.assignment();
            second.subscribe(List.of("cooperative"));

            awaitShares(2, first, second);

            assertThat(before).containsAll(first.assignment());
        }
    }

    @Test
    void aStaticMemberKeepsItsPartitionsThroughARestart() throws Exception {
        clients.createTopic("static", 4);
        try (KafkaConsumer<String, String> other = member("static", "other")) {
            KafkaConsumer<String, String> same = member("static", "same");
            awaitShares(2, other, same);
            Set<TopicPartition> before = same.assignment();
            int generation = other.groupMetadata().generationId();
            same.close(CloseOptions.timeout(Duration.ofSeconds(10)));

            try (KafkaConsumer<String, String> again = member("static", "same")) {
                awaitShares(2, other, again);

                assertThat(again.assignment()).isEqualTo(before);
                assertThat(other.groupMetadata().generationId()).isEqualTo(generation);
            }
        }
    }

    @Test
    void aSecondHolderOfAStaticIdentityFencesTheFirst() throws Exception {
        clients.createTopic("twins", 4);
        try (KafkaConsumer<String, String> first = member("twins", "twin")) {
            awaitShares(4, first);
            try (KafkaConsumer<String, String> second = member("twins", "twin")) {
                second.poll(Duration.ofMillis(100));

                assertThatThrownBy(() -> Clients.poll(first, 1)).isInstanceOf(FencedInstanceIdException.class);

                awaitShares(4, second);
            }
        }
    }

    private KafkaConsumer<String, String> member(String topic, String instance) {
        KafkaConsumer<String, String> consumer =
                clients.consumer("group.id", topic + "-group", "group.instance.id", instance);
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    /** A topic of one partition that holds the numbers from 0 on. */
    private TopicPartition filled(String topic, int count) throws Exception {
        clients.createTopic(topic, 1);
        try (KafkaProducer<String, String> producer = clients.producer("batch.size", "100")) {
            Clients.deliver(
                    producer, IntStream.range(0, count).mapToObj(i -> new ProducerRecord<>(topic, String.valueOf(i))));
        }
        return new TopicPartition(topic, 0);
    }

    @SafeVarargs
    private static void awaitShares(int each, KafkaConsumer<String, String>... members) {
        Waiting.until("every member has " + each + " partitions", () -> {
            boolean shared = true;
            for (KafkaConsumer<String, String> member : members) {
                member.poll(Duration.ofMillis(20));
                shared &= member.assignment().size() == each;
            }
            return shared;
        });
    }
}
