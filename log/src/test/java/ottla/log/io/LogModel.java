package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordView;

/**
 * A log against the obvious one, a list of batches, under random appends, reads, searches, rolls, cuts, deletions and starts. A
 * seed that fails is replayed with {@code -Dottla.seed=}.
 */
class LogModel {
    private static final int SEEDS = 100;
    private static final int STEPS = 150;

    @Test
    void a_log_holds_what_a_list_of_its_batches_holds() {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed).steps();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
    }

    /** A batch in the list: its bytes as they are to be read, and each record's timestamp. */
    private record Kept(long baseOffset, long lastOffset, ByteBuffer bytes, List<Long> timestamps) {}

    private static final class Run {
        private final SplittableRandom random;
        private final TestLogs logs = new TestLogs(new MemoryDisk());
        private final List<Kept> model = new ArrayList<>();
        private final LogConfig config;
        private Log log;
        private long logStartOffset;
        private int epoch;

        Run(long seed) {
            random = new SplittableRandom(seed);
            config = TestLogs.config(Map.of(
                    "internal.segment.bytes", "" + (400 + random.nextInt(3_000)),
                    "index.interval.bytes", "" + random.nextInt(400),
                    "segment.index.bytes", "" + (60 + random.nextInt(400)),
                    "segment.ms", random.nextBoolean() ? "5000" : "604800000",
                    "message.timestamp.after.max.ms", "" + Long.MAX_VALUE,
                    "retention.bytes", random.nextBoolean() ? "4000" : "-1"));
            log = logs.open(config);
        }

        void steps() {
            for (int i = 0; i < STEPS; i++) {
                step(random.nextInt(100));
                check();
            }
            log.close();
        }

        private void step(int dice) {
            logs.pass(random.nextInt(500));
            if (dice < 50) {
                append();
            } else if (dice < 70) {
                read();
            } else if (dice < 76) {
                search();
            } else if (dice < 80) {
                log.roll();
            } else if (dice < 84) {
                truncate();
            } else if (dice < 88) {
                advance();
            } else if (dice < 90) {
                retain();
            } else if (dice < 92) {
                epoch += 1 + random.nextInt(2);
            } else if (dice < 94) {
                log.flush();
            } else if (dice < 97) {
                long recoveryPoint = log.recoveryPoint();
                log.close();
                logs.crash();
                log = logs.open(config, Stop.CLEAN, logStartOffset, recoveryPoint);
            } else if (dice < 99) {
                long recoveryPoint = log.recoveryPoint();
                log.abandon();
                logs.crash();
                log = logs.open(config, Stop.UNCLEAN, logStartOffset, recoveryPoint);
            } else {
                long offset = endOffset() + random.nextInt(10);
                log.resetTo(offset);
                model.clear();
                logStartOffset = offset;
            }
        }

        private long endOffset() {
            return model.isEmpty() ? logStartOffset : model.getLast().lastOffset + 1;
        }

        private void append() {
            BatchWriter writer = BatchWriter.at(0).compressedWith(Codec.ALL.get(random.nextInt(Codec.ALL.size())));
            List<Long> timestamps = new ArrayList<>();
            int count = 1 + random.nextInt(4);
            for (int i = 0; i < count; i++) {
                long timestampMs = random.nextInt(10) == 0 ? -1 : logs.nowMs() - random.nextInt(3_000);
                timestamps.add(timestampMs);
                writer.append(timestampMs, null, ByteBuffer.allocate(random.nextInt(100)));
            }
            ByteBuffer records = writer.build();
            AppendResult result = log.appendAsLeader(records, epoch, AppendOrigin.CLIENT, logs.nowMs());
            long base = endOffset();
            assertThat(result).isEqualTo(new AppendResult.Appended(base, base + count - 1, -1, records.remaining()));
            ByteBuffer kept = ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
            model.add(new Kept(base, base + count - 1, kept, timestamps));
        }

        private void read() {
            long end = endOffset();
            long offset = logStartOffset + (end == logStartOffset ? 0 : random.nextLong(end - logStartOffset + 1));
            if (random.nextInt(3) == 0) {
                offset = end;
            }
            long bound = random.nextBoolean() ? end : logStartOffset + random.nextLong(end - logStartOffset + 1);
            int maxBytes = random.nextInt(1_000);
            ReadLeast least = random.nextBoolean() ? ReadLeast.ONE_BATCH : ReadLeast.NOTHING;
            ReadResult result = log.read(offset, bound, maxBytes, least);
            if (result instanceof ReadResult.Cold && random.nextInt(4) == 0) {
                append(); // between plan and read
            }
            Payload payload = LogTest.payload(result);
            ByteBuffer expected = expected(offset, bound, maxBytes, least);
            // A read from disk ends with its segment.
            assertThat(payload.sizeBytes() > 0).isEqualTo(expected.hasRemaining());
            assertThat(payload.sizeBytes()).isLessThanOrEqualTo(expected.remaining());
            assertThat(payload.contiguous()).isEqualTo(expected.slice(0, payload.sizeBytes()));
            for (BatchView batch : Batches.each(payload.contiguous())) {
                assertThat(batch.isChecksumValid()).isTrue();
            }
            payload.release();
        }

        private ByteBuffer expected(long offset, long bound, int maxBytes, ReadLeast least) {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 14);
            for (Kept kept : model) {
                if (kept.lastOffset < offset) {
                    continue;
                }
                boolean room = bytes.position() + kept.bytes.remaining() <= maxBytes
                        || (bytes.position() == 0 && least == ReadLeast.ONE_BATCH);
                if (kept.lastOffset >= bound || !room) {
                    break;
                }
                bytes.put(kept.bytes.duplicate());
            }
            return bytes.flip();
        }

        private void search() {
            long wanted = logs.nowMs() - random.nextInt(20_000);
            Optional<TimestampSearch.Found> found = log.findTimestamp(wanted).run();
            long expected = -1;
            long largest = -1;
            for (Kept kept : model) {
                for (int i = 0; i < kept.timestamps.size(); i++) {
                    long offset = kept.baseOffset + i;
                    if (offset < logStartOffset) {
                        continue;
                    }
                    if (expected < 0 && kept.timestamps.get(i) >= wanted) {
                        expected = offset;
                    }
                    largest = Math.max(largest, kept.timestamps.get(i));
                }
            }
            assertThat(found.map(TimestampSearch.Found::offset).orElse(-1L)).isEqualTo(expected);
            assertThat(log.findLargestTimestamp()
                            .run()
                            .map(TimestampSearch.Found::timestampMs)
                            .orElse(-1L))
                    .isEqualTo(largest);
        }

        private void truncate() {
            if (!model.isEmpty()) {
                Kept from = model.get(Math.max(0, model.size() - 1 - random.nextInt(5)));
                log.truncateTo(from.baseOffset);
                model.removeIf(kept -> kept.baseOffset >= from.baseOffset);
                logStartOffset = Math.min(logStartOffset, from.baseOffset);
            }
        }

        private void advance() {
            logStartOffset += random.nextLong(endOffset() - logStartOffset + 1);
            log.advanceLogStart(logStartOffset);
            log.retain(logStartOffset, logs.nowMs());
            dropDeleted();
        }

        private void retain() {
            log.retain(endOffset(), logs.nowMs());
            logStartOffset = log.logStartOffset();
            dropDeleted();
        }

        /** Whole segments go: what is left of the list follows the log, as far as that may. */
        private void dropDeleted() {
            assertThat(log.logStartOffset()).isEqualTo(logStartOffset);
            long kept = log.endOffset();
            assertThat(kept).isEqualTo(endOffset());
            long startOffset = logStartOffset;
            model.removeIf(batch -> batch.lastOffset < startOffset);
        }

        private void check() {
            assertThat(log.endOffset()).isEqualTo(endOffset());
            assertThat(log.logStartOffset()).isEqualTo(logStartOffset);
            assertThat(log.recoveryPoint()).isLessThanOrEqualTo(log.endOffset());
            long offset = logStartOffset;
            if (random.nextInt(20) == 0) {
                for (Kept kept : model) {
                    Payload payload = LogTest.payload(log.read(offset, log.endOffset(), 1, ReadLeast.ONE_BATCH));
                    BatchView batch =
                            Batches.each(payload.contiguous()).iterator().next();
                    assertThat(batch.lastOffset()).isEqualTo(kept.lastOffset);
                    int count = 0;
                    for (RecordView record : batch.recordViews(1 << 20)) {
                        assertThat(record.timestampMs()).isEqualTo(kept.timestamps.get(count++));
                    }
                    offset = batch.endOffset();
                    payload.release();
                }
            }
        }
    }
}
