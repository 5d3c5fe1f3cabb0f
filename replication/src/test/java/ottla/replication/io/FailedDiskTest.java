package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.append.AppendResult;
import ottla.log.io.DiskFailure;
import ottla.log.io.FaultyDisk;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.log.io.ManualBackground;
import ottla.log.io.TestLogs;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.partition.Assignment;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;

/** One of two disks breaks: everything on it is refused, whoever waits there is told, and what is on the other goes on. */
class FailedDiskTest {
    private static final Uuid ID = new Uuid(3, 4);

    private final FaultyDisk disk = new FaultyDisk(1);
    private final List<Runnable> flushes = new ArrayList<>();
    private final List<Replica> reported = new ArrayList<>();
    private final ManualLoop loop = new ManualLoop();
    private final List<PartitionData> fetched = new ArrayList<>();
    private final List<ErrorCode> produced = new ArrayList<>();
    private final LogStore store = LogStore.open(
            List.of(LogDirectory.open(disk), LogDirectory.open(new FaultyDisk(2))),
            new LogStore.Limits(100, 1 << 20, 16 << 20, 86_400_000),
            new ManualBackground(),
            InstantSource.system(),
            new SplittableRandom(1));
    private final Replicas replicas = new Replicas(
            store,
            new ReplicaShell(
                    TestReplicas.SELF,
                    InstantSource.system(),
                    Runnable::run,
                    flushes::add,
                    TestReplicas.LAG_MS,
                    (brokerId, brokerEpoch) -> true,
                    (replica, change) -> {},
                    (replica, failure) -> reported.add(replica),
                    TestReplicas.throttles(InstantSource.system())),
            TestReplicas.moves(store, new ManualBackground()));

    /** New logs go to the directory that has fewest, so that they take turns. */
    private Replica failing;

    private Replica elsewhere;
    private Replica neighbour;

    @BeforeEach
    void placeReplicas() {
        failing = replica(0);
        elsewhere = replica(1);
        neighbour = replica(2);
        assertThat(replicas.directoryOf(neighbour)).isEqualTo(replicas.directoryOf(failing));
        assertThat(replicas.directoryOf(elsewhere)).isNotEqualTo(replicas.directoryOf(failing));
    }

    @Test
    void allReplicasOnItRefuseEverything() {
        breakDisk();

        for (Replica replica : List.of(failing, neighbour)) {
            assertThat(replica.isOnline()).isFalse();
            assertThat(errorOfAppend(replica)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
            assertThat(replica.deleteRecords(0).error()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
            assertThat(replica.findOffset(OffsetQuestion.of(-1, OffsetQuestion.Reader.CONSUMER), -1, From.LEADER)
                            .toCompletableFuture()
                            .join()
                            .error())
                    .isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
            fetch(replica, 500);
        }
        assertThat(fetched).extracting(PartitionData::errorCode).containsOnly(ErrorCode.KAFKA_STORAGE_ERROR.code());
        assertThat(fetched).hasSize(2);
    }

    @Test
    void theOwnerOfTheDirectoryIsToldOnce() {
        breakDisk();
        errorOfAppend(failing);
        errorOfAppend(neighbour);

        assertThat(reported).containsExactly(failing);
    }

    @Test
    void waitingFetchesAreAnswered() {
        fetch(failing, 500);
        fetch(neighbour, 500);
        fetch(elsewhere, 500);
        assertThat(fetched).isEmpty();
        breakDisk();
        loop.run();

        assertThat(fetched).hasSize(2);
        assertThat(fetched).extracting(PartitionData::errorCode).containsOnly(ErrorCode.KAFKA_STORAGE_ERROR.code());
    }

    @Test
    void waitingWritesAreNotAcknowledged() {
        await(failing);
        await(neighbour);
        breakDisk();
        loop.run();

        assertThat(produced).containsExactly(ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void theOtherDirectoryGoesOn() {
        fetch(elsewhere, 500);
        breakDisk();
        loop.run();
        assertThat(fetched).isEmpty();
        assertThat(TestReplicas.append(elsewhere, "b")).isInstanceOf(AppendResult.Appended.class);
        elsewhere.flush();
        assertThat(elsewhere.isOnline()).isTrue();
        assertThat(elsewhere.recoveryPoint()).isEqualTo(elsewhere.endOffset());
    }

    @Test
    void aSyncThatFailsIsTheEndAsWell() {
        await(neighbour);
        disk.failAfter(0, DiskFailure.Kind.BROKEN);
        failing.flush();
        loop.run();

        assertThat(failing.isOnline()).isFalse();
        assertThat(neighbour.isOnline()).isFalse();
        assertThat(produced).containsExactly(ErrorCode.KAFKA_STORAGE_ERROR);
    }

    @Test
    void aSyncThatAnswersWaitForIsNotTakenForDone() {
        replicas.configure("topic", TestLogs.config(Map.of("flush.messages", "1")));
        AppendResult result = TestReplicas.append(failing, "a");
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        ParkedProgress parked = new ParkedProgress(loop, produced::addAll);
        parked.add(failing, ParkedProgress.Kind.SECURED, failing.endOffset() - 1);
        parked.start(30_000);
        disk.failAfter(0, DiskFailure.Kind.BROKEN);
        flushes.forEach(Runnable::run);
        loop.run();

        assertThat(produced).containsExactly(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(failing.recoveryPoint()).isZero();
        assertThat(failing.isOnline()).isFalse();
        assertThat(neighbour.isOnline()).isFalse();
    }

    private void breakDisk() {
        disk.failAfter(0, DiskFailure.Kind.BROKEN);
        assertThat(errorOfAppend(failing)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
    }

    private static ErrorCode errorOfAppend(Replica replica) {
        AppendResult result = TestReplicas.append(replica, "a");
        assertThat(result).isInstanceOf(AppendResult.Refused.class);
        return ((AppendResult.Refused) result).error();
    }

    private void fetch(Replica replica, long maxWaitMs) {
        FetchPartition asked = TestReplicas.asked(replica, replica.endOffset());
        ReplicaFetch.start(
                replicas.shell(),
                new FetchTerms(
                        2,
                        -1,
                        maxWaitMs,
                        1,
                        1 << 20,
                        FetchTerms.Isolation.READ_UNCOMMITTED,
                        From.LEADER,
                        FetchTerms.Size.AT_LEAST_ONE_BATCH,
                        Near.NOBODY),
                List.of(new ReplicaFetch.Wanted.Here(replica, asked)),
                loop,
                fetched::addAll);
    }

    /** A write that waits for the follower. */
    private void await(Replica replica) {
        assertThat(TestReplicas.append(replica, Acks.ALL, "a")).isInstanceOf(AppendResult.Appended.class);
        ParkedProgress parked = new ParkedProgress(loop, produced::addAll);
        parked.add(replica, ParkedProgress.Kind.COMMITTED, replica.endOffset() - 1);
        parked.start(30_000);
    }

    private Replica replica(int partition) {
        TopicPartition name = new TopicPartition("topic", partition);
        Assignment assignment = TestReplicas.assignment(0, 0, List.of(TestReplicas.SELF, 2));
        Replicas.Assigned assigned =
                replicas.assign(name, ID, TestLogs.config(Map.of()), assignment, LogStore.Place.NEW);
        assertThat(assigned).isInstanceOf(Replicas.Assigned.Done.class);
        return ((Replicas.Assigned.Done) assigned).replica();
    }
}
