package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** What a topic's settings make of the records that are sent to it: refused one by one in a broker's own words, stamped, compressed anew. */
@OnEachBroker
class RefusedRecordsTest {
    private static final String NO_KEY = "Compacted topic cannot accept message without key in topic partition keyed-0";
    private static final String ALL_TOLD =
            "One or more records have been rejected due to 2 record errors in total, and only"
                    + " showing the first three errors at most: [RecordError(batchIndex=1, message='" + NO_KEY
                    + "'), RecordError(batchIndex=2, message='" + NO_KEY + "')]";

    private static final Pattern BOUNDS = Pattern.compile("\\[(\\d+), (\\d+)]");

    private final BrokerProcess broker;
    private final Clients clients;
    private final long nowMs = System.currentTimeMillis();

    RefusedRecordsTest(BrokerProcess broker) {
        this.broker = broker;
        clients = Clients.of(broker);
    }

    @Test
    void recordsWithoutAKeyAreNamedOnACompactedTopic() throws Exception {
        clients.createTopic("keyed", 1, "cleanup.policy", "compact");
        for (CompressionType codec : CompressionType.values()) {
            MemoryRecords records = MemoryRecords.withRecords(
                    Compression.of(codec).build(), record(nowMs, "a"), record(nowMs, null), record(nowMs, null));
            for (int version = codec == CompressionType.ZSTD ? 7 : 3; version <= 12; version++) {
                String told = version < 8 ? "" : " [1: " + NO_KEY + ", 2: " + NO_KEY + "] " + ALL_TOLD;
                assertThat(answer(version, "keyed", records))
                        .as(codec + " " + version)
                        .isEqualTo("INVALID_RECORD" + told);
            }
        }
        assertThat(stored("keyed")).isEmpty();
    }

    @Test
    void recordsOfAnotherTimeAreNamed() throws Exception {
        clients.createTopic(
                "timely", 1, "message.timestamp.before.max.ms", "60000", "message.timestamp.after.max.ms", "120000");
        MemoryRecords records = MemoryRecords.withRecords(
                Compression.lz4().build(),
                record(nowMs - 3_600_000, "old"),
                record(nowMs, "right"),
                record(nowMs + 3_600_000, "new"));

        String answer = answer(12, "timely", records);
        Matcher bounds = BOUNDS.matcher(answer);
        assertThat(bounds.find()).as(answer).isTrue();
        assertThat(Long.parseLong(bounds.group(2)) - Long.parseLong(bounds.group(1)))
                .isEqualTo(180_000);
        String outside = " is out of range. The timestamp should be within " + bounds.group();
        assertThat(answer)
                .isEqualTo(
                        "INVALID_TIMESTAMP [0: Timestamp " + (nowMs - 3_600_000) + " of message with offset 0" + outside
                                + ", 2: Timestamp " + (nowMs + 3_600_000) + " of message with offset 2" + outside
                                + "] One or more records have been rejected due to invalid timestamp");
    }

    @Test
    void theBrokersOwnTimeIsStampedAndTold() throws Exception {
        clients.createTopic("stamped", 1, "message.timestamp.type", "LogAppendTime");
        MemoryRecords records =
                MemoryRecords.withRecords(Compression.gzip().build(), record(5, "a"), record(nowMs + 9_000_000, "b"));
        PartitionProduceResponse answer = produce(8, "stamped", records);

        assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.NONE);
        assertThat(answer.logAppendTimeMs()).isBetween(nowMs, System.currentTimeMillis());
        RecordBatch batch = stored("stamped").getFirst();
        assertThat(batch.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
        assertThat(batch.maxTimestamp()).isEqualTo(answer.logAppendTimeMs());
        assertThat(batch).allSatisfy(record -> assertThat(record.timestamp()).isEqualTo(answer.logAppendTimeMs()));
    }

    @Test
    void aTopicsCodecReplacesTheProducers() throws Exception {
        Map<CompressionType, List<Integer>> levels = Map.of(
                CompressionType.GZIP,
                List.of(1, 9),
                CompressionType.LZ4,
                List.of(1, 17),
                CompressionType.ZSTD,
                List.of(-5, 19));
        MemoryRecords records = MemoryRecords.withRecords(
                Compression.snappy().build(),
                IntStream.range(0, 200)
                        .mapToObj(i -> record(nowMs, "key " + i * i))
                        .toArray(SimpleRecord[]::new));
        for (CompressionType codec : levels.keySet()) {
            List<Integer> sizes = levels.get(codec).stream()
                    .map(level -> sizeAt(codec, level, records))
                    .toList();
            assertThat(sizes.getLast()).as(codec + " " + sizes).isLessThan(sizes.getFirst());
        }
    }

    /** How large the records are that a topic keeps in a codec at a level. */
    private int sizeAt(CompressionType codec, int level, MemoryRecords records) {
        String topic = codec.name + "-at" + level;
        try {
            clients.createTopic(
                    topic, 1, "compression.type", codec.name, "compression." + codec.name + ".level", "" + level);
            assertThat(answer(9, topic, records)).isEqualTo("NONE");
            RecordBatch batch = stored(topic).getFirst();
            assertThat(batch.compressionType()).isEqualTo(codec);
            assertThat(batch.countOrNull()).isEqualTo(200);
            return batch.sizeInBytes();
        } catch (Exception failure) {
            throw new AssertionError(topic, failure);
        }
    }

    @Test
    void aProducerTellsItsUser() throws Exception {
        clients.createTopic("told", 1, "cleanup.policy", "compact", "message.timestamp.before.max.ms", "60000");
        try (KafkaProducer<String, String> producer = clients.producer()) {
            assertThat(failure(producer, new ProducerRecord<>("told", 0, nowMs, null, "value")))
                    .isInstanceOf(InvalidRecordException.class)
                    .hasMessage("Compacted topic cannot accept message without key in topic partition told-0");
            assertThat(failure(producer, new ProducerRecord<>("told", 0, nowMs - 3_600_000, "key", "value")))
                    .isInstanceOf(InvalidTimestampException.class)
                    .hasMessageContaining("is out of range");
        }
    }

    private static Throwable failure(KafkaProducer<String, String> producer, ProducerRecord<String, String> record)
            throws InterruptedException {
        try {
            throw new AssertionError("taken: " + producer.send(record).get());
        } catch (ExecutionException refused) {
            return refused.getCause();
        }
    }

    /** The error, the records that it names and the words for all. */
    private String answer(int version, String topic, MemoryRecords records) throws IOException {
        PartitionProduceResponse answer = produce(version, topic, records);
        assertThat(answer.logAppendTimeMs()).isEqualTo(-1);
        return Errors.forCode(answer.errorCode())
                + (answer.recordErrors().isEmpty()
                        ? ""
                        : " "
                                + answer.recordErrors().stream()
                                        .map(error -> error.batchIndex() + ": " + error.batchIndexErrorMessage())
                                        .toList())
                + (answer.errorMessage() == null ? "" : " " + answer.errorMessage());
    }

    private PartitionProduceResponse produce(int version, String topic, MemoryRecords records) throws IOException {
        ProduceRequestData request =
                new ProduceRequestData().setAcks((short) -1).setTimeoutMs(10_000);
        request.topicData()
                .add(new ProduceRequestData.TopicProduceData()
                        .setName(topic)
                        .setPartitionData(List.of(new ProduceRequestData.PartitionProduceData()
                                .setIndex(0)
                                .setRecords(records))));
        try (RawConnection connection = new RawConnection(broker.port())) {
            return ((ProduceResponseData) connection.ask(ApiKeys.PRODUCE, version, request))
                    .responses()
                    .iterator()
                    .next()
                    .partitionResponses()
                    .getFirst();
        }
    }

    private List<? extends RecordBatch> stored(String topic) throws IOException {
        FetchRequestData request = new FetchRequestData()
                .setReplicaId(-1)
                .setMaxWaitMs(0)
                .setMaxBytes(1 << 20)
                .setSessionEpoch(-1)
                .setTopics(List.of(new FetchRequestData.FetchTopic()
                        .setTopic(topic)
                        .setTopicId(Uuid.ZERO_UUID)
                        .setPartitions(List.of(new FetchRequestData.FetchPartition().setPartitionMaxBytes(1 << 20)))));
        try (RawConnection connection = new RawConnection(broker.port())) {
            FetchResponseData answer = (FetchResponseData) connection.ask(ApiKeys.FETCH, 12, request);
            MemoryRecords records = (MemoryRecords)
                    answer.responses().getFirst().partitions().getFirst().records();
            return StreamSupport.stream(records.batches().spliterator(), false).toList();
        }
    }

    private static SimpleRecord record(long timestampMs, String key) {
        return new SimpleRecord(
                timestampMs,
                key == null ? null : key.getBytes(StandardCharsets.UTF_8),
                "value".getBytes(StandardCharsets.UTF_8));
    }
}
