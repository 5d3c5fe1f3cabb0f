package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.Crc32c;
import ottla.wire.record.EndTransactionMarker;
import ottla.wire.record.RecordView;

/** What producers send, right and wrong, to our log and to Kafka's: the same offsets, the same duplicates, the same errors. */
class KafkaAppendModel {
    private static final int SEEDS = 24;
    private static final int STEPS = 150;

    @TempDir
    private Path root;

    @Test
    void appends_end_as_kafkas_do() throws IOException {
        Long only = Long.getLong("ottla.seed");
        Set<String> outcomes = new TreeSet<>();
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                Run run = new Run(seed, Files.createDirectories(root.resolve(seed + "/topic-0")));
                run.steps();
                outcomes.addAll(run.outcomes);
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        if (only == null) {
            assertThat(outcomes)
                    .contains(
                            "appended",
                            "unreadable",
                            "CORRUPT_MESSAGE",
                            "INVALID_PRODUCER_EPOCH",
                            "INVALID_RECORD",
                            "INVALID_TIMESTAMP",
                            "INVALID_TXN_STATE",
                            "MESSAGE_TOO_LARGE",
                            "OUT_OF_ORDER_SEQUENCE_NUMBER",
                            "TRANSACTION_COORDINATOR_FENCED",
                            "UNKNOWN_SERVER_ERROR");
        }
    }

    private static final class Run {
        private final Set<String> outcomes = new TreeSet<>();
        private final SplittableRandom random;
        private final TestLogs logs = new TestLogs(new MemoryDisk(), System.currentTimeMillis());
        private final Log log;
        private final UnifiedLog kafka;
        private final LogConfig config;
        private final Map<Long, Integer> nextSequences = new HashMap<>();
        private final Map<Long, Short> epochs = new HashMap<>();
        private final Deque<ByteBuffer> sent = new ArrayDeque<>();

        Run(long seed, Path directory) throws IOException {
            random = new SplittableRandom(seed);
            Map<String, String> texts = new HashMap<>();
            texts.put("internal.segment.bytes", random.nextBoolean() ? "1500" : "100000");
            texts.put("max.message.bytes", random.nextBoolean() ? "900" : "1048588");
            texts.put("cleanup.policy", random.nextBoolean() ? "compact" : "delete");
            texts.put("message.timestamp.type", random.nextInt(3) == 0 ? "LogAppendTime" : "CreateTime");
            texts.put("message.timestamp.before.max.ms", random.nextBoolean() ? "100000" : "" + Long.MAX_VALUE);
            texts.put("message.timestamp.after.max.ms", random.nextBoolean() ? "3600000" : "" + Long.MAX_VALUE);
            String[] codecs = {"producer", "producer", "producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
            texts.put("compression.type", codecs[random.nextInt(codecs.length)]);
            texts.put("compression.gzip.level", "" + (1 + random.nextInt(9)));
            texts.put("compression.lz4.level", "" + (1 + random.nextInt(17)));
            texts.put("compression.zstd.level", "" + random.nextInt(-5, 19));
            config = TestLogs.config(texts);
            log = logs.open(config);
            kafka = KafkaLogs.open(
                    directory,
                    config,
                    Stop.CLEAN,
                    0,
                    KafkaLogs.clock(logs::nowMs),
                    new ProducerStateManagerConfig(86_400_000, false));
        }

        void steps() throws IOException {
            for (int i = 0; i < STEPS; i++) {
                logs.pass(random.nextInt(50));
                AppendOrigin origin = random.nextInt(8) == 0 ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT;
                ByteBuffer records = origin == AppendOrigin.COORDINATOR
                        ? random.nextBoolean() ? marker() : batch(Soundness.SOUND)
                        : random.nextInt(6) == 0 && !sent.isEmpty() ? repeated() : batch(Soundness.ANY);
                if (!readable(records)) {
                    assertRefused(records);
                    outcomes.add("unreadable");
                    continue;
                }
                long start = log.endOffset();
                String expected = kafka(records, origin);
                assertThat(ours(records, origin))
                        .as("step " + i + " " + origin + " " + new BatchView(records, 0) + " " + config.texts())
                        .isEqualTo(expected);
                assertThat(log.endOffset()).isEqualTo(kafka.logEndOffset());
                outcomes.add(log.endOffset() > start ? "appended" : expected.replaceAll(" .*", ""));
                if (log.endOffset() > start) {
                    assertSameBatch(start, new BatchView(records, 0));
                }
            }
            kafka.close();
        }

        /** Byte for byte what Kafka wrote, unless it was compressed anew; then at least all that it says is the same. */
        private void assertSameBatch(long offset, BatchView sent) throws IOException {
            var payload = LogTest.payload(log.read(offset, log.endOffset(), 1, ReadLeast.ONE_BATCH));
            BatchView here = new BatchView(payload.contiguous(), 0);
            ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
            for (RecordBatch batch :
                    kafka.read(offset, 1, FetchIsolation.LOG_END, true).records.batches()) {
                batch.writeTo(buffer);
                break;
            }
            BatchView there = new BatchView(buffer.flip(), 0);
            if (here.codecId() == sent.codecId() && isDense(there)) {
                assertThat(here.bytes()).as(here + " " + there + sent).isEqualTo(there.bytes());
            } else {
                assertThat(head(here)).isEqualTo(head(there));
                assertThat(isDense(here)).isTrue();
                if (isDense(there)) {
                    assertThat(here.recordViews(1 << 20)).containsExactlyElementsOf(there.recordViews(1 << 20));
                }
            }
            assertThat(here.isChecksumValid()).isTrue();
            payload.release();
        }

        private static boolean isDense(BatchView batch) {
            long next = batch.baseOffset();
            for (RecordView record : batch.recordViews(1 << 20)) {
                if (record.offset() != next++) {
                    return false;
                }
            }
            return true;
        }

        private static List<Object> head(BatchView batch) {
            return List.of(
                    batch.baseOffset(),
                    batch.lastOffset(),
                    batch.attributes(),
                    batch.baseTimestamp(),
                    batch.maxTimestamp(),
                    batch.producerId(),
                    batch.producerEpoch(),
                    batch.baseSequence(),
                    batch.recordCount(),
                    batch.partitionLeaderEpoch());
        }

        private ByteBuffer repeated() {
            int skip = random.nextInt(sent.size());
            for (ByteBuffer batch : sent) {
                if (skip-- == 0) {
                    return batch;
                }
            }
            throw new AssertionError("one of them is skipped to");
        }

        private enum Soundness {
            SOUND,
            ANY
        }

        private ByteBuffer marker() {
            ControlType type = random.nextBoolean() ? ControlType.COMMIT : ControlType.ABORT;
            long producerId = random.nextLong(3);
            int epoch = epochs.getOrDefault(producerId, (short) 0) + random.nextInt(10) / 9;
            return new EndTransactionMarker(type, 5 + random.nextInt(10) / 9 - random.nextInt(10) / 9)
                    .batch(0, logs.nowMs(), -1, producerId, (short) epoch);
        }

        /** Whether Kafka's consumers can read what is sent. */
        private static boolean readable(ByteBuffer records) {
            try {
                for (RecordBatch batch :
                        MemoryRecords.readableRecords(records.duplicate()).batches()) {
                    if (batch.isValid()) {
                        batch.forEach(record -> {});
                    }
                }
                return true;
            } catch (RuntimeException unreadable) {
                return false;
            }
        }

        /** Kafka's own check forgets some of what makes records unreadable; where it does not, the error is the same. */
        private void assertRefused(ByteBuffer records) {
            assertThat(ours(records, AppendOrigin.CLIENT))
                    .as(new BatchView(records, 0) + " " + config.texts())
                    .isIn(kafkasCheck(records), "INVALID_RECORD of []");
        }

        private String kafkasCheck(ByteBuffer records) {
            ByteBuffer copy = ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
            int codec = new BatchView(records, 0).codecId();
            if (new BatchView(records, 0).sizeBytes() > config.maxMessageBytes()) {
                return "MESSAGE_TOO_LARGE of []";
            }
            if (codec >= Codec.ALL.size()) {
                return "UNKNOWN_SERVER_ERROR of []";
            }
            CompressionType source = CompressionType.forId(codec);
            try {
                new LogValidator(
                                MemoryRecords.readableRecords(copy),
                                new TopicPartition("topic", 0),
                                KafkaLogs.clock(logs::nowMs),
                                source,
                                config.compressionType() == ottla.log.CompressionType.PRODUCER
                                        ? Compression.of(source).build()
                                        : Compression.of(
                                                        config.compressionType()
                                                                        == ottla.log.CompressionType.UNCOMPRESSED
                                                                ? "none"
                                                                : config.compressionType()
                                                                        .text())
                                                .build(),
                                config.compacts(),
                                RecordBatch.MAGIC_VALUE_V2,
                                TimestampType.CREATE_TIME,
                                Long.MAX_VALUE,
                                Long.MAX_VALUE,
                                0,
                                org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT)
                        .validateMessagesAndAssignOffsets(
                                PrimitiveRef.ofLong(0),
                                UnifiedLog.newValidatorMetricsRecorder(new BrokerTopicStats().allTopicsStats()),
                                BufferSupplier.NO_CACHING);
                return "accepted";
            } catch (RecordValidationException refused) {
                return Errors.forException(refused.invalidException()) + " of some records";
            } catch (RuntimeException refused) {
                return Errors.forException(refused) + " of []";
            }
        }

        private ByteBuffer batch(Soundness soundness) {
            Codec codec = Codec.ALL.get(random.nextInt(Codec.ALL.size()));
            BatchWriter writer = BatchWriter.at(soundness == Soundness.ANY && random.nextInt(60) == 0 ? 3 : 0)
                    .compressedWith(codec);
            int count = 1 + random.nextInt(4);
            producer(writer, count);
            for (int i = 0; i < count; i++) {
                long timestampMs = switch (random.nextInt(40)) {
                    case 0 -> -1;
                    case 1 -> logs.nowMs() + 10_000_000;
                    case 2 -> logs.nowMs() - 1_000_000;
                    default -> logs.nowMs() - random.nextInt(1_000);
                };
                ByteBuffer key = random.nextInt(25) == 0 ? null : TestLogs.bytes("key " + i);
                byte[] value = new byte[random.nextInt(300)];
                random.nextBytes(value);
                writer.append(timestampMs, key, random.nextInt(10) == 0 ? null : ByteBuffer.wrap(value));
            }
            if (soundness == Soundness.ANY && random.nextInt(40) == 0) {
                writer.control();
            }
            if (random.nextInt(40) == 0) {
                writer.appendTime(logs.nowMs());
            }
            if (random.nextInt(6) == 0) {
                writer.transactional();
            }
            if (soundness == Soundness.SOUND) {
                return writer.build();
            }
            ByteBuffer records = damaged(writer.build(), codec);
            sent.addFirst(records);
            if (sent.size() > 8) {
                sent.removeLast();
            }
            return records;
        }

        private void producer(BatchWriter writer, int count) {
            long producerId = random.nextLong(-1, 3);
            if (producerId < 0) {
                return;
            }
            short epoch = epochs.getOrDefault(producerId, (short) 0);
            int next = nextSequences.getOrDefault(producerId, random.nextInt(3) == 0 ? Integer.MAX_VALUE - 3 : 0);
            switch (random.nextInt(20)) {
                case 0 -> epoch++;
                case 1 -> epoch = (short) Math.max(0, epoch - 1);
                case 2 -> next += 2;
                case 3 -> next = -1;
                case 4 -> {
                    epoch++;
                    next = 0;
                }
                default -> {}
            }
            epochs.put(producerId, epoch);
            nextSequences.put(producerId, BatchView.sequenceAfter(Math.max(0, next), count));
            writer.producer(producerId, epoch, next);
        }

        /** Most batches are sound; one in three has a fault, most of them with a checksum that hides it. */
        private ByteBuffer damaged(ByteBuffer records, Codec codec) {
            int count = records.getInt(BatchLayout.RECORD_COUNT);
            short attributes = records.getShort(BatchLayout.ATTRIBUTES);
            switch (random.nextInt(60)) {
                case 0 -> records.put(records.limit() - 1, (byte) (records.get(records.limit() - 1) ^ 1));
                case 1 -> sealed(records.putInt(BatchLayout.RECORD_COUNT, count + 1));
                case 2 -> sealed(records.putInt(BatchLayout.LAST_OFFSET_DELTA, -1));
                case 3 -> sealed(records.putInt(BatchLayout.RECORD_COUNT, 0));
                case 4, 5 ->
                    sealed(records.putInt(BatchLayout.RECORD_COUNT, count + 1)
                            .putInt(BatchLayout.LAST_OFFSET_DELTA, count));
                case 6, 7 -> {
                    if (count > 1) {
                        sealed(records.putInt(BatchLayout.RECORD_COUNT, count - 1)
                                .putInt(BatchLayout.LAST_OFFSET_DELTA, count - 2));
                    }
                }
                case 8 -> sealed(records.putLong(BatchLayout.MAX_TIMESTAMP, random.nextLong()));
                case 9 -> sealed(records.putLong(BatchLayout.BASE_TIMESTAMP, logs.nowMs() + 100_000_000));
                case 10 -> sealed(records.putShort(BatchLayout.ATTRIBUTES, (short) (attributes | 7)));
                case 11 -> sealed(records.putShort(BatchLayout.ATTRIBUTES, (short) (attributes | 0x80)));
                case 12 -> sealed(records.putLong(BatchLayout.PRODUCER_ID, -7));
                case 13 -> {
                    return ByteBuffer.allocate(records.remaining() + 30)
                            .put(records.duplicate())
                            .put(records.slice(0, 30))
                            .flip();
                }
                case 14 -> {
                    return ByteBuffer.allocate(2 * records.remaining())
                            .put(records.duplicate())
                            .put(records.duplicate())
                            .flip();
                }
                case 15, 16, 17, 18, 19 -> {
                    return within(records, codec);
                }
                case 20 -> {
                    int at = random.nextInt(BatchLayout.HEADER_BYTES, records.limit());
                    sealed(records.put(at, (byte) (records.get(at) + 1 + random.nextInt(200))));
                }
                case 21 -> sealed(records.putLong(BatchLayout.BASE_TIMESTAMP, -1_000_000));
                default -> {}
            }
            return records;
        }

        /** Changes a byte of the records before they are compressed: numbers, times, lengths, keys. */
        private ByteBuffer within(ByteBuffer records, Codec codec) {
            ByteBuffer plain = codec.decompress(new BatchView(records, 0).body(), 1 << 20);
            int size = plain.remaining();
            if (random.nextInt(4) == 0) {
                plain = ByteBuffer.allocate(size + 3).put(plain).rewind();
            } else {
                int at = random.nextInt(Math.min(random.nextBoolean() ? 8 : 400, size));
                plain.put(at, (byte) (plain.get(at) + random.nextInt(1, 5)));
            }
            ByteBuffer packed = codec.compress(plain, BatchLayout.HEADER_BYTES).position(0);
            packed.put(0, records, 0, BatchLayout.HEADER_BYTES);
            packed.putInt(BatchLayout.LENGTH, packed.limit() - BatchLayout.COUNTED_FROM);
            return sealed(packed);
        }

        /** A wrong header that its sender believes in: the checksum is right. */
        private static ByteBuffer sealed(ByteBuffer records) {
            return records.putInt(
                    BatchLayout.CRC,
                    Crc32c.of(records, BatchLayout.ATTRIBUTES, records.limit() - BatchLayout.ATTRIBUTES));
        }

        private String kafka(ByteBuffer records, AppendOrigin origin) throws IOException {
            try {
                LogAppendInfo info = KafkaLogs.append(
                        kafka,
                        records,
                        0,
                        origin == AppendOrigin.CLIENT
                                ? org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT
                                : org.apache.kafka.storage.internals.log.AppendOrigin.COORDINATOR);
                return info.firstOffset() + ".." + info.lastOffset() + " at " + info.logAppendTime();
            } catch (RecordValidationException refused) {
                return Errors.forException(refused.invalidException()) + " of "
                        + refused.recordErrors().stream()
                                .map(error -> error.batchIndex + ":" + error.message)
                                .toList()
                        + " " + refused.invalidException().getMessage();
            } catch (RuntimeException refused) {
                return Errors.forException(refused) + " of []";
            }
        }

        private String ours(ByteBuffer records, AppendOrigin origin) {
            ByteBuffer copy = ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
            AppendResult result = log.appendAsLeader(copy, 0, origin, logs.nowMs());
            return switch (result) {
                case AppendResult.Appended appended ->
                    appended.baseOffset() + ".." + appended.lastOffset() + " at " + appended.appendTimeMs();
                case AppendResult.AlreadyAppended known ->
                    known.baseOffset() + ".." + known.lastOffset() + " at " + known.timestampMs();
                case AppendResult.Refused refused when refused.recordErrors().isEmpty() -> refused.error() + " of []";
                case AppendResult.Refused refused ->
                    refused.error() + " of "
                            + refused.recordErrors().stream()
                                    .map(error -> error.index() + ":" + error.message())
                                    .toList()
                            + " " + refused.message();
            };
        }
    }
}
