package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.format.Checkpoint;
import ottla.log.format.OffsetIndexLayout;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.ProducerSnapshots;
import ottla.log.producer.Producers;
import ottla.wire.message.storage.ProducerSnapshot.ProducerEntry;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/**
 * A log on a disk that loses and tears what was not synced, crashed again and again. After each recovery: nothing that was flushed is
 * missing, what is there is what was appended and without gaps, indexes point at batches, producers know what a replay of the
 * whole log tells, and recovering again changes nothing.
 */
class LogCrashSimulation {
    private static final int SEEDS = 120;

    @Test
    void a_log_survives_crashes() {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed).crashes();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
    }

    private record Kept(long baseOffset, long lastOffset, ByteBuffer bytes) {}

    private static final class Run {
        private final SplittableRandom random;
        private final FaultyDisk disk;
        private final TestLogs logs;
        private final LogConfig config;
        private final List<Kept> model = new ArrayList<>();
        private final Map<Long, Integer> sequences = new TreeMap<>();
        private Log log;
        private int epoch;

        /** What an owner of the log has written down, which is never more than what the log told. */
        private long recoveryPoint;

        Run(long seed) {
            random = new SplittableRandom(seed);
            disk = new FaultyDisk(seed);
            logs = new TestLogs(disk);
            config = TestLogs.config(Map.of(
                    "internal.segment.bytes", "" + (500 + random.nextInt(4_000)),
                    "index.interval.bytes", "" + random.nextInt(300)));
            log = logs.open(config);
        }

        void crashes() {
            for (int crash = 0; crash < 4; crash++) {
                if (random.nextInt(3) == 0) {
                    disk.failAfter(
                            random.nextInt(60), random.nextBoolean() ? DiskFailure.Kind.BROKEN : DiskFailure.Kind.FULL);
                }
                try {
                    work();
                } catch (DiskFailure failure) {
                    // The owner takes the log offline; here the machine then goes down, too.
                }
                crashAndCheck();
            }
        }

        private void work() {
            int steps = random.nextInt(60);
            for (int i = 0; i < steps; i++) {
                int dice = random.nextInt(100);
                logs.pass(random.nextInt(50));
                if (dice < 80) {
                    append();
                } else if (dice < 86) {
                    log.flush();
                } else if (dice < 92) {
                    logs.background().run();
                } else if (dice < 95) {
                    epoch++;
                } else if (dice < 97) {
                    truncate();
                } else {
                    recoveryPoint = log.recoveryPoint();
                }
            }
            recoveryPoint = Math.min(recoveryPoint, log.recoveryPoint());
        }

        private void append() {
            long producerId = random.nextLong(-1, 3);
            ByteBuffer records;
            AppendOrigin origin = AppendOrigin.CLIENT;
            if (producerId >= 2 && random.nextBoolean()) {
                ControlType type = random.nextBoolean() ? ControlType.ABORT : ControlType.COMMIT;
                records = new EndTransactionMarker(type, 1).batch(0, logs.nowMs(), -1, producerId, (short) 0);
                origin = AppendOrigin.COORDINATOR;
            } else {
                records = data(producerId);
            }
            AppendResult result;
            try {
                result = log.appendAsLeader(records, epoch, origin, logs.nowMs());
            } catch (DiskFailure failure) {
                keep(records); // nobody was told, but it may be there
                throw failure;
            }
            if (result instanceof AppendResult.Appended) {
                keep(records);
            } else {
                assertThat(result).isInstanceOf(AppendResult.Refused.class); // the disk was full
            }
        }

        private void keep(ByteBuffer records) {
            ByteBuffer bytes = ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
            BatchView batch = new BatchView(bytes, 0);
            model.add(new Kept(batch.baseOffset(), batch.lastOffset(), bytes));
        }

        private ByteBuffer data(long producerId) {
            BatchWriter writer = BatchWriter.at(0);
            int count = 1 + random.nextInt(3);
            if (producerId >= 0) {
                int next = sequences.getOrDefault(producerId, 0);
                writer.producer(producerId, (short) 0, next);
                sequences.put(producerId, next + count);
                if (producerId >= 2) {
                    writer.transactional();
                }
            }
            for (int i = 0; i < count; i++) {
                byte[] value = new byte[random.nextInt(300)];
                random.nextBytes(value);
                writer.append(logs.nowMs(), null, ByteBuffer.wrap(value));
            }
            return writer.build();
        }

        private void truncate() {
            if (!model.isEmpty()) {
                Kept from = model.get(Math.max(0, model.size() - 1 - random.nextInt(5)));
                epoch++; // a log is only ever cut because another leader's history differs
                log.truncateTo(from.baseOffset);
                model.removeIf(kept -> kept.baseOffset >= from.baseOffset);
                recoveryPoint = Math.min(recoveryPoint, log.recoveryPoint());
                sequences.clear();
                log.producers()
                        .forEach(state -> sequences.put(
                                state.producerId(), state.lastSequenceKnown().orElse(-1) + 1));
            }
        }

        private void crashAndCheck() {
            long flushed = log.recoveryPoint();
            long known = Math.min(flushed, recoveryPoint);
            log.abandon();
            disk.crash();
            logs.crash();
            log = logs.open(config, Stop.UNCLEAN, 0, known);
            assertThat(log.endOffset()).isGreaterThanOrEqualTo(flushed);
            checkBatches();
            checkIndexes();
            List<ProducerEntry> producers = checkProducers();
            long end = log.endOffset();
            log.abandon();
            logs.crash();
            log = logs.open(config, Stop.UNCLEAN, 0, known);
            assertThat(log.endOffset()).isEqualTo(end);
            assertThat(checkProducers()).containsExactlyInAnyOrderElementsOf(producers);
            recoveryPoint = known;
            sequences.clear();
            log.producers()
                    .forEach(state -> sequences.put(
                            state.producerId(), state.lastSequenceKnown().orElse(-1) + 1));
        }

        /** What is left is a beginning of what was appended. */
        private void checkBatches() {
            long offset = 0;
            int index = 0;
            while (offset < log.endOffset()) {
                Payload payload = LogTest.payload(log.read(offset, log.endOffset(), 10_000, ReadLeast.ONE_BATCH));
                assertThat(payload.sizeBytes()).isPositive();
                for (BatchView batch : Batches.each(payload.contiguous())) {
                    Kept kept = model.get(index++);
                    assertThat(batch.bytes()).isEqualTo(kept.bytes);
                    assertThat(batch.baseOffset()).isEqualTo(offset);
                    offset = batch.endOffset();
                }
                payload.release();
            }
            long end = log.endOffset();
            model.removeIf(kept -> kept.baseOffset >= end);
        }

        /** Every entry of an offset index stands for the batch that begins at its position. */
        private void checkIndexes() {
            log.flush();
            for (String name : disk.list(log.directory())) {
                if (name.endsWith(".index")) {
                    long base = Long.parseLong(name.substring(0, 20));
                    ByteBuffer entries = ByteBuffer.wrap(disk.bytes(log.directory() + "/" + name));
                    ByteBuffer data =
                            ByteBuffer.wrap(disk.bytes(log.directory() + "/" + name.replace(".index", ".log")));
                    assertThat(entries.remaining() % OffsetIndexLayout.SIZE_BYTES)
                            .isZero();
                    while (entries.hasRemaining()) {
                        long lastOffset = base + entries.getInt();
                        assertThat(new BatchView(data, entries.getInt()).lastOffset())
                                .isEqualTo(lastOffset);
                    }
                }
            }
            String epochs = new String(
                    disk.bytes(log.directory() + "/leader-epoch-checkpoint"), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(Checkpoint.readEpochs("epochs", epochs))
                    .allSatisfy(entry -> assertThat(entry.startOffset()).isLessThanOrEqualTo(log.endOffset()));
        }

        private List<ProducerEntry> checkProducers() {
            Producers replayed = new Producers(TestLogs.PARTITION);
            for (Kept kept : model) {
                BatchView batch = new BatchView(kept.bytes, 0);
                if (batch.isControl()) {
                    var record = batch.recordViews(100).iterator().next();
                    ControlType type = ControlType.ofKey(record.key()).orElseThrow();
                    replayed.applyMarker(batch, EndTransactionMarker.read(type, record.value()), batch.maxTimestamp());
                } else {
                    replayed.apply(batch);
                }
            }
            List<ProducerEntry> actual = new ArrayList<>();
            log.close();
            byte[] snapshot = disk.bytes(log.directory() + "/" + String.format("%020d", log.endOffset()) + ".snapshot");
            actual.addAll(ProducerSnapshots.read(ByteBuffer.wrap(snapshot)));
            assertThat(actual).containsExactlyInAnyOrderElementsOf(replayed.snapshot());
            log = logs.open(config, Stop.CLEAN, 0, log.recoveryPoint());
            return actual;
        }
    }
}
