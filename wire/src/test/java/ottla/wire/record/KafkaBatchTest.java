package ottla.wire.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.wire.compress.Codec;

/** The same content written here and by Kafka, read here and by Kafka. */
final class KafkaBatchTest {
    private static final int MAX_BYTES = 16 << 20;
    private static final int SAMPLES = 400;

    @Test
    void aLargeBatchIsCompressedAsItComesAndReadByKafka() {
        Random random = new Random(9);
        for (Codec codec : Codec.ALL) {
            BatchWriter writer = BatchWriter.at(5).compressedWith(codec).producer(3, (short) 1, 9);
            List<RecordView> records = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                byte[] value = new byte[100_000];
                random.nextBytes(value);
                Arrays.fill(value, 30_000, 100_000, (byte) i);
                records.add(new RecordView(5 + i, i, 9 + i, null, ByteBuffer.wrap(value), List.of()));
                writer.append(i, null, ByteBuffer.wrap(value));
                assertThat(writer.leastBytes()).isLessThanOrEqualTo(writer.sizeBytes());
            }
            assertThat(writer.leastBytes()).isGreaterThan(500_000);
            ByteBuffer bytes = writer.build();
            assertThat(new BatchView(bytes, 0).isChecksumValid()).isTrue();
            assertThat(bytes.remaining() < 2_000_000).isEqualTo(codec.id() != 0);
            assertThat(kafkaViews(only(MemoryRecords.readableRecords(bytes)))).isEqualTo(records);
            assertThat(new BatchView(bytes, 0).recordViews(1 << 24)).containsExactlyElementsOf(records);
        }
    }

    @Test
    void kafkaReadsWhatIsWrittenHere() {
        Random random = new Random(1);
        for (int i = 0; i < SAMPLES; i++) {
            Sample sample = Sample.random(random);

            MutableRecordBatch batch = only(MemoryRecords.readableRecords(sample.written()));

            batch.ensureValid();
            assertThat(batch.baseOffset()).isEqualTo(sample.baseOffset());
            assertThat(batch.lastOffset()).isEqualTo(sample.records().getLast().offset());
            assertThat(batch.compressionType().id)
                    .isEqualTo((byte) sample.codec().id());
            assertThat(batch.partitionLeaderEpoch()).isEqualTo(sample.leaderEpoch());
            assertThat(batch.producerId()).isEqualTo(sample.producerId());
            assertThat(batch.producerEpoch()).isEqualTo(sample.producerEpoch());
            assertThat(batch.baseSequence()).isEqualTo(sample.baseSequence());
            assertThat(batch.timestampType().name)
                    .isEqualTo(sample.timestampType().configName());
            assertThat(batch.isTransactional()).isEqualTo(sample.kind() == Sample.Kind.TRANSACTIONAL);
            assertThat(kafkaViews(batch)).isEqualTo(sample.seen());
        }
    }

    @Test
    void whatKafkaWritesIsReadHere() {
        Random random = new Random(2);
        for (int i = 0; i < SAMPLES; i++) {
            Sample sample = Sample.random(random);
            ByteBuffer bytes = kafkaWritten(sample);
            ByteBuffer buffer = i % 2 == 0 ? direct(bytes) : bytes;

            Batches batches = Batches.in(buffer);

            assertThat(batches.advance()).isTrue();
            BatchView batch = batches.batch();
            MutableRecordBatch expected = only(MemoryRecords.readableRecords(bytes));
            assertThat(batch.headerDefect()).isEqualTo(BatchDefect.NONE);
            assertThat(batch.isChecksumValid()).isTrue();
            assertThat(batch.sizeBytes()).isEqualTo(expected.sizeInBytes());
            assertThat(batch.baseOffset()).isEqualTo(sample.baseOffset());
            assertThat(batch.lastOffset()).isEqualTo(expected.lastOffset());
            assertThat(batch.endOffset()).isEqualTo(expected.nextOffset());
            assertThat(batch.lastSequence()).isEqualTo(expected.lastSequence());
            assertThat(batch.maxTimestamp()).isEqualTo(expected.maxTimestamp());
            assertThat(batch.codec()).isEqualTo(sample.codec());
            assertThat(batch.timestampType()).isEqualTo(sample.timestampType());
            assertThat(batch.isTransactional()).isEqualTo(expected.isTransactional());
            assertThat(batch.partitionLeaderEpoch()).isEqualTo(sample.leaderEpoch());
            assertThat(batch.recordViews(MAX_BYTES)).containsExactlyElementsOf(sample.seen());
            assertThat(batches.advance()).isFalse();
            assertThat(batches.trailingBytes()).isZero();
        }
    }

    @Test
    void uncompressedBatchesAreTheSameBytes() {
        Random random = new Random(3);
        int compared = 0;
        for (int i = 0; i < SAMPLES; i++) {
            Sample sample = Sample.random(random);
            if (sample.codec().equals(Codec.NONE)) {
                assertThat(sample.written()).isEqualTo(kafkaWritten(sample));
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(SAMPLES / 10);
    }

    @Test
    void aCompactedBatchIsTheSameBytes() {
        long horizonMs = 1_700_000_500_000L;
        MemoryRecordsBuilder kafkas = new MemoryRecordsBuilder(
                new ByteBufferOutputStream(1024),
                RecordBatch.MAGIC_VALUE_V2,
                Compression.NONE,
                org.apache.kafka.common.record.TimestampType.CREATE_TIME,
                100,
                RecordBatch.NO_TIMESTAMP,
                9,
                (short) 1,
                30,
                false,
                false,
                5,
                Integer.MAX_VALUE,
                horizonMs);
        kafkas.appendWithOffset(103, 1_700_000_000_000L, new byte[] {1}, null);
        kafkas.appendWithOffset(107, 1_700_000_000_007L, new byte[] {2}, new byte[] {3});
        kafkas.overrideLastOffset(110);

        ByteBuffer bytes = BatchWriter.at(100)
                .leaderEpoch(5)
                .producer(9, (short) 1, 30)
                .deleteHorizon(horizonMs)
                .appendAt(103, 1_700_000_000_000L, ByteBuffer.wrap(new byte[] {1}), null, List.of())
                .appendAt(
                        107,
                        1_700_000_000_007L,
                        ByteBuffer.wrap(new byte[] {2}),
                        ByteBuffer.wrap(new byte[] {3}),
                        List.of())
                .lastOffset(110)
                .build();

        assertThat(bytes).isEqualTo(kafkas.build().buffer());
        assertThat(new BatchView(bytes, 0).deleteHorizonMs()).hasValue(horizonMs);
        assertThat(new BatchView(bytes, 0).recordViews(0))
                .extracting(RecordView::timestampMs)
                .containsExactly(1_700_000_000_000L, 1_700_000_000_007L);
    }

    static ByteBuffer kafkaWritten(Sample sample) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(
                ByteBuffer.allocate(1024),
                RecordBatch.MAGIC_VALUE_V2,
                Compression.of(CompressionType.forId(sample.codec().id())).build(),
                sample.timestampType() == TimestampType.CREATE_TIME
                        ? org.apache.kafka.common.record.TimestampType.CREATE_TIME
                        : org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME,
                sample.baseOffset(),
                sample.appendTimeMs(),
                sample.producerId(),
                sample.producerEpoch(),
                sample.baseSequence(),
                sample.kind() == Sample.Kind.TRANSACTIONAL,
                sample.leaderEpoch());
        for (RecordView record : sample.records()) {
            RecordHeaders headers = new RecordHeaders();
            record.headers().forEach(h -> headers.add(h.key(), array(h.value())));
            builder.appendWithOffset(
                    record.offset(),
                    record.timestampMs(),
                    array(record.key()),
                    array(record.value()),
                    headers.toArray());
        }
        return builder.build().buffer();
    }

    static List<RecordView> kafkaViews(RecordBatch batch) {
        List<RecordView> views = new ArrayList<>();
        for (Record record : batch) {
            List<RecordHeader> headers = new ArrayList<>();
            for (Header header : record.headers()) {
                headers.add(new RecordHeader(
                        header.key(), header.value() == null ? null : ByteBuffer.wrap(header.value())));
            }
            views.add(new RecordView(
                    record.offset(), record.timestamp(), record.sequence(), record.key(), record.value(), headers));
        }
        return views;
    }

    static MutableRecordBatch only(MemoryRecords records) {
        List<MutableRecordBatch> batches = new ArrayList<>();
        records.batches().forEach(batches::add);
        assertThat(batches).hasSize(1);
        return batches.getFirst();
    }

    static ByteBuffer direct(ByteBuffer bytes) {
        // some bytes before and after, so that positions which are not 0 are tried too
        return ByteBuffer.allocateDirect(bytes.remaining() + 20)
                .position(7)
                .put(bytes.duplicate())
                .flip()
                .position(7);
    }

    @SuppressWarnings("NullAway") // Kafka's own methods take null for null
    private static byte[] array(@Nullable ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] array = new byte[bytes.remaining()];
        bytes.get(bytes.position(), array);
        return array;
    }
}
