package ottla.replication.io;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.io.Background;
import ottla.log.io.DiskFailure;
import ottla.log.io.Log;
import ottla.log.io.LogStore;
import ottla.log.io.MemoryDisk;
import ottla.log.io.Stop;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Assignment.Recovery;
import ottla.replication.partition.ByteQuota;
import ottla.replication.partition.IsrChange;
import ottla.replication.partition.LogMove;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordCursor;

/** Replicas on disks in memory, with a clock and disk threads that the test moves. */
public final class TestReplicas {
    public static final int SELF = 1;
    public static final long LAG_MS = 30_000;

    /** What was asked of the controller, oldest first. */
    public final List<IsrChange> isrChanges = new ArrayList<>();

    public final List<DiskFailure> diskFailures = new ArrayList<>();
    public final ArrayDeque<Runnable> diskTasks = new ArrayDeque<>();
    public long nowMs = 1_700_000_000_000L;

    public final ReplicaShell shell = new ReplicaShell(
            SELF,
            () -> Instant.ofEpochMilli(nowMs),
            diskTasks::add,
            diskTasks::add,
            LAG_MS,
            (brokerId, brokerEpoch) -> true,
            (replica, change) -> isrChanges.add(change),
            (replica, failure) -> diskFailures.add(failure),
            throttles(() -> Instant.ofEpochMilli(nowMs)));

    private int nextPartition;

    /** No limit on what is copied, at first. */
    static ReplicationThrottles throttles(InstantSource clock) {
        return ReplicationThrottles.over(ByteQuota.Window.DEFAULT, clock);
    }

    /** Moves that take their turns when the test says so, and are known to the controller at once. */
    public static ReplicaMoves moves(LogStore store, Background threads) {
        return new ReplicaMoves(
                store, CONTROLLER, new ReplicaMoves.Settings(1 << 20, Set.of()), threads, System::nanoTime);
    }

    private static final DirectoryAssignments CONTROLLER = new DirectoryAssignments() {
        @Override
        public void assign(Uuid topicId, int partition, Uuid directory, Runnable known) {
            known.run();
        }

        @Override
        public LogMove.Reporting reporting() {
            return LogMove.Reporting.BEFORE_EXCHANGE;
        }
    };

    /** A replica of a partition of its own, without a role. */
    public Replica replica(Map<String, String> settings) {
        return replica(new MemoryDisk(), settings);
    }

    public Replica replica(MemoryDisk disk, Map<String, String> settings) {
        TopicPartition name = new TopicPartition("topic", nextPartition++);
        LogConfig config = TestLogs.config(settings);
        Log log = Log.open(new TestLogs(disk).shell(), name, name.toString(), config, Stop.CLEAN, 0, 0);
        return new Replica(name, new Uuid(7, 7), log, 0, shell);
    }

    /** A replica that leads alone. */
    public Replica alone() {
        Replica replica = replica(Map.of());
        replica.assign(Assignment.alone(SELF, 0));
        return replica;
    }

    /** A replica that leads with broker 2 as its follower. */
    public Replica withFollower(Map<String, String> settings, List<Integer> isr) {
        Replica replica = replica(settings);
        replica.assign(assignment(0, 0, isr));
        return replica;
    }

    public static Assignment assignment(int leaderEpoch, int partitionEpoch, List<Integer> isr) {
        return new Assignment(SELF, leaderEpoch, partitionEpoch, List.of(SELF, 2), isr, Recovery.RECOVERED);
    }

    public void runDiskTasks() {
        for (Runnable task = diskTasks.poll(); task != null; task = diskTasks.poll()) {
            task.run();
        }
    }

    public static AppendResult append(Replica replica, String... values) {
        return append(replica, Acks.LEADER, values);
    }

    public static AppendResult append(Replica replica, Acks acks, String... values) {
        return replica.append(TestLogs.batch(1_700_000_000_000L, values), AppendOrigin.CLIENT, acks);
    }

    public static FetchTerms consumer(int minBytes, long maxWaitMs) {
        return new FetchTerms(
                -1,
                -1,
                maxWaitMs,
                minBytes,
                1 << 20,
                Isolation.READ_UNCOMMITTED,
                From.ANY_REPLICA,
                Size.AT_LEAST_ONE_BATCH,
                Near.NOBODY);
    }

    public static FetchTerms follower(int id) {
        return new FetchTerms(
                id, -1, 500, 1, 1 << 20, Isolation.READ_UNCOMMITTED, From.LEADER, Size.AT_LEAST_ONE_BATCH, Near.NOBODY);
    }

    public static FetchPartition asked(Replica replica, long offset) {
        return FetchPartition.DEFAULT
                .withPartition(replica.name().partition())
                .withFetchOffset(offset)
                .withPartitionMaxBytes(1 << 20)
                .withLogStartOffset(0);
    }

    /** The values of all records, in order; releases them. */
    public static List<String> texts(PartitionData data) {
        Payload records = data.records();
        List<String> values = new ArrayList<>();
        if (records == null) {
            return values;
        }
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            RecordCursor record = batch.records(1 << 20);
            while (record.advance()) {
                @Nullable ByteBuffer value = record.value();
                values.add(TestLogs.text(value));
            }
        }
        records.release();
        return values;
    }
}
