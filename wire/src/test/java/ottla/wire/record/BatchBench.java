package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one produced batch costs before it is written: finding it, its header, its checksum, the stamps. In a direct buffer, as it
 * comes from the network. {@code one} is a batch of one record of 100 bytes, {@code many} of 64 records of 1 KB.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class BatchBench {
    private ByteBuffer one = ByteBuffer.allocate(0);
    private ByteBuffer many = ByteBuffer.allocate(0);
    private long offset;

    @Setup
    public void build() {
        one = direct(records(1, 100));
        many = direct(records(64, 1024));
    }

    @Benchmark
    public long headerOfOne() {
        return header(one);
    }

    @Benchmark
    public long headerAndChecksumOfOne() {
        return header(one) + checksum(one);
    }

    @Benchmark
    public long headerAndChecksumOfMany() {
        return header(many) + checksum(many);
    }

    @Benchmark
    public long stampsOfOne() {
        BatchView batch = new BatchView(one, 0);
        batch.stampBaseOffset(offset++);
        batch.stampLeaderEpoch(3);
        return batch.lastOffset();
    }

    @Benchmark
    public long everyRecordOfMany() {
        RecordCursor records = new BatchView(many, 0).records(0);
        long sum = 0;
        while (records.advance()) {
            sum += records.offset() + records.valueBytes();
        }
        return sum;
    }

    private static long header(ByteBuffer buffer) {
        Batches batches = Batches.in(buffer, 1 << 20);
        long sum = 0;
        while (batches.advance()) {
            BatchView batch = batches.batch();
            sum += (batch.producedDefect() == BatchDefect.NONE ? 1 : 0)
                    + batch.lastOffsetDelta()
                    + batch.maxTimestamp();
        }
        return sum;
    }

    private static int checksum(ByteBuffer buffer) {
        return new BatchView(buffer, 0).isChecksumValid() ? 1 : 0;
    }

    private static ByteBuffer records(int count, int valueBytes) {
        BatchWriter writer = BatchWriter.at(0);
        Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            byte[] value = new byte[valueBytes];
            random.nextBytes(value);
            writer.append(1_700_000_000_000L + i, null, ByteBuffer.wrap(value));
        }
        return writer.build();
    }

    private static ByteBuffer direct(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
    }
}
