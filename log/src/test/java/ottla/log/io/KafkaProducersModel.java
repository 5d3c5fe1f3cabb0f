package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogStartOffsetIncrementReason;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.LogConfig;
import ottla.log.append.Admission;
import ottla.log.append.AppendResult;
import ottla.log.format.AbortedTransaction;
import ottla.log.producer.AppendOrigin;
import ottla.log.producer.EpochBump;
import ottla.log.producer.TransactionCheck;
import ottla.log.producer.TransactionCheck.MarkerEpoch;
import ottla.log.producer.VerificationGuard;
import ottla.log.producer.VerificationStart;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/**
 * Producers and their transactions against Kafka's own state of them: batches right, repeated and wrong, verifications that come
 * early, late or never, markers of old and new coordinators, silence, a rising high watermark and log start, cuts, and restarts.
 * After every step both know the same producers, the same last stable offset and the same aborted transactions.
 */
class KafkaProducersModel {
    private static final int SEEDS = 15;
    private static final int STEPS = 120;
    private static final LogConfig CONFIG = TestLogs.config(
            Map.of("internal.segment.bytes", "2000", "message.timestamp.after.max.ms", "" + Long.MAX_VALUE));

    @TempDir
    private Path root;

    @Test
    void producers_are_what_kafka_makes_of_them() throws IOException {
        Long only = Long.getLong("ottla.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
            try {
                new Run(seed, Files.createDirectories(root.resolve(seed + "/topic-0"))).steps();
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
    }

    /** What a producer would send next if nothing went wrong. */
    private static final class Client {
        short epoch;
        int sequence;
        VerificationGuard guard = VerificationGuard.NONE;
        org.apache.kafka.storage.internals.log.VerificationGuard kafkas =
                org.apache.kafka.storage.internals.log.VerificationGuard.SENTINEL;
    }

    private static final class Run {
        private final SplittableRandom random;
        private final Path directory;
        private final int expirationMs;
        private final TestLogs logs;
        private final boolean verifies;

        /** Whether the log's start rises and producers expire. What is rebuilt then depends on how far back each looks. */
        private final boolean givesUp;

        private final Map<Long, Client> clients = new HashMap<>();
        private Log log;
        private UnifiedLog kafka;
        private long highWatermark;
        private final TreeSet<Long> ends = new TreeSet<>(List.of(0L));
        private ByteBuffer last = ByteBuffer.allocate(0);
        private String step = "";

        Run(long seed, Path directory) throws IOException {
            random = new SplittableRandom(seed);
            this.directory = directory;
            verifies = random.nextInt(3) > 0;
            givesUp = random.nextInt(3) == 0;
            expirationMs = givesUp ? 50_000 : 1_000_000_000;
            logs = new TestLogs(new MemoryDisk(), 1_700_000_000_000L, expirationMs);
            log = logs.open(CONFIG);
            kafka = openKafka(Stop.CLEAN, 0);
        }

        private UnifiedLog openKafka(Stop stop, long recoveryPoint) throws IOException {
            return KafkaLogs.open(
                    directory,
                    CONFIG,
                    stop,
                    recoveryPoint,
                    KafkaLogs.clock(logs::nowMs),
                    new ProducerStateManagerConfig(expirationMs, verifies));
        }

        void steps() throws IOException {
            for (int i = 0; i < STEPS; i++) {
                logs.pass(random.nextInt(2_000));
                switch (random.nextInt(30)) {
                    case 0 -> expire();
                    case 1 -> restart(Stop.CLEAN);
                    case 2 -> restart(givesUp ? Stop.CLEAN : Stop.UNCLEAN);
                    case 3, 4 -> {
                        if (givesUp) {
                            advanceStart();
                        } else {
                            truncate();
                        }
                    }
                    case 5, 6, 7, 8 -> raiseHighWatermark();
                    case 9, 10, 11, 12, 13 -> verify();
                    case 14, 15, 16, 17, 18 -> mark();
                    default -> produce();
                }
                assertSame(i);
            }
            kafka.close();
        }

        private Client client(long producerId) {
            return clients.computeIfAbsent(producerId, id -> new Client());
        }

        private void produce() throws IOException {
            if (random.nextInt(8) == 0 && last.hasRemaining()) {
                append(last, AppendOrigin.CLIENT, client(new BatchView(last, 0).producerId()), MarkerEpoch.SAME);
                return;
            }
            long producerId = random.nextLong(4);
            Client client = client(producerId);
            switch (random.nextInt(24)) {
                case 0 -> client.sequence += 1;
                case 1 -> client.epoch = (short) Math.max(0, client.epoch - 1);
                case 2 -> client.epoch++;
                case 3 -> {
                    client.epoch++;
                    client.sequence = 0;
                }
                case 4 -> client.sequence = 0;
                default -> {}
            }
            int count = 1 + random.nextInt(3);
            BatchWriter writer = BatchWriter.at(0).producer(producerId, client.epoch, client.sequence);
            if (producerId > 0 && random.nextInt(12) > 0) {
                writer.transactional();
            }
            for (int i = 0; i < count; i++) {
                writer.append(
                        logs.nowMs(), TestLogs.bytes("key " + i), TestLogs.bytes("v".repeat(random.nextInt(100))));
            }
            last = writer.build();
            AppendOrigin origin = random.nextInt(10) == 0 ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT;
            if (append(last, origin, client, MarkerEpoch.SAME)) {
                client.sequence += count;
            }
        }

        private void verify() {
            long producerId = random.nextLong(1, 4);
            Client client = client(producerId);
            int sequence = Math.max(0, client.sequence - random.nextInt(8) / 7);
            short epoch = (short) Math.max(0, client.epoch + random.nextInt(12) / 11 - random.nextInt(12) / 11);
            EpochBump bump = random.nextBoolean() ? EpochBump.SUPPORTED : EpochBump.UNSUPPORTED;
            step = "verify " + producerId + " from " + sequence + " in " + epoch + " " + bump;
            String expected;
            try {
                client.kafkas = kafka.maybeStartTransactionVerification(
                        producerId, sequence, epoch, bump == EpochBump.SUPPORTED);
                expected = client.kafkas.equals(org.apache.kafka.storage.internals.log.VerificationGuard.SENTINEL)
                        ? "not wanted"
                        : "wanted";
            } catch (RuntimeException refused) {
                expected = Errors.forException(refused).name();
            }
            String actual = switch (log.beginVerification(producerId, sequence, epoch, bump, logs.nowMs())) {
                case VerificationStart.Wanted wanted -> {
                    client.guard = wanted.guard();
                    yield "wanted";
                }
                case VerificationStart.NotWanted begun -> {
                    client.guard = VerificationGuard.NONE;
                    yield "not wanted";
                }
                case VerificationStart.Refused refused -> refused.error().name();
            };
            assertThat(actual).as(step).isEqualTo(expected);
        }

        private void mark() throws IOException {
            long producerId = random.nextLong(1, 4);
            Client client = client(producerId);
            MarkerEpoch rule = random.nextBoolean() ? MarkerEpoch.SAME : MarkerEpoch.RAISED;
            int epoch = client.epoch
                    + (rule == MarkerEpoch.RAISED && random.nextInt(4) > 0 ? 1 : 0)
                    - random.nextInt(12) / 11;
            ControlType type = random.nextBoolean() ? ControlType.ABORT : ControlType.COMMIT;
            ByteBuffer marker = new EndTransactionMarker(type, 5 + random.nextInt(8) / 7)
                    .batch(0, logs.nowMs(), -1, producerId, (short) Math.max(0, epoch));
            if (append(marker, AppendOrigin.COORDINATOR, client, rule) && epoch > client.epoch) {
                client.epoch = (short) epoch;
                client.sequence = 0;
            }
        }

        private boolean append(ByteBuffer records, AppendOrigin origin, Client client, MarkerEpoch rule)
                throws IOException {
            step = "append " + origin + " " + new BatchView(records, 0) + " of "
                    + new BatchView(records, 0).producerId() + " in epoch " + client.epoch + " from "
                    + new BatchView(records, 0).baseSequence() + " " + rule;
            String expected;
            try {
                LogAppendInfo info = kafka.appendAsLeader(
                        MemoryRecords.readableRecords(copy(records)),
                        0,
                        origin == AppendOrigin.CLIENT
                                ? org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT
                                : org.apache.kafka.storage.internals.log.AppendOrigin.COORDINATOR,
                        RequestLocal.noCaching(),
                        client.kafkas,
                        (short) (rule == MarkerEpoch.RAISED ? 2 : 1));
                expected = info.firstOffset() + ".." + info.lastOffset();
            } catch (RuntimeException refused) {
                expected = Errors.forException(refused).name();
            }
            TransactionCheck check = new TransactionCheck(verifies ? client.guard : VerificationGuard.NOT_WANTED, rule);
            Admission.Decided decided =
                    Admission.decide(TestLogs.PARTITION, copy(records), CONFIG, origin, logs.nowMs());
            AppendResult result = log.appendAsLeader((Admission.Decided.Admitted) decided, 0, check);
            String actual = switch (result) {
                case AppendResult.Appended appended -> appended.baseOffset() + ".." + appended.lastOffset();
                case AppendResult.AlreadyAppended known -> known.baseOffset() + ".." + known.lastOffset();
                case AppendResult.Refused refused -> refused.error().name();
            };
            assertThat(actual).as(step).isEqualTo(expected);
            ends.add(log.endOffset());
            return result instanceof AppendResult.Appended;
        }

        private static ByteBuffer copy(ByteBuffer records) {
            return ByteBuffer.allocate(records.remaining())
                    .put(records.duplicate())
                    .flip();
        }

        private void expire() {
            step = "expire";
            logs.pass(givesUp && random.nextBoolean() ? expirationMs / 2 : 0);
            kafka.removeExpiredProducers(logs.nowMs());
            log.expireProducers(logs.nowMs());
        }

        private void raiseHighWatermark() throws IOException {
            highWatermark = random.nextLong(highWatermark, log.endOffset() + 1);
            step = "high watermark " + highWatermark;
            kafka.updateHighWatermark(highWatermark);
            log.onHighWatermark(highWatermark);
        }

        private void advanceStart() throws IOException {
            long start = Objects.requireNonNull(ends.floor(random.nextLong(log.logStartOffset(), highWatermark + 1)));
            if (start == log.endOffset()) {
                return; // Kafka forgets the producers of an empty log when it is opened again
            }
            step = "log start " + start;
            kafka.maybeIncrementLogStartOffset(start, LogStartOffsetIncrementReason.ClientRecordDeletion);
            log.advanceLogStart(start);
        }

        private void truncate() throws IOException {
            long end = Objects.requireNonNull(ends.ceiling(random.nextLong(highWatermark, log.endOffset() + 1)));
            step = "truncate to " + end;
            kafka.truncateTo(end);
            log.truncateTo(end);
            ends.tailSet(end, false).clear();
            settle();
            assertSame(-1);
            restart(Stop.CLEAN); // as only followers cut, and what they read again ends verifications
        }

        /**
         * What is rebuilt from snapshots lacks what has expired, and transactions whose marker is not replicated; which snapshots
         * there are is each log's own affair.
         */
        private void settle() throws IOException {
            highWatermark = log.endOffset();
            kafka.updateHighWatermark(highWatermark);
            log.onHighWatermark(highWatermark);
            kafka.removeExpiredProducers(logs.nowMs());
            log.expireProducers(logs.nowMs());
        }

        private void restart(Stop stop) throws IOException {
            step = "restart " + stop;
            long start = log.logStartOffset();
            if (stop == Stop.CLEAN) {
                log.close();
                kafka.close();
            } else {
                log.abandon();
                logs.crash();
                kafka.closeHandlers();
            }
            log = logs.open(CONFIG, stop, start, stop == Stop.CLEAN ? log.recoveryPoint() : 0);
            kafka = KafkaLogs.open(
                    directory,
                    CONFIG,
                    stop,
                    stop == Stop.CLEAN ? kafka.recoveryPoint() : 0,
                    start,
                    KafkaLogs.clock(logs::nowMs),
                    new ProducerStateManagerConfig(expirationMs, verifies));
            settle();
        }

        private void assertSame(int i) throws IOException {
            String where = "step " + i + " " + step;
            assertThat(log.endOffset()).as(where).isEqualTo(kafka.logEndOffset());
            assertThat(log.lastStableOffset(highWatermark)).as(where).isEqualTo(kafka.lastStableOffset());
            List<String> known = new ArrayList<>();
            log.producers()
                    .forEach(producer -> known.add(producer.producerId() + " " + producer.epoch() + " "
                            + producer.lastSequenceKnown().orElse(-1) + " " + producer.lastTimestampMs() + " "
                            + producer.coordinatorEpoch() + " "
                            + producer.transactionFirstOffset().orElse(-1)));
            List<String> kafkas = new ArrayList<>();
            kafka.activeProducers()
                    .forEach(producer -> kafkas.add(producer.producerId() + " " + producer.producerEpoch() + " "
                            + producer.lastSequence() + " " + producer.lastTimestamp() + " "
                            + producer.coordinatorEpoch() + " " + producer.currentTxnStartOffset()));
            assertThat(new TreeSet<>(known)).as(where).isEqualTo(new TreeSet<>(kafkas));
            long from = random.nextLong(log.logStartOffset(), log.endOffset() + 1);
            long to = random.nextLong(from, log.endOffset() + 1);
            assertThat(log.abortedTransactions(from, to).run().stream()
                            .map(AbortedTransaction::toString)
                            .toList())
                    .as(where + " aborted from " + from + " to " + to)
                    .isEqualTo(kafka.collectAbortedTransactions(from, to).stream()
                            .filter(aborted -> aborted.lastOffset() >= from) // which Kafka leaves to its caller
                            .map(aborted -> new AbortedTransaction(
                                            aborted.producerId(),
                                            aborted.firstOffset(),
                                            aborted.lastOffset(),
                                            aborted.lastStableOffset())
                                    .toString())
                            .toList());
        }
    }
}
