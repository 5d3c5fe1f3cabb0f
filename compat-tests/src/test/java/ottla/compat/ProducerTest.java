package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Java producer in every mode in which it speaks to a broker. */
@OnEachBroker
class ProducerTest {
    private final Clients clients;

    ProducerTest(BrokerProcess broker) {
        clients = Clients.of(broker);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "all"})
    void recordsArriveInOrderWithEveryAcks(String acks) throws Exception {
        String topic = "acks-" + acks;
        clients.createTopic(topic, 1);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer =
                clients.producer("acks", acks, "enable.idempotence", "false", "batch.size", "200")) {
            for (int i = 0; i < 500; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, "key", "value " + i)));
            }
        }

        for (int i = 0; i < 500; i++) {
            assertThat(sent.get(i).get().offset()).isEqualTo(acks.equals("0") ? -1 : i);
        }
        List<ConsumerRecord<String, String>> records = clients.readAll(500, new TopicPartition(topic, 0));
        for (int i = 0; i < 500; i++) {
            assertThat(records.get(i).offset()).isEqualTo(i);
            assertThat(records.get(i).value()).isEqualTo("value " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCodecIsReadBack(String codec) throws Exception {
        String topic = "codec-" + codec;
        clients.createTopic(topic, 1);
        try (KafkaProducer<String, String> producer = clients.producer("compression.type", codec, "linger.ms", "50")) {
            Clients.deliver(
                    producer,
                    IntStream.range(0, 1000)
                            .mapToObj(i -> new ProducerRecord<>(topic, "k" + i, ("word " + i + " ").repeat(20))));
        }

        List<ConsumerRecord<String, String>> records = clients.readAll(1000, new TopicPartition(topic, 0));

        for (int i = 0; i < 1000; i++) {
            assertThat(records.get(i).key()).isEqualTo("k" + i);
            assertThat(records.get(i).value()).isEqualTo(("word " + i + " ").repeat(20));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"uncompressed", "gzip", "snappy", "lz4", "zstd"})
    void aTopicRecompressesWhenItSaysSo(String codec) throws Exception {
        String topic = "recompressed-" + codec;
        clients.createTopic(topic, 1, "compression.type", codec);
        try (KafkaProducer<String, String> producer = clients.producer("compression.type", "lz4", "linger.ms", "50")) {
            Clients.deliver(
                    producer,
                    IntStream.range(0, 100)
                            .mapToObj(i -> new ProducerRecord<>(topic, "k" + i, ("word " + i + " ").repeat(20))));
        }

        List<ConsumerRecord<String, String>> records = clients.readAll(100, new TopicPartition(topic, 0));

        for (int i = 0; i < 100; i++) {
            assertThat(records.get(i).offset()).isEqualTo(i);
            assertThat(records.get(i).key()).isEqualTo("k" + i);
            assertThat(records.get(i).value()).isEqualTo(("word " + i + " ").repeat(20));
        }
    }

    @Test
    void nullsHeadersTimesAndPartitionsAreKept() throws Exception {
        clients.createTopic("kept", 2);
        try (KafkaProducer<String, String> producer = clients.producer()) {
            ProducerRecord<String, String> full = new ProducerRecord<>("kept", 1, 1_600_000_000_000L, "key", "value");
            full.headers()
                    .add("text", "first".getBytes(StandardCharsets.UTF_8))
                    .add("text", "second".getBytes(StandardCharsets.UTF_8))
                    .add(new RecordHeader("empty", new byte[0]));
            producer.send(full).get();
            producer.send(new ProducerRecord<>("kept", 1, null, "no key")).get();
            producer.send(new ProducerRecord<>("kept", 1, "no value", null)).get();
            producer.send(new ProducerRecord<>("kept", 1, "", "")).get();
        }

        List<ConsumerRecord<String, String>> records = clients.readAll(4, new TopicPartition("kept", 1));

        ConsumerRecord<String, String> first = records.get(0);
        assertThat(first.timestamp()).isEqualTo(1_600_000_000_000L);
        assertThat(first.timestampType()).isEqualTo(TimestampType.CREATE_TIME);
        assertThat(first.leaderEpoch()).contains(0);
        assertThat(first.headers())
                .extracting(header -> header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8))
                .containsExactly("text=first", "text=second", "empty=");
        assertThat(records.get(1).key()).isNull();
        assertThat(records.get(2).value()).isNull();
        assertThat(records.get(3).key()).isEmpty();
    }

    @Test
    void theBrokerStampsRecordsOfALogAppendTimeTopic() throws Exception {
        clients.createTopic("stamped", 1, "message.timestamp.type", "LogAppendTime");
        long beforeMs = System.currentTimeMillis();
        RecordMetadata answered;
        try (KafkaProducer<String, String> producer = clients.producer("compression.type", "gzip")) {
            answered = producer.send(new ProducerRecord<>("stamped", 0, 1_000L, "key", "value"))
                    .get();
        }

        ConsumerRecord<String, String> record =
                clients.readAll(1, new TopicPartition("stamped", 0)).getFirst();

        assertThat(record.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
        assertThat(record.timestamp())
                .isBetween(beforeMs, System.currentTimeMillis())
                .isEqualTo(answered.timestamp());
    }

    @Test
    void anIdempotentProducerWritesEachRecordOnce() throws Exception {
        clients.createTopic("idempotent", 3);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = clients.producer(
                "enable.idempotence", "true", "max.in.flight.requests.per.connection", "5", "batch.size", "300")) {
            for (int i = 0; i < 3000; i++) {
                sent.add(producer.send(new ProducerRecord<>("idempotent", i % 3, "key", String.valueOf(i))));
            }
        }

        for (int i = 0; i < 3000; i++) {
            assertThat(sent.get(i).get().offset()).isEqualTo(i / 3);
        }
        for (int partition = 0; partition < 3; partition++) {
            List<ConsumerRecord<String, String>> records =
                    clients.readAll(1000, new TopicPartition("idempotent", partition));
            for (int i = 0; i < 1000; i++) {
                assertThat(records.get(i).value()).isEqualTo(String.valueOf(i * 3 + partition));
            }
        }
    }

    @Test
    void whatIsTooLargeOrTooFarAheadIsRefused() throws Exception {
        clients.createTopic("narrow", 1, "max.message.bytes", "1000", "message.timestamp.after.max.ms", "1000");
        try (KafkaProducer<String, String> producer = clients.producer()) {
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("narrow", "k", "x".repeat(2000)))
                            .get())
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(RecordTooLargeException.class);
            long inAnHourMs = System.currentTimeMillis() + 3_600_000;
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("narrow", 0, inAnHourMs, "k", "v"))
                            .get())
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InvalidTimestampException.class);
            assertThat(producer.send(new ProducerRecord<>("narrow", "k", "fits"))
                            .get()
                            .offset())
                    .isZero();
        }
    }

    @Test
    void aLargeRecordGoesThrough() throws Exception {
        clients.createTopic("wide", 1, "max.message.bytes", "10000000");
        String large = String.join("", Collections.nCopies(500_000, "0123456789"));
        try (KafkaProducer<String, String> producer =
                clients.producer("max.request.size", "10000000", "buffer.memory", "40000000")) {
            producer.send(new ProducerRecord<>("wide", "small")).get();
            producer.send(new ProducerRecord<>("wide", large)).get();
        }

        List<ConsumerRecord<String, String>> records = clients.readAll(2, new TopicPartition("wide", 0));

        assertThat(records.get(1).value()).isEqualTo(large);
    }

    @Test
    void anUnknownTopicIsCreated() throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer()) {
            assertThat(producer.send(new ProducerRecord<>("made-by-producing", "v"))
                            .get()
                            .partition())
                    .isZero();
        }
    }
}
