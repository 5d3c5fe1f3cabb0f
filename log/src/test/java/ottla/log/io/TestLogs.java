package ottla.log.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import ottla.base.TopicPartition;
import ottla.log.LogConfig;
import ottla.wire.record.BatchWriter;

/** What tests of logs need: a shell around any disk, a clock that tests set, and batches. */
public final class TestLogs {
    public static final TopicPartition PARTITION = new TopicPartition("topic", 0);

    private final Disk disk;
    private final ManualBackground background = new ManualBackground();
    private OpenFiles files = new OpenFiles(100);
    private final long producerIdExpirationMs;
    private RecoveryPoints recoveryPoints = RecoveryPoints.NONE;
    private long nowMs;
    private final TailCache tails = new TailCache(1 << 20);
    private final ReadBuffers buffers = new ReadBuffers(16 << 20);

    public TestLogs(Disk disk) {
        this(disk, 1_700_000_000_000L);
    }

    public TestLogs(Disk disk, long nowMs) {
        this(disk, nowMs, 86_400_000);
    }

    public TestLogs(Disk disk, long nowMs, long producerIdExpirationMs) {
        this.disk = disk;
        this.nowMs = nowMs;
        this.producerIdExpirationMs = producerIdExpirationMs;
    }

    /** Logs opened from now on say to whom that what is written down of them is too much. */
    public void writtenDownBy(RecoveryPoints points) {
        recoveryPoints = points;
    }

    public Disk disk() {
        return disk;
    }

    public ManualBackground background() {
        return background;
    }

    public TailCache tails() {
        return tails;
    }

    public ReadBuffers buffers() {
        return buffers;
    }

    public OpenFiles files() {
        return files;
    }

    public long nowMs() {
        return nowMs;
    }

    public void pass(long delayMs) {
        nowMs += delayMs;
        background.pass(delayMs);
    }

    public LogShell shell() {
        InstantSource clock = () -> Instant.ofEpochMilli(nowMs);
        return new LogShell(
                disk,
                files,
                tails,
                buffers,
                background,
                clock,
                new SplittableRandom(1),
                producerIdExpirationMs,
                new FullDisk(disk),
                recoveryPoints);
    }

    public Log open(LogConfig config, Stop stop, long logStartOffset, long recoveryPoint) {
        return Log.open(shell(), PARTITION, PARTITION.toString(), config, stop, logStartOffset, recoveryPoint);
    }

    public Log open(LogConfig config) {
        return open(config, Stop.CLEAN, 0, 0);
    }

    /** What a crash of the process does to everything but the disk. */
    public void crash() {
        background.crash();
        files.close();
        files = new OpenFiles(100);
    }

    public static LogConfig config(Map<String, String> texts) {
        return switch (LogConfig.of(texts)) {
            case LogConfig.Parsed.Accepted accepted -> accepted.config();
            case LogConfig.Parsed.Refused refused -> throw new IllegalArgumentException(refused.toString());
        };
    }

    /** A batch as a producer sends it. */
    public static ByteBuffer batch(long timestampMs, String... values) {
        BatchWriter writer = BatchWriter.at(0);
        for (String value : values) {
            writer.append(timestampMs, bytes("key of " + value), bytes(value));
        }
        return writer.build();
    }

    public static String text(@Nullable ByteBuffer bytes) {
        return bytes == null
                ? "null"
                : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    public static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
