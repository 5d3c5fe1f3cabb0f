package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.log.append.AppendResult;
import ottla.log.io.ReadLeast;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.machine.Decision;
import ottla.replication.machine.Machine;
import ottla.replication.machine.MachineRuntime;
import ottla.replication.machine.MachineTimers;
import ottla.replication.machine.Outcome;
import ottla.replication.machine.RecordFormat;
import ottla.replication.machine.Refusal;
import ottla.replication.machine.VersionedMap;
import ottla.replication.machine.Versions;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Assignment.Recovery;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

class ReplicaMachineTest {
    private final TestReplicas replicas = new TestReplicas();
    private final MachineLoop loop = new MachineLoop(() -> replicas.nowMs, () -> {});
    private final List<Object> outcomes = new ArrayList<>();
    private final List<MachineReplay.Ended> endings = new ArrayList<>();

    private record Entry(String key, String value) {}

    private static final RecordFormat<Entry> FORMAT = new RecordFormat<>() {
        @Override
        public ByteBuffer key(Entry entry) {
            return TestLogs.bytes(entry.key());
        }

        @Override
        public @Nullable ByteBuffer value(Entry entry) {
            return entry.value().isEmpty() ? null : TestLogs.bytes(entry.value());
        }

        @Override
        public Optional<Entry> read(ByteBuffer key, @Nullable ByteBuffer value) {
            String text = TestLogs.text(key);
            return text.startsWith("?")
                    ? Optional.empty()
                    : Optional.of(new Entry(text, value == null ? "" : TestLogs.text(value)));
        }
    };

    /** A map as its log says it is; an empty value removes. */
    private final class Table implements Machine<Entry> {
        final Versions versions = new Versions();
        final MachineTimers<Entry> timers = new MachineTimers<>();
        final VersionedMap<String, String> entries = new VersionedMap<>(versions);
        final MachineRuntime<Entry> runtime = new MachineRuntime<>(this, versions, timers, defect -> {
            throw defect;
        });
        final MachineShard<Entry> shard = loop.adopt("table", runtime);
        final List<String> transactions = new ArrayList<>();

        @Override
        public void apply(long offset, Entry entry) {
            if (entry.value().isEmpty()) {
                entries.remove(entry.key());
            } else {
                entries.put(entry.key(), entry.value());
            }
        }

        @Override
        public void applyInTransaction(long offset, long producerId, short producerEpoch, Entry entry) {
            transactions.add(producerId + " " + entry.key());
        }

        @Override
        public void endTransaction(long offset, long producerId, short producerEpoch, TransactionEnd end) {
            transactions.add(producerId + " " + end);
        }
    }

    @Test
    void writesAndIsLoadedAgain() {
        Replica replica = replicas.alone();
        Table table = lead(replica, 0);
        put(table, "a", "1");
        put(table, "b", "1");
        put(table, "a", "2");
        put(table, "b", "");
        settle();
        assertThat(outcomes).hasSize(4).allMatch(outcome -> outcome instanceof Outcome.Answered<?>);
        assertThat(replica.endOffset()).isEqualTo(4);

        Table again = lead(replica, 0);
        assertThat(again.entries.copy()).isEqualTo(Map.of("a", "2"));
        assertThat(again.versions.changeCount()).as("all is committed").isZero();
        put(again, "c", "3");
        settle();
        assertThat(replica.endOffset()).isEqualTo(5);
    }

    @Test
    void loadsInChunks() {
        Replica replica = replicas.alone();
        Table table = lead(replica, 0);
        String large = "x".repeat(200_000);
        for (int i = 0; i < 20; i++) {
            put(table, "key " + i, large + i);
            settle();
        }

        Table again = lead(replica, 0);
        assertThat(again.entries.copy()).isEqualTo(table.entries.copy()).hasSize(20);
    }

    @Test
    void answersWhenTheFollowerHasIt() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        Table table = lead(replica, 0);
        put(table, "a", "1");
        settle();
        assertThat(outcomes).isEmpty();
        replica.read(
                TestReplicas.follower(2),
                TestReplicas.asked(replica, 1),
                100,
                ReadLeast.ONE_BATCH,
                ReplicaReading.FollowerNews.TAKEN_IN);
        settle();

        assertThat(outcomes).containsExactly(new Outcome.Answered<>("1"));
    }

    @Test
    void losesWhatWasNotCommittedWithItsTerm() {
        Replica replica = replicas.withFollower(Map.of(), List.of(1, 2));
        Table table = lead(replica, 0);
        put(table, "a", "1");
        settle();
        replica.assign(new Assignment(2, 1, 1, List.of(1, 2), List.of(1, 2), Recovery.RECOVERED));
        put(table, "b", "1");
        settle();

        assertThat(outcomes)
                .containsExactly(new Outcome.Refused<>(Refusal.NOT_LEADER), new Outcome.Refused<>(Refusal.NOT_LEADER));
        assertThat(table.entries.isEmpty()).isTrue();
    }

    @Test
    void isRefusedWithTooFewReplicas() {
        Replica replica = replicas.withFollower(Map.of("min.insync.replicas", "2"), List.of(1));
        Table table = lead(replica, 0);
        put(table, "a", "1");
        settle();

        assertThat(outcomes).containsExactly(new Outcome.Refused<>(Refusal.NOT_ENOUGH_REPLICAS));
        assertThat(table.entries.isEmpty()).isTrue();
    }

    @Test
    void passesOverWhatItDoesNotKnow() {
        Replica replica = replicas.alone();
        append(
                replica,
                BatchWriter.at(0)
                        .append(1, TestLogs.bytes("a"), TestLogs.bytes("1"))
                        .append(1, TestLogs.bytes("?new"), TestLogs.bytes("1"))
                        .append(1, TestLogs.bytes("b"), TestLogs.bytes("1"))
                        .appendAt(7, 1, TestLogs.bytes("c"), TestLogs.bytes("1"), List.of()));

        Table table = lead(replica, 0);
        assertThat(table.entries.copy()).containsOnlyKeys("a", "b", "c");
        assertThat(table.runtime.nextOffset()).isEqualTo(replica.endOffset());
    }

    @Test
    void hearsOfTransactions() {
        Replica replica = replicas.alone();
        append(
                replica,
                BatchWriter.at(0)
                        .producer(5, (short) 0, 0)
                        .transactional()
                        .append(1, TestLogs.bytes("a"), TestLogs.bytes("1")));
        append(
                replica,
                BatchWriter.at(0)
                        .producer(5, (short) 0, -1)
                        .transactional()
                        .appendControl(1, ControlType.COMMIT, new EndTransactionMarker(ControlType.COMMIT, 0).value()));

        Table table = lead(replica, 0);
        assertThat(table.transactions).containsExactly("5 a", "5 COMMIT");
    }

    @Test
    void endsWhenTheTermIsOver() {
        Replica replica = replicas.alone();
        Table table = new Table();
        table.shard.load();
        MachineReplay<Entry> replay =
                new MachineReplay<>(replica, 3, FORMAT, table.shard, replicas.shell.diskThreads(), endings::add);
        replay.start();
        settle();
        assertThat(endings).containsExactly(MachineReplay.Ended.NOT_LEADER);

        MachineReplay<Entry> cancelled =
                new MachineReplay<>(replica, 0, FORMAT, table.shard, replicas.shell.diskThreads(), endings::add);
        cancelled.start();
        cancelled.cancel();
        settle();
        assertThat(endings).hasSize(1);
    }

    private Table lead(Replica replica, int leaderEpoch) {
        Table table = new Table();
        table.shard.load();
        ReplicaMachineLog<Entry> log =
                new ReplicaMachineLog<>(replica, leaderEpoch, FORMAT, Codec.NONE, replicas.shell.clock(), table.shard);
        log.follow();
        MachineReplay<Entry> replay =
                new MachineReplay<>(replica, leaderEpoch, FORMAT, table.shard, replicas.shell.diskThreads(), ended -> {
                    endings.add(ended);
                    table.shard.lead(log);
                });
        replay.start();
        settle();
        assertThat(endings).isNotEmpty().containsOnly(MachineReplay.Ended.COMPLETE);
        return table;
    }

    private void put(Table table, String key, String value) {
        table.shard.submit(
                nowMs -> new Decision<>(List.of(new Entry(key, value)), value), Long.MAX_VALUE, outcomes::add);
    }

    private static void append(Replica replica, BatchWriter batch) {
        assertThat(replica.append(batch.build(), AppendOrigin.COORDINATOR, Acks.ALL))
                .isInstanceOf(AppendResult.Appended.class);
    }

    /** Until neither the machine nor the disk has anything to do. */
    private void settle() {
        while (loop.drain() || !replicas.diskTasks.isEmpty()) {
            replicas.runDiskTasks();
        }
    }
}
