package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Crc32c;

/** What producers send, right and wrong, to our log and to Kafka's: the same offsets, the same duplicates, the same errors. */
class KafkaAppendModel {
    private static final int SEEDS = 8;
    private static final int STEPS = 150;

    @TempDir
    private Path root;

    @Test
    void appends_end_as_kafkas_do() throws IOException {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed, Files.createDirectories(root.resolve(seed + "/topic-0"))).steps();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
    }

    private static final class Run {
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
            String[] codecs = {"producer", "producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};
            texts.put("compression.type", codecs[random.nextInt(codecs.length)]);
            config = TestLogs.config(texts);
            log = logs.open(config);
            kafka = KafkaLogs.open(directory, config, Stop.CLEAN, 0);
        }

        void steps() throws IOException {
            for (int i = 0; i < STEPS; i++) {
                ByteBuffer records = random.nextInt(6) == 0 && !sent.isEmpty() ? repeated() : batch();
                String expected = kafka(records);
                assertThat(ours(records))
                        .as("step " + i + " " + new BatchView(records, 0))
                        .isEqualTo(expected);
                assertThat(log.endOffset()).isEqualTo(kafka.logEndOffset());
            }
            kafka.close();
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

        private ByteBuffer batch() {
            Codec codec = Codec.ALL.get(random.nextInt(Codec.ALL.size()));
            BatchWriter writer = BatchWriter.at(random.nextInt(60) == 0 ? 3 : 0).compressedWith(codec);
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
            if (random.nextInt(40) == 0) {
                writer.control();
            }
            if (random.nextInt(40) == 0) {
                writer.appendTime(logs.nowMs());
            }
            ByteBuffer records = writer.build();
            damage(records);
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

        private void damage(ByteBuffer records) {
            switch (random.nextInt(60)) {
                case 0 -> records.put(records.limit() - 1, (byte) (records.get(records.limit() - 1) ^ 1));
                case 1 -> sealed(records, BatchLayout.RECORD_COUNT, records.getInt(BatchLayout.RECORD_COUNT) + 1);
                case 2 -> sealed(records, BatchLayout.LAST_OFFSET_DELTA, -1);
                case 3 -> sealed(records, BatchLayout.RECORD_COUNT, 0);
                default -> {}
            }
        }

        /** A wrong header that its sender believes in: the checksum is right. */
        private static void sealed(ByteBuffer records, int field, int value) {
            records.putInt(field, value);
            records.putInt(
                    BatchLayout.CRC,
                    Crc32c.of(records, BatchLayout.ATTRIBUTES, records.limit() - BatchLayout.ATTRIBUTES));
        }

        private String kafka(ByteBuffer records) throws IOException {
            try {
                LogAppendInfo info =
                        KafkaLogs.append(kafka, records, 0, org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT);
                return info.firstOffset() + ".." + info.lastOffset();
            } catch (RecordValidationException refused) {
                return Errors.forException(refused.invalidException()) + " of "
                        + refused.recordErrors().stream()
                                .map(error -> "" + error.batchIndex)
                                .toList();
            } catch (RuntimeException refused) {
                return Errors.forException(refused) + " of []";
            }
        }

        private String ours(ByteBuffer records) {
            ByteBuffer copy = ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
            AppendResult result = log.appendAsLeader(copy, 0, AppendOrigin.CLIENT, logs.nowMs());
            return switch (result) {
                case AppendResult.Appended appended -> appended.baseOffset() + ".." + appended.lastOffset();
                case AppendResult.AlreadyAppended known -> known.baseOffset() + ".." + known.lastOffset();
                case AppendResult.Refused refused ->
                    refused.error() + " of "
                            + refused.recordErrors().stream()
                                    .map(error -> "" + error.index())
                                    .toList();
            };
        }
    }
}
