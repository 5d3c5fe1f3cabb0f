package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static ottla.replication.io.TestReplicas.asked;
import static ottla.replication.io.TestReplicas.texts;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.io.Log;
import ottla.log.io.LoopShyDisk;
import ottla.log.io.Stop;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.io.OffsetQuestion.Reader;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.wire.message.FetchResponse.AbortedTransaction;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/** No request but a produce makes a network loop touch the disk, whatever state the log is in. */
class LoopShyTest {
    private static final LogConfig CONFIG = TestLogs.config(Map.of(
            "internal.segment.bytes", "1000",
            "index.interval.bytes", "100",
            "message.timestamp.after.max.ms", "" + Long.MAX_VALUE));
    private static final long START_MS = 1_700_000_000_000L;
    private static final long PRODUCER = 9;
    private static final int ROUNDS = 20;

    /** A value, a value of an aborted transaction, its marker. */
    private static final int ROUND_OFFSETS = 3;

    private static final long END = (long) ROUNDS * ROUND_OFFSETS;

    private final LoopShyDisk disk = new LoopShyDisk();
    private final TestReplicas replicas = new TestReplicas();
    private final TestLogs logs = new TestLogs(disk);
    private final ManualLoop loop = new ManualLoop();

    /** Whether all was answered from memory so far. */
    private boolean fromMemory = true;

    @Test
    void theDiskComplainsOfALoop() {
        assertThat(disk.exists("file")).isFalse();
        assertThatThrownBy(() -> disk.onLoop(() -> disk.exists("file"))).isInstanceOf(AssertionError.class);
    }

    @Test
    void nothingOfALogThatWasClosedIsLookedAtOnALoop() {
        Replica replica = reopened(write());

        askEverything(replica, 0);
        assertThat(fromMemory).isFalse();
        askEverything(replica, 0); // now that all was looked at
        deleteRecords(replica, 31);
        askEverything(replica, 31);
        deleteRecords(replica, END);
        assertThat(fetch(replica, END, Isolation.READ_COMMITTED).errorCode()).isZero();
    }

    @Test
    void eachRequestAloneFindsTheLogAsItWasClosed() {
        Log written = write();
        for (Reader reader : Reader.values()) {
            for (long timestamp : timestamps()) {
                find(reopened(written), timestamp, reader);
            }
        }
        for (Isolation isolation : Isolation.values()) {
            for (long offset : List.of(0L, 30L, END - 1, END)) {
                fetch(reopened(written), offset, isolation);
            }
        }
        deleteRecords(reopened(written), 31);
        deleteRecords(reopened(written), -1);
    }

    @Test
    void aReaderAtTheEndLearnsOfAbortedTransactionsFromMemory() {
        Replica replica = reopened(write());
        fetch(replica, END, Isolation.READ_COMMITTED); // looks at what was there, once
        fromMemory = true;
        fetch(replica, END, Isolation.READ_COMMITTED);
        assertThat(fromMemory).isTrue();

        appendAborted(replica, END);
        PartitionData data = fetch(replica, END, Isolation.READ_COMMITTED);

        assertThat(fromMemory).isTrue();
        assertThat(data.abortedTransactions()).containsExactly(new AbortedTransaction(PRODUCER, END));
        assertThat(texts(data)).hasSize(2);
        assertThat(fetch(replica, END + 2, Isolation.READ_COMMITTED).abortedTransactions())
                .isEmpty();
        assertThat(fromMemory).isTrue();
    }

    private void askEverything(Replica replica, long startOffset) {
        for (Isolation isolation : Isolation.values()) {
            PartitionData data = fetch(replica, startOffset, isolation);
            if (isolation == Isolation.READ_COMMITTED) {
                assertThat(data.abortedTransactions()).containsExactlyElementsOf(abortedFrom(startOffset));
            }
            assertThat(texts(data)).isNotEmpty(); // a read ends with its segment
            assertThat(readAll(replica, startOffset, isolation)).isEqualTo((int) (END - startOffset));
            assertThat(texts(fetch(replica, END - 2, isolation))).hasSize(2);
            assertThat(texts(fetch(replica, END, isolation))).isEmpty();
        }
        assertThat(find(replica, -1, Reader.COMMITTED_CONSUMER).offset()).isEqualTo(END);
        assertThat(find(replica, -2, Reader.CONSUMER).offset()).isEqualTo(startOffset);
        assertThat(find(replica, -3, Reader.CONSUMER).offset()).isEqualTo(END - 1);
        assertThat(find(replica, -4, Reader.CONSUMER).offset()).isEqualTo(startOffset);
        assertThat(find(replica, START_MS + 40, Reader.CONSUMER).offset()).isEqualTo(40);
        assertThat(find(replica, START_MS + END, Reader.CONSUMER)).isEqualTo(FoundOffset.NONE);
        assertThat(disk.onLoop(() -> replica.findEpochEnd(0, 0)).endOffset()).isEqualTo(END);
        assertThat(disk.onLoop(replica::describeProducers)).hasSize(1);
    }

    private static List<Long> timestamps() {
        return List.of(-1L, -2L, -3L, -4L, -5L, -6L, START_MS, START_MS + 40, START_MS + END);
    }

    private static List<AbortedTransaction> abortedFrom(long offset) {
        return IntStream.range(0, ROUNDS)
                .filter(round -> round * ROUND_OFFSETS + 2 >= offset)
                .mapToObj(round -> new AbortedTransaction(PRODUCER, round * ROUND_OFFSETS + 1))
                .toList();
    }

    private PartitionData fetch(Replica replica, long offset, Isolation isolation) {
        FetchTerms terms = new FetchTerms(
                -1, -1, 0, 1, 1 << 20, isolation, From.ANY_REPLICA, Size.AT_LEAST_ONE_BATCH, Near.NOBODY);
        List<PartitionData> answers = new ArrayList<>();
        onLoop(() -> ReplicaFetch.start(
                replicas.shell,
                terms,
                List.of(new Wanted.Here(replica, asked(replica, offset))),
                loop,
                answers::addAll));
        return answers.getFirst();
    }

    private int readAll(Replica replica, long startOffset, Isolation isolation) {
        int count = 0;
        while (startOffset + count < END) {
            count += texts(fetch(replica, startOffset + count, isolation)).size();
        }
        return count;
    }

    private FoundOffset find(Replica replica, long timestamp, Reader reader) {
        CompletableFuture<FoundOffset> found =
                onLoop(() -> replica.findOffset(OffsetQuestion.of(timestamp, reader), -1, From.LEADER)
                        .toCompletableFuture());
        assertThat(found.join().error()).isEqualTo(ErrorCode.NONE);
        return found.join();
    }

    private void deleteRecords(Replica replica, long beforeOffset) {
        assertThat(onLoop(() -> replica.deleteRecords(beforeOffset)).error()).isEqualTo(ErrorCode.NONE);
    }

    private <T> T onLoop(Supplier<T> deed) {
        T answer = disk.onLoop(deed);
        finish();
        return answer;
    }

    /** Lets disk threads and the loop do what is left. */
    private void finish() {
        while (!replicas.diskTasks.isEmpty() || loop.hasTasks()) {
            fromMemory &= replicas.diskTasks.isEmpty();
            replicas.runDiskTasks();
            disk.onLoop(() -> {
                loop.run();
                return true;
            });
        }
    }

    private Log write() {
        Log log = Log.open(logs.shell(), TestLogs.PARTITION, TestLogs.PARTITION.toString(), CONFIG, Stop.CLEAN, 0, 0);
        for (int round = 0; round < ROUNDS; round++) {
            long offset = log.endOffset();
            append(log, TestLogs.batch(START_MS + offset, "value"), AppendOrigin.CLIENT);
            append(log, transactional(offset + 1, round), AppendOrigin.CLIENT);
            append(log, marker(offset + 2), AppendOrigin.COORDINATOR);
        }
        assertThat(log.endOffset()).isEqualTo(END);
        assertThat(log.segmentCount()).isGreaterThan(3);
        log.close();
        return log;
    }

    private Replica reopened(Log closed) {
        TopicPartition name = closed.partition();
        Log log = Log.open(logs.shell(), name, closed.directory(), CONFIG, Stop.CLEAN, 0, closed.recoveryPoint());
        Replica replica = new Replica(name, new Uuid(7, 7), log, END, replicas.shell);
        replica.assign(Assignment.alone(TestReplicas.SELF, 0));
        return replica;
    }

    private static void append(Log log, ByteBuffer records, AppendOrigin origin) {
        assertThat(log.appendAsLeader(records, 0, origin, START_MS)).isInstanceOf(AppendResult.Appended.class);
    }

    private static void appendAborted(Replica replica, long offset) {
        assertThat(replica.append(transactional(offset, ROUNDS), AppendOrigin.COORDINATOR, Acks.LEADER))
                .isInstanceOf(AppendResult.Appended.class);
        assertThat(replica.append(marker(offset + 1), AppendOrigin.COORDINATOR, Acks.LEADER))
                .isInstanceOf(AppendResult.Appended.class);
    }

    private static ByteBuffer transactional(long offset, int sequence) {
        return BatchWriter.at(0)
                .producer(PRODUCER, (short) 0, sequence)
                .transactional()
                .append(START_MS + offset, TestLogs.bytes("key"), TestLogs.bytes("aborted"))
                .build();
    }

    private static ByteBuffer marker(long offset) {
        return new EndTransactionMarker(ControlType.ABORT, 0).batch(0, START_MS + offset, -1, PRODUCER, (short) 0);
    }
}
