package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.log.io.MemoryDisk;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.wire.message.FetchResponse.PartitionData;

/** A disk that is full refuses writes; all else goes on, and so do the writes when there is room again. */
class FullDiskTest {
    private final TestReplicas replicas = new TestReplicas();
    private final MemoryDisk disk = new MemoryDisk();
    private final ManualLoop loop = new ManualLoop();

    @Test
    void writesAreRefusedAsLongAsItLasts() {
        Replica replica = filled(Map.of());
        assertThat(errorOf(TestReplicas.append(replica, "b"))).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(errorOf(TestReplicas.append(replica, "c"))).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(replica.isOnline()).isTrue();
        assertThat(replica.endOffset()).isEqualTo(1);

        disk.limit(Long.MAX_VALUE);
        assertThat(TestReplicas.append(replica, "b")).isInstanceOf(AppendResult.Appended.class);
        assertThat(read(replica, 0)).containsExactly("a", "b");
        assertThat(replicas.diskFailures).isEmpty();
    }

    @Test
    void readsAndFlushesGoOn() {
        Replica replica = filled(Map.of("flush.messages", "1"));
        errorOf(TestReplicas.append(replica, "b"));
        replicas.runDiskTasks();

        assertThat(read(replica, 0)).containsExactly("a");
        assertThat(replica.recoveryPoint()).isEqualTo(1);
    }

    @Test
    void recordsAreDeletedThatWereOfAnOlderEpoch() {
        Replica replica = replica(Map.of());
        TestReplicas.append(replica, "a");
        replica.assign(Assignment.alone(TestReplicas.SELF, 3));
        TestReplicas.append(replica, "b");
        fill();

        assertThat(replica.deleteRecords(1).error()).isEqualTo(ErrorCode.NONE);
        assertThat(replica.logStartOffset()).isEqualTo(1);
        assertThat(replica.isOnline()).isTrue();
        disk.limit(Long.MAX_VALUE);
        TestReplicas.append(replica, "c");
        assertThat(read(replica, 1)).containsExactly("b", "c");
    }

    @Test
    void retentionGoesOnAndMakesRoom() {
        Replica replica =
                replica(Map.of("retention.ms", "1000", "internal.segment.bytes", "700", "file.delete.delay.ms", "0"));
        for (int i = 0; i < 3; i++) {
            TestReplicas.append(replica, "x".repeat(200));
        }
        assertThat(replica.segmentCount()).isEqualTo(3);
        fill();
        assertThat(replica.retain(Long.MAX_VALUE / 2))
                .as("all but the segment that is written to")
                .isEqualTo(2);

        assertThat(replica.isOnline()).isTrue();
        assertThat(errorOf(TestReplicas.append(replica, "b"))).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        disk.limit(Long.MAX_VALUE);
        assertThat(replica.retain(Long.MAX_VALUE / 2)).isPositive();
        assertThat(replica.logStartOffset()).isEqualTo(3);
        assertThat(TestReplicas.append(replica, "b")).isInstanceOf(AppendResult.Appended.class);
    }

    private Replica replica(Map<String, String> settings) {
        Replica replica = replicas.replica(disk, settings);
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        return replica;
    }

    /** A replica with one record on a disk that takes no more. */
    private Replica filled(Map<String, String> settings) {
        Replica replica = replica(settings);
        TestReplicas.append(replica, "a");
        replicas.runDiskTasks();
        fill();
        return replica;
    }

    private void fill() {
        disk.limit(0);
    }

    private static ErrorCode errorOf(AppendResult result) {
        assertThat(result).isInstanceOf(AppendResult.Refused.class);
        return ((AppendResult.Refused) result).error();
    }

    private List<String> read(Replica replica, long offset) {
        List<PartitionData> answers = new ArrayList<>();
        ReplicaFetch.start(
                replicas.shell,
                TestReplicas.consumer(1, 0),
                List.of(new Wanted.Here(replica, TestReplicas.asked(replica, offset))),
                loop,
                answers::addAll);
        replicas.runDiskTasks();
        loop.run();
        return TestReplicas.texts(answers.getFirst());
    }
}
