package ottla.wire.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.junit.jupiter.api.Test;
import ottla.base.BrokenInvariant;
import ottla.base.ErrorCode;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.Payload;

final class BatchesTest {
    @Test
    void wholeBatchesAreFoundWhereverTheBytesAreCut() {
        Random random = new Random(1);
        ByteBuffer all = ByteBuffer.allocate(100_000);
        for (int i = 0; i < 4; i++) {
            all.put(Sample.random(random).written());
        }
        all.flip();
        for (int size = 0; size <= all.limit(); size++) {
            ByteBuffer cut = all.slice(0, size);
            List<Integer> expected = new ArrayList<>();
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(cut).batches()) {
                expected.add(batch.sizeInBytes());
            }

            Batches batches = Batches.in(cut);
            List<Integer> sizes = new ArrayList<>();
            while (batches.advance()) {
                sizes.add(batches.batch().sizeBytes());
            }

            assertThat(sizes).isEqualTo(expected);
            assertThat(batches.defect()).isEqualTo(BatchDefect.NONE);
            int whole = sizes.stream().mapToInt(Integer::intValue).sum();
            assertThat(batches.position()).isEqualTo(whole);
            assertThat(batches.trailingBytes()).isEqualTo(size - whole);
            assertThat(cut.position()).isZero();
        }
    }

    @Test
    void impossibleSizesAndOldFormatsAreDefects() {
        assertThat(defect(13, 2)).isEqualTo(BatchDefect.LENGTH_TOO_SMALL);
        assertThat(defect(-1, 2)).isEqualTo(BatchDefect.LENGTH_TOO_SMALL);
        assertThat(defect(Integer.MIN_VALUE, 0)).isEqualTo(BatchDefect.LENGTH_TOO_SMALL);
        assertThat(defect(48, 2)).isEqualTo(BatchDefect.LENGTH_TOO_SMALL);
        assertThat(defect(49, 2)).isEqualTo(BatchDefect.NONE);
        assertThat(defect(988, 2)).isEqualTo(BatchDefect.NONE);
        assertThat(defect(989, 2)).isEqualTo(BatchDefect.LENGTH_TOO_LARGE);
        assertThat(defect(Integer.MAX_VALUE, 2)).isEqualTo(BatchDefect.LENGTH_TOO_LARGE);
        assertThat(defect(100, 0)).isEqualTo(BatchDefect.MAGIC_OLD);
        assertThat(defect(100, 1)).isEqualTo(BatchDefect.MAGIC_OLD);
        assertThat(defect(100, 3)).isEqualTo(BatchDefect.MAGIC_UNKNOWN);
        assertThat(defect(100, -1)).isEqualTo(BatchDefect.MAGIC_UNKNOWN);
        assertThat(BatchDefect.MAGIC_OLD.error()).isEqualTo(ErrorCode.INVALID_RECORD);
        assertThat(BatchDefect.MAGIC_UNKNOWN.error()).isEqualTo(ErrorCode.CORRUPT_MESSAGE);
    }

    @Test
    void aDefectEndsTheIterationForGood() {
        ByteBuffer good = BatchWriter.at(0).append(1, null, null).build();
        ByteBuffer both = ByteBuffer.allocate(200)
                .put(good)
                .putLong(0)
                .putInt(100)
                .putInt(0)
                .put((byte) 7);
        Batches batches = Batches.in(both.position(0).limit(200));

        assertThat(batches.advance()).isTrue();
        assertThat(batches.advance()).isFalse();
        assertThat(batches.advance()).isFalse();

        assertThat(batches.defect()).isEqualTo(BatchDefect.MAGIC_UNKNOWN);
        assertThat(batches.position()).isEqualTo(good.limit());
        assertThatThrownBy(batches::batch).isInstanceOf(BrokenInvariant.class);
    }

    @Test
    void aPayloadOfOnePieceIsStampedInPlace() {
        ByteBuffer bytes = BatchWriter.at(0).append(1, null, null).build();
        Batches batches = Batches.in(Payload.of(bytes));

        assertThat(batches.advance()).isTrue();
        batches.batch().stampBaseOffset(77);

        assertThat(Batches.each(bytes))
                .singleElement()
                .satisfies(b -> assertThat(b.baseOffset()).isEqualTo(77));
    }

    @Test
    void whatAProducerMayNotSendIsNamed() {
        assertThat(produced(sound())).isEqualTo(BatchDefect.NONE);
        assertThat(produced(sound().put(BatchLayout.MAGIC, (byte) 1))).isEqualTo(BatchDefect.MAGIC_OLD);
        assertThat(produced(sound().putShort(BatchLayout.ATTRIBUTES, (short) 5)))
                .isEqualTo(BatchDefect.CODEC_UNKNOWN);
        assertThat(produced(sound().putInt(BatchLayout.RECORD_COUNT, -1))).isEqualTo(BatchDefect.COUNT_NEGATIVE);
        assertThat(produced(sound().putInt(BatchLayout.RECORD_COUNT, 0))).isEqualTo(BatchDefect.EMPTY);
        assertThat(produced(sound().putInt(BatchLayout.RECORD_COUNT, 3))).isEqualTo(BatchDefect.COUNT_NOT_OFFSETS);
        assertThat(produced(sound().putInt(BatchLayout.LAST_OFFSET_DELTA, Integer.MAX_VALUE)))
                .isEqualTo(BatchDefect.COUNT_NOT_OFFSETS);
        assertThat(produced(sound().putInt(BatchLayout.LAST_OFFSET_DELTA, -1)))
                .isEqualTo(BatchDefect.LAST_OFFSET_DELTA_NEGATIVE);
        assertThat(produced(sound().putLong(BatchLayout.BASE_OFFSET, 1))).isEqualTo(BatchDefect.BASE_OFFSET_NOT_ZERO);
        assertThat(produced(sound().putShort(BatchLayout.ATTRIBUTES, (short) BatchLayout.CONTROL)))
                .isEqualTo(BatchDefect.CONTROL);
        assertThat(produced(sound().putLong(BatchLayout.PRODUCER_ID, 5))).isEqualTo(BatchDefect.SEQUENCE_NEGATIVE);
    }

    @Test
    void stampsAreKafkas() {
        Random random = new Random(2);
        for (int i = 0; i < 100; i++) {
            ByteBuffer here = KafkaBatchTest.direct(Sample.random(random).written());
            ByteBuffer there =
                    ByteBuffer.allocate(here.remaining()).put(here.duplicate()).flip();
            BatchView batch = new BatchView(here, here.position());
            MutableRecordBatch kafkas = KafkaBatchTest.only(MemoryRecords.readableRecords(there));
            long baseOffset = random.nextInt(1_000_000);

            batch.stampBaseOffset(baseOffset);
            kafkas.setLastOffset(baseOffset + batch.lastOffsetDelta());
            batch.stampLeaderEpoch(i);
            kafkas.setPartitionLeaderEpoch(i);
            if (i % 2 == 0) {
                batch.stampAppendTime(1_700_000_000_000L + i);
                kafkas.setMaxTimestamp(
                        org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME, 1_700_000_000_000L + i);
            } else {
                batch.stampMaxTimestamp(1_600_000_000_000L + i);
                kafkas.setMaxTimestamp(
                        org.apache.kafka.common.record.TimestampType.CREATE_TIME, 1_600_000_000_000L + i);
            }

            assertThat(here).isEqualTo(there);
            assertThat(batch.isChecksumValid()).isTrue();
        }
    }

    @Test
    void sequencesWrapToZero() {
        assertThat(BatchView.sequenceAfter(Integer.MAX_VALUE, 1)).isZero();
        assertThat(BatchView.sequenceAfter(Integer.MAX_VALUE - 1, 5)).isEqualTo(3);
        assertThat(BatchView.sequenceAfter(BatchLayout.NO_SEQUENCE, 5)).isEqualTo(BatchLayout.NO_SEQUENCE);
    }

    @Test
    void aWriterTellsWhatTheNextRecordTakes() {
        Random random = new Random(3);
        for (int i = 0; i < 100; i++) {
            Sample sample = Sample.random(random);
            BatchWriter writer = BatchWriter.at(0);
            for (RecordView record : sample.records()) {
                long before = writer.sizeBytes();
                int announced =
                        writer.recordBytes(record.timestampMs(), record.key(), record.value(), record.headers());
                writer.append(record.timestampMs(), record.key(), record.value(), record.headers());
                assertThat(writer.sizeBytes()).isEqualTo(before + announced);
            }
            assertThat((long) writer.build().remaining()).isEqualTo(writer.sizeBytes());
        }
    }

    @Test
    void anEmptyBatchKeepsOffsetsAndProducer() {
        ByteBuffer expected = ByteBuffer.allocate(BatchLayout.HEADER_BYTES);
        org.apache.kafka.common.record.internal.DefaultRecordBatch.writeEmptyHeader(
                expected,
                BatchLayout.MAGIC_2,
                9,
                (short) 2,
                40,
                100,
                110,
                3,
                org.apache.kafka.common.record.TimestampType.CREATE_TIME,
                1234,
                true,
                false);

        ByteBuffer bytes = BatchWriter.at(100)
                .compressedWith(Codec.ZSTD)
                .leaderEpoch(3)
                .producer(9, (short) 2, 40)
                .transactional()
                .lastOffset(110)
                .empty(1234);

        assertThat(bytes).isEqualTo(expected.flip());
        assertThat(new BatchView(bytes, 0).recordViews(0)).isEmpty();
        assertThat(new BatchView(bytes, 0).lastSequence()).isEqualTo(50);
    }

    private static BatchDefect defect(int length, int magic) {
        ByteBuffer bytes =
                ByteBuffer.allocate(1000).putInt(BatchLayout.LENGTH, length).put(BatchLayout.MAGIC, (byte) magic);
        Batches batches = Batches.in(bytes, 1000);
        assertThat(batches.advance()).isEqualTo(batches.defect() == BatchDefect.NONE);
        return batches.defect();
    }

    private static ByteBuffer sound() {
        return BatchWriter.at(0).append(1, null, null).append(1, null, null).build();
    }

    private static BatchDefect produced(ByteBuffer bytes) {
        return new BatchView(bytes, 0).producedDefect();
    }
}
