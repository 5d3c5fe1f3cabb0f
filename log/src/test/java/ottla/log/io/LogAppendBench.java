package ottla.log.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Crc32c;

/**
 * The whole path of a batch into a log in a real file, and the same into Kafka's: checked, opened if it is compressed, judged,
 * stamped, written, indexed. The batch is copied for each append, as if it came from a socket; with a producer, its sequence and
 * checksum are renewed too. Both are the same work on both sides.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(1)
public class LogAppendBench {
    private static final int RECORD_BYTES = 100;
    private static final LogConfig CONFIG =
            TestLogs.config(Map.of("file.delete.delay.ms", "0", "message.timestamp.after.max.ms", "" + Long.MAX_VALUE));

    @Param({"1", "100"})
    public int records = 1;

    @Param({"none", "lz4", "zstd"})
    public String codec = "none";

    @Param({"anyone", "idempotent"})
    public String producer = "anyone";

    private final List<Log> ours = new ArrayList<>();
    private final List<UnifiedLog> kafkas = new ArrayList<>();
    private Path root = Path.of("");
    private ByteBuffer sent = ByteBuffer.allocate(0);
    private ByteBuffer arrived = ByteBuffer.allocate(0);
    private final RequestLocal local = RequestLocal.withThreadConfinedCaching();
    private int sequence;

    @Setup
    public void open() throws IOException {
        root = Files.createTempDirectory("log-append-bench");
        TestLogs logs = new TestLogs(new FileDisk(root.resolve("ours")), System.currentTimeMillis());
        ours.add(logs.open(CONFIG));
        Path theirs = root.resolve("theirs").resolve("topic-0");
        Files.createDirectories(theirs);
        kafkas.add(KafkaLogs.open(theirs, CONFIG, Stop.CLEAN, 0));
        BatchWriter writer = BatchWriter.at(0).compressedWith(Codec.named(codec).orElseThrow());
        if (producer.equals("idempotent")) {
            writer.producer(1, (short) 0, 0);
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < records; i++) {
            StringBuilder value = new StringBuilder();
            while (value.length() < RECORD_BYTES) {
                value.append("word").append(random.nextInt(100)).append(' ');
            }
            writer.append(logs.nowMs() + i, TestLogs.bytes("key " + i), TestLogs.bytes(value.toString()));
        }
        ByteBuffer batch = writer.build();
        sent = ByteBuffer.allocateDirect(batch.remaining()).put(batch).flip();
        arrived = ByteBuffer.allocateDirect(sent.remaining());
    }

    /** Begins both logs anew, so that the disk is not filled. */
    @TearDown(Level.Iteration)
    public void empty() throws IOException {
        ours.forEach(log -> log.resetTo(log.endOffset()));
        for (UnifiedLog log : kafkas) {
            log.truncateFullyAndStartAt(log.logEndOffset(), Optional.empty());
        }
    }

    @TearDown
    public void delete() {
        ours.forEach(Log::close);
        kafkas.forEach(UnifiedLog::close);
        FileDisk disk = new FileDisk(root);
        disk.list("").forEach(disk::delete);
    }

    @Benchmark
    public AppendResult ottla() {
        AppendResult result =
                ours.getFirst().appendAsLeader(arrive(), 0, AppendOrigin.CLIENT, System.currentTimeMillis());
        if (!(result instanceof AppendResult.Appended)) {
            throw new AssertionError(result);
        }
        return result;
    }

    @Benchmark
    public LogAppendInfo kafka() throws IOException {
        return kafkas.getFirst()
                .appendAsLeader(
                        MemoryRecords.readableRecords(arrive()),
                        0,
                        org.apache.kafka.storage.internals.log.AppendOrigin.CLIENT,
                        local,
                        VerificationGuard.SENTINEL,
                        (short) 0);
    }

    private ByteBuffer arrive() {
        arrived.clear().put(sent.duplicate()).flip();
        if (producer.equals("idempotent")) {
            arrived.putInt(BatchLayout.BASE_SEQUENCE, sequence);
            sequence = (sequence + records) & Integer.MAX_VALUE;
            arrived.putInt(
                    BatchLayout.CRC,
                    Crc32c.of(arrived, BatchLayout.ATTRIBUTES, arrived.limit() - BatchLayout.ATTRIBUTES));
        }
        return arrived;
    }
}
