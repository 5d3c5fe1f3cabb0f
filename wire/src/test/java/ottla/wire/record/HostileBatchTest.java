package ottla.wire.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.junit.jupiter.api.Test;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.MalformedMessage;

/** Mutated batches: refused cleanly, and exactly where Kafka refuses them. */
final class HostileBatchTest {
    private static final int MAX_BYTES = 1 << 20;
    private static final int MUTATIONS = 24_000;
    private static final int SAMPLES = 100;

    @Test
    void recordsAreReadOrRefusedAsByKafka() {
        Random random = new Random(1);
        List<ByteBuffer> sound = small(random, Codec.NONE);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            ByteBuffer bytes = copy(sound.get(i % SAMPLES));
            BatchView batch = new BatchView(bytes, 0);
            mutate(random, bytes, BatchLayout.RECORD_COUNT);
            MutableRecordBatch kafkas = KafkaBatchTest.only(MemoryRecords.readableRecords(bytes.duplicate()));

            Optional<List<RecordView>> here = read(batch);
            Optional<List<RecordView>> there = readByKafka(kafkas);

            assertThat(here).as(() -> hex(bytes)).isEqualTo(there);
            refused += here.isEmpty() ? 1 : 0;
        }
        assertThat(refused).isBetween(MUTATIONS / 10, MUTATIONS * 9 / 10);
    }

    @Test
    void compressedRecordsAreReadOrRefusedAsPlainOnes() {
        Random random = new Random(2);
        List<ByteBuffer> sound = small(random, Codec.NONE);
        int refused = 0;
        for (int i = 0; i < MUTATIONS / 4; i++) {
            ByteBuffer plain = copy(sound.get(i % SAMPLES));
            mutate(random, plain, BatchLayout.RECORD_COUNT);
            Codec codec = Codec.ALL.get(1 + random.nextInt(4));
            ByteBuffer packed = codec.compress(new BatchView(plain, 0).body(), BatchLayout.HEADER_BYTES)
                    .position(0);
            packed.put(0, plain, 0, BatchLayout.HEADER_BYTES);
            packed.putInt(BatchLayout.LENGTH, packed.limit() - BatchLayout.COUNTED_FROM);
            packed.putShort(BatchLayout.ATTRIBUTES, (short) (packed.getShort(BatchLayout.ATTRIBUTES) | codec.id()));

            Optional<List<RecordView>> here = read(new BatchView(packed, 0));

            assertThat(here).as(() -> hex(plain)).isEqualTo(read(new BatchView(plain, 0)));
            assertThat(streamed(new BatchView(packed, 0)))
                    .as(() -> hex(plain))
                    .isEqualTo(here.map(views -> views.stream()
                            .map(view -> view.offset() + " " + view.timestampMs() + " " + view.key() + view.value())
                            .toList()));
            assertThat(skimmed(new BatchView(packed, 0)))
                    .as(() -> hex(plain))
                    .isEqualTo(here.map(views -> views.stream()
                            .map(view -> view.offset() + " " + view.timestampMs() + " " + (view.key() != null))
                            .toList()));
            refused += here.isEmpty() ? 1 : 0;
        }
        assertThat(refused).isBetween(MUTATIONS / 40, MUTATIONS * 9 / 40);
    }

    @Test
    void anythingAtAllIsReadOrRefused() {
        Random random = new Random(3);
        List<ByteBuffer> sound = new ArrayList<>();
        Codec.ALL.forEach(codec -> sound.addAll(small(random, codec)));
        int refused = 0;
        int read = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            ByteBuffer bytes = several(random, sound);
            mutate(random, bytes, 0);
            try {
                Batches batches = Batches.in(bytes, MAX_BYTES);
                while (batches.advance()) {
                    BatchView batch = batches.batch();
                    batch.isChecksumValid();
                    batch.producedDefect();
                    RecordCursor records = batch.records(MAX_BYTES);
                    while (records.advance()) {
                        records.view();
                        read++;
                    }
                }
                refused += batches.defect() == BatchDefect.NONE ? 0 : 1;
                assertThat(batches.trailingBytes()).isBetween(0, bytes.remaining());
            } catch (MalformedMessage expected) {
                refused++;
            } catch (RuntimeException other) {
                fail(hex(bytes), other);
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 10);
        assertThat(read).isGreaterThan(MUTATIONS / 10);
    }

    @Test
    void aFlippedBitNeverPassesTheChecksum() {
        Random random = new Random(4);
        ByteBuffer bytes = small(random, Codec.LZ4).getFirst();
        BatchView batch = new BatchView(bytes, 0);
        for (int position = BatchLayout.CRC; position < bytes.limit(); position++) {
            byte sound = bytes.get(position);
            bytes.put(position, (byte) (sound ^ (1 << random.nextInt(8))));
            assertThat(batch.isChecksumValid()).isFalse();
            bytes.put(position, sound);
        }
        assertThat(batch.isChecksumValid()).isTrue();
    }

    @Test
    void aBombIsRefusedAtTheLimit() {
        ByteBuffer zeros = ByteBuffer.allocate(8 << 20);
        for (Codec codec : Codec.ALL.subList(1, Codec.ALL.size())) {
            ByteBuffer bytes = BatchWriter.at(0)
                    .compressedWith(codec)
                    .append(1, null, zeros)
                    .build();
            assertThatThrownBy(() -> new BatchView(bytes, 0).records(MAX_BYTES)).isInstanceOf(MalformedMessage.class);
            assertThat(new BatchView(bytes, 0).recordViews(9 << 20)).hasSize(1);
        }
    }

    @Test
    void aRecordThatIsLargerThanAnyWindowIsSkimmedInLittleMemory() {
        Random random = new Random(5);
        byte[] noise = new byte[3 << 20];
        random.nextBytes(noise);
        for (Codec codec : Codec.ALL.subList(1, Codec.ALL.size())) {
            ByteBuffer bytes = BatchWriter.at(7)
                    .compressedWith(codec)
                    .append(1, ByteBuffer.wrap(noise, 0, 5), ByteBuffer.wrap(noise))
                    .append(2, ByteBuffer.wrap(noise), ByteBuffer.allocate(100 << 20))
                    .append(3, null, null, List.of(new RecordHeader("h", ByteBuffer.wrap(noise))))
                    .build();
            assertThat(skimmed(new BatchView(bytes, 0))).contains(List.of("7 1 true", "8 2 true", "9 3 false"));
            try (RecordCursor cursor = new BatchView(bytes, 0).streamRecords(4 << 20)) {
                assertThat(cursor.advance()).isTrue();
                assertThat(cursor.value()).isEqualTo(ByteBuffer.wrap(noise));
                assertThatThrownBy(cursor::advance).isInstanceOf(MalformedMessage.class);
            }
            for (int cut : new int[] {bytes.limit() - 1, bytes.limit() / 2, 70}) {
                ByteBuffer part = copy(bytes.slice(0, cut));
                part.putInt(BatchLayout.LENGTH, part.limit() - BatchLayout.COUNTED_FROM);
                assertThat(skimmed(new BatchView(part, 0)))
                        .as("%s cut to %d", codec, cut)
                        .isEmpty();
            }
        }
    }

    private static Optional<List<String>> streamed(BatchView batch) {
        List<String> seen = new ArrayList<>();
        try (RecordCursor cursor = batch.streamRecords(MAX_BYTES)) {
            while (cursor.advance()) {
                seen.add(cursor.offset() + " " + cursor.timestampMs() + " " + cursor.key() + cursor.value());
            }
            return Optional.of(seen);
        } catch (MalformedMessage refusal) {
            return Optional.empty();
        }
    }

    private static Optional<List<String>> skimmed(BatchView batch) {
        List<String> seen = new ArrayList<>();
        try (RecordCursor cursor = batch.skimRecords()) {
            while (cursor.advance()) {
                seen.add(cursor.offset() + " " + cursor.timestampMs() + " " + cursor.hasKey());
            }
            return Optional.of(seen);
        } catch (MalformedMessage refusal) {
            return Optional.empty();
        }
    }

    private static List<ByteBuffer> small(Random random, Codec codec) {
        List<ByteBuffer> batches = new ArrayList<>();
        for (int i = 0; i < SAMPLES; i++) {
            Sample sample = Sample.random(random);
            BatchWriter writer = BatchWriter.at(sample.baseOffset())
                    .compressedWith(codec)
                    .leaderEpoch(sample.leaderEpoch())
                    .producer(sample.producerId(), sample.producerEpoch(), sample.baseSequence());
            if (sample.timestampType() == TimestampType.LOG_APPEND_TIME) {
                writer.appendTime(sample.appendTimeMs());
            }
            sample.records().stream().limit(3).forEach(writer::append);
            batches.add(writer.build());
        }
        return batches;
    }

    private static ByteBuffer several(Random random, List<ByteBuffer> sound) {
        ByteBuffer all = ByteBuffer.allocate(16 * 1024);
        for (int i = random.nextInt(3); i >= 0; i--) {
            all.put(sound.get(random.nextInt(sound.size())).duplicate());
        }
        return all.flip();
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }

    private static void mutate(Random random, ByteBuffer bytes, int from) {
        for (int i = random.nextInt(3); i >= 0; i--) {
            int reach = random.nextBoolean() ? 80 : Integer.MAX_VALUE;
            int position = from + random.nextInt(Math.min(reach, bytes.limit() - from));
            // mostly small steps: they make lengths that are nearly right
            byte value = random.nextInt(3) == 0
                    ? (byte) random.nextInt()
                    : (byte) (bytes.get(position) + random.nextInt(7) - 3);
            bytes.put(position, value);
        }
    }

    private static Optional<List<RecordView>> read(BatchView batch) {
        try {
            List<RecordView> views = new ArrayList<>();
            batch.recordViews(MAX_BYTES).forEach(views::add);
            return Optional.of(withoutStraySequences(views, batch.baseOffset()));
        } catch (MalformedMessage refusal) {
            return Optional.empty();
        }
    }

    private static Optional<List<RecordView>> readByKafka(MutableRecordBatch batch) {
        try {
            return Optional.of(withoutStraySequences(KafkaBatchTest.kafkaViews(batch), batch.baseOffset()));
        } catch (RuntimeException refusal) {
            return Optional.empty();
        }
    }

    /** A record before its batch's first offset has no meaningful sequence; the two codes compute different ones. */
    private static List<RecordView> withoutStraySequences(List<RecordView> views, long baseOffset) {
        return views.stream()
                .map(r -> r.offset() - baseOffset >= 0
                        ? r
                        : new RecordView(r.offset(), r.timestampMs(), -1, r.key(), r.value(), r.headers()))
                .toList();
    }

    private static String hex(ByteBuffer bytes) {
        byte[] array = new byte[bytes.remaining()];
        bytes.get(bytes.position(), array);
        return HexFormat.of().formatHex(array);
    }
}
