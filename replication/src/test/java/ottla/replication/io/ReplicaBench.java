package ottla.replication.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.append.AppendResult;
import ottla.log.io.FileDisk;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.log.io.ManualBackground;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/**
 * What a produced batch of one record of 100 bytes costs a partition with a real file, once nobody reads, once with a fetch that
 * waits for it and takes it from memory.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class ReplicaBench {
    private final ManualLoop loop = new ManualLoop();
    private final ReplicaShell shell = new ReplicaShell(
            1,
            InstantSource.system(),
            Runnable::run,
            Runnable::run,
            30_000,
            (brokerId, brokerEpoch) -> true,
            (replica, change) -> {},
            (replica, failure) -> {},
            TestReplicas.throttles(InstantSource.system()));
    private Path root = Path.of("");
    private ByteBuffer batch = ByteBuffer.allocate(0);
    private final List<Replica> replicas = new ArrayList<>();
    private long taken;

    @Setup
    public void open() throws IOException {
        root = Files.createTempDirectory("replica-bench");
        LogStore store = LogStore.open(
                List.of(LogDirectory.open(new FileDisk(root))),
                new LogStore.Limits(100, 16 << 20, 16 << 20, 86_400_000),
                new ManualBackground(),
                InstantSource.system(),
                new SplittableRandom(1));
        ByteBuffer heap = TestLogs.batch(System.currentTimeMillis(), "x".repeat(80));
        batch = ByteBuffer.allocateDirect(heap.remaining()).put(heap).flip();
        Replicas all = new Replicas(store, shell, TestReplicas.moves(store, new ManualBackground()));
        TopicPartition name = new TopicPartition("topic", 0);
        Replicas.Assigned assigned =
                all.assign(name, new Uuid(1, 1), TestLogs.config(Map.of()), Assignment.alone(1, 0), LogStore.Place.NEW);
        replicas.add(((Replicas.Assigned.Done) assigned).replica());
    }

    @TearDown
    public void delete() {
        FileDisk disk = new FileDisk(root);
        disk.list("").forEach(disk::delete);
    }

    @Benchmark
    public AppendResult append() {
        batch.putLong(0, 0);
        return replicas.getFirst().append(batch, AppendOrigin.CLIENT, Acks.ALL);
    }

    @Benchmark
    public long appendToAWaitingFetch() {
        Replica replica = replicas.getFirst();
        FetchPartition asked = TestReplicas.asked(replica, replica.highWatermark());
        ReplicaFetch.start(
                shell, TestReplicas.consumer(1, 500), List.of(new Wanted.Here(replica, asked)), loop, this::take);
        append();
        loop.run();
        return taken;
    }

    private void take(List<PartitionData> answers) {
        Payload records = answers.getFirst().records();
        if (records != null) {
            taken += records.sizeBytes();
            records.release();
        }
    }
}
