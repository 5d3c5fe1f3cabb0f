package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.log.io.ManualBackground;
import ottla.log.io.MemoryDisk;
import ottla.log.io.TestLogs;
import ottla.replication.partition.Assignment;

class ReplicasTest {
    private static final Uuid ID = new Uuid(3, 4);
    private static final TopicPartition NAME = new TopicPartition("topic", 2);

    private final MemoryDisk disk = new MemoryDisk();
    private final ManualBackground background = new ManualBackground();
    private final List<DiskFailure> failures = new ArrayList<>();
    private final ReplicaShell shell = new ReplicaShell(
            1,
            InstantSource.system(),
            Runnable::run,
            Runnable::run,
            30_000,
            (brokerId, brokerEpoch) -> true,
            (replica, change) -> {},
            (replica, failure) -> failures.add(failure),
            TestReplicas.throttles(InstantSource.system()));
    private LogStore store = open();
    private Replicas replicas = new Replicas(store, shell, TestReplicas.moves(store, background));

    @Test
    void findsReplicasByNameAndById() {
        Replica replica = lead(NAME, ID, 0);

        assertThat(replicas.find("topic", 2)).containsSame(replica);
        assertThat(replicas.find(ID, 2)).containsSame(replica);
        assertThat(replicas.find(NAME)).containsSame(replica);
        assertThat(replicas.find("topic", 1)).isEmpty();
        assertThat(replicas.find("topic", 3)).isEmpty();
        assertThat(replicas.find("topic", -1)).isEmpty();
        assertThat(replicas.find("other", 2)).isEmpty();
        assertThat(replicas.find(new Uuid(9, 9), 2)).isEmpty();
        assertThat(replicas.ofTopic("topic")).containsExactly(replica);
    }

    @Test
    void theSameReplicaTakesEveryAssignment() {
        Replica replica = lead(NAME, ID, 0);

        assertThat(lead(NAME, ID, 1)).isSameAs(replica);
        assertThat(replica.leadership().leaderEpoch()).isEqualTo(1);
    }

    @Test
    void forgetsWhatIsDeleted() {
        Replica replica = lead(NAME, ID, 0);
        Replica other = lead(new TopicPartition("topic", 0), ID, 0);
        replicas.delete(NAME);

        assertThat(replicas.find(NAME)).isEmpty();
        assertThat(replicas.find(ID, 0)).containsSame(other);
        assertThat(store.partitions()).containsExactly(other.name());
        assertThat(TestReplicas.append(replica, "a"))
                .isInstanceOfSatisfying(
                        AppendResult.Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER));
        replicas.delete(other.name());
        assertThat(replicas.ofTopic("topic")).isEmpty();
        assertThat(replicas.find(ID, 0)).isEmpty();
    }

    @Test
    void aTopicMadeAnewHasNothingOfTheOldOne() {
        TestReplicas.append(lead(NAME, ID, 5), "a");
        Uuid nextId = new Uuid(5, 6);
        Replica next = lead(NAME, nextId, 0);

        assertThat(next.endOffset()).isZero();
        assertThat(replicas.find(NAME)).containsSame(next);
        assertThat(replicas.find(nextId, 2)).containsSame(next);
        assertThat(replicas.find(ID, 2)).isEmpty();
    }

    @Test
    void comesBackWithItsRecordsAndHighWatermark() {
        TestReplicas.append(lead(NAME, ID, 0), "a", "b");
        replicas.stop();
        store.close();
        store = open();
        replicas = new Replicas(store, shell, TestReplicas.moves(store, background));

        assertThat(store.highWatermark(NAME)).isEqualTo(2);
        Replica again = lead(NAME, ID, 1);
        assertThat(again.endOffset()).isEqualTo(2);
        assertThat(again.highWatermark()).isEqualTo(2);
        assertThat(again.findEpochEnd(0, -1)).isEqualTo(new EpochEndAnswer(ErrorCode.NONE, 0, 2));
    }

    @Test
    void stoppedItRefusesEverything() {
        Replica replica = lead(NAME, ID, 0);
        replicas.stop();

        assertThat(TestReplicas.append(replica, "a")).isInstanceOf(AppendResult.Refused.class);
        assertThat(replica.isOnline()).isFalse();
    }

    private LogStore open() {
        return LogStore.open(
                List.of(LogDirectory.open(disk)),
                new LogStore.Limits(100, 1 << 20, 16 << 20, 86_400_000),
                background,
                InstantSource.system(),
                new SplittableRandom(1));
    }

    private Replica lead(TopicPartition name, Uuid id, int leaderEpoch) {
        LogConfig config = TestLogs.config(Map.of());
        Replicas.Assigned assigned =
                replicas.assign(name, id, config, Assignment.alone(1, leaderEpoch), LogStore.Place.NEW);
        assertThat(assigned).isInstanceOf(Replicas.Assigned.Done.class);
        return ((Replicas.Assigned.Done) assigned).replica();
    }
}
