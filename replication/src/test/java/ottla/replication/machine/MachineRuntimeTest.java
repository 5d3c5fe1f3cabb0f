package ottla.replication.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import ottla.replication.machine.MachineRuntime.Role;
import ottla.replication.machine.MemoryMachineLog.Commit;

class MachineRuntimeTest {
    private static final long NEVER = Long.MAX_VALUE;

    private final Versions versions = new Versions();
    private final MachineTimers<String> timers = new MachineTimers<>();
    private final Words words = new Words(versions);
    private final List<RuntimeException> defects = new ArrayList<>();
    private final MachineRuntime<String> runtime = new MachineRuntime<>(words, versions, timers, defects::add);
    private final List<Object> outcomes = new ArrayList<>();

    /** Counts words; "!" cannot be applied. */
    private static final class Words implements Machine<String> {
        final VersionedMap<String, Integer> counts;
        final VersionedLong lastOffset;
        long appliedEndOffset;

        Words(Versions versions) {
            counts = new VersionedMap<>(versions);
            lastOffset = new VersionedLong(versions, -1);
        }

        @Override
        public void apply(long offset, String word) {
            counts.put(word, counts.getOrDefault(word, 0) + 1);
            lastOffset.set(offset);
            if (word.equals("!")) {
                throw new IllegalStateException("cannot be applied");
            }
        }

        @Override
        public void batchApplied(long endOffset) {
            appliedEndOffset = endOffset;
        }

        @Override
        public void clear() {
            counts.clear();
        }
    }

    @Test
    void refusesCommandsUntilItLeads() {
        submit("a");
        runtime.load();
        submit("a");
        runtime.lead(new MemoryMachineLog<>(Commit.AT_ONCE));
        submit("a");
        runtime.flush();

        assertThat(outcomes).containsExactly(refused(Refusal.NOT_LEADER), refused(Refusal.LOADING), answered("a"));
    }

    @Test
    void answersWhenTheLastRecordIsCommitted() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        runtime.lead(log);
        submit("a", "b");
        submit("c");
        runtime.flush();
        assertThat(outcomes).isEmpty();

        runtime.committed(1);
        assertThat(outcomes).isEmpty();
        runtime.committed(2);
        assertThat(outcomes).containsExactly(answered("a"));
        runtime.committed(3);
        assertThat(outcomes).containsExactly(answered("a"), answered("c"));
    }

    @Test
    void gathersDecisionsIntoOneBatch() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        submit("a", "b");
        submit("c");
        assertThat(log.batches()).isEmpty();

        runtime.flush();

        assertThat(log.batches()).containsExactly(new MemoryMachineLog.Batch<>(0, List.of("a", "b", "c")));
        assertThat(outcomes).containsExactly(answered("a"), answered("c"));
        assertThat(words.appliedEndOffset).isEqualTo(3);
    }

    @Test
    void flushesByItselfWhenTheBatchIsLarge() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        for (int count = 0; count < MachineRuntime.BATCH_RECORD_COUNT_MAX; count++) {
            submit("a");
        }

        assertThat(log.batches()).hasSize(1);
        assertThat(outcomes).hasSize(MachineRuntime.BATCH_RECORD_COUNT_MAX);
    }

    @Test
    void aCommandSeesWhatIsNotYetCommittedAndAQueryDoesNot() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        runtime.lead(log);
        submit("a");
        runtime.flush();

        runtime.submit(nowMs -> Decision.of("saw " + words.counts.find("a")), 0, NEVER, outcomes::add);
        assertThat(outcomes).as("what was seen may still be lost").isEmpty();
        assertThat(runtime.query(
                        committed -> words.counts.findAt("a", committed).isPresent()))
                .isEqualTo(new Outcome.Answered<>(false));

        runtime.committed(log.commitAll());
        assertThat(outcomes).containsExactly(answered("a"), answered("saw Optional[1]"));
        assertThat(runtime.query(
                        committed -> words.counts.findAt("a", committed).isPresent()))
                .isEqualTo(new Outcome.Answered<>(true));
    }

    @Test
    void aReadOfCommittedStateIsAnsweredAtOnce() {
        runtime.lead(new MemoryMachineLog<>(Commit.AT_ONCE));
        runtime.submit(nowMs -> Decision.of("now " + nowMs), 5, NEVER, outcomes::add);

        assertThat(outcomes).containsExactly(answered("now 5"));
    }

    @Test
    void takesBackWhatTheLogRefuses() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        submit("a");
        runtime.flush();
        log.refuseNext(Refusal.NOT_ENOUGH_REPLICAS);
        submit("a");
        submit("b");
        runtime.flush();
        submit("c");
        runtime.flush();

        assertThat(outcomes)
                .containsExactly(
                        answered("a"),
                        refused(Refusal.NOT_ENOUGH_REPLICAS),
                        refused(Refusal.NOT_ENOUGH_REPLICAS),
                        answered("c"));
        assertThat(log.records()).containsExactly("a", "c");
        assertThat(words.counts.copy()).containsOnlyKeys("a", "c").containsEntry("a", 1);
    }

    @Test
    void losingLeadershipTakesBackWhatIsNotCommitted() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        runtime.lead(log);
        submit("a");
        submit("b");
        runtime.flush();
        submit("c");
        timers.schedule("timer", 1, nowMs -> Decision.of("never"));
        runtime.committed(1);
        runtime.resign();

        assertThat(outcomes).containsExactly(answered("a"), refused(Refusal.NOT_LEADER), refused(Refusal.NOT_LEADER));
        assertThat(words.counts.copy()).containsOnlyKeys("a");
        assertThat(runtime.nextDeadlineMs()).isEqualTo(NEVER);
        assertThat(runtime.role()).isEqualTo(Role.STANDBY);
    }

    @Test
    void resignsWhenTheLogSaysSo() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        log.refuseNext(Refusal.NOT_LEADER);
        submit("a");
        runtime.flush();
        submit("b");

        assertThat(outcomes).containsExactly(refused(Refusal.NOT_LEADER), refused(Refusal.NOT_LEADER));
        assertThat(words.counts.isEmpty()).isTrue();
    }

    @Test
    void splitsABatchThatIsTooLargeForTheLog() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE, 2);
        runtime.lead(log);
        submit("a", "b");
        submit("c");
        submit("d", "e", "f");
        submit("g");
        runtime.flush();

        assertThat(log.records()).containsExactly("a", "b", "c");
        assertThat(outcomes)
                .containsExactly(refused(Refusal.TOO_LARGE), refused(Refusal.TOO_LARGE), answered("a"), answered("c"));
        assertThat(words.counts.copy()).containsOnlyKeys("a", "b", "c");

        submit("h");
        runtime.flush();
        assertThat(log.batches().getLast()).isEqualTo(new MemoryMachineLog.Batch<>(3, List.of("h")));
    }

    @Test
    void appliesAgainWhenTheLogPutTheBatchElsewhere() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        runtime.lead(log);
        submit("a");
        submit("b");
        log.skip(3);
        runtime.flush();

        assertThat(words.lastOffset.get()).isEqualTo(4);
        assertThat(words.counts.copy()).containsEntry("a", 1).containsEntry("b", 1);
        runtime.committed(4);
        assertThat(outcomes).containsExactly(answered("a"));
        runtime.committed(5);
        assertThat(outcomes).containsExactly(answered("a"), answered("b"));
    }

    @Test
    void aDefectIsTakenBackAndHarmsNobodyElse() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        submit("a");
        submit("b", "!");
        submit("c");
        runtime.flush();

        assertThat(outcomes).containsExactly(refused(Refusal.BROKEN), answered("a"), answered("c"));
        assertThat(defects).hasSize(1);
        assertThat(log.records()).containsExactly("a", "c");
        assertThat(words.counts.copy()).containsOnlyKeys("a", "c");
    }

    @Test
    void refusesWhoWaitedTooLong() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        runtime.lead(log);
        runtime.submit(command("a"), 0, 100, outcomes::add);
        runtime.submit(command("b"), 0, 50, outcomes::add);
        runtime.submit(command("c"), 0, 200, outcomes::add);
        assertThat(runtime.nextDeadlineMs()).isEqualTo(50);
        runtime.tick(50);
        assertThat(outcomes).containsExactly(refused(Refusal.TIMED_OUT));
        runtime.tick(150);
        runtime.committed(log.commitAll());

        assertThat(outcomes).containsExactly(refused(Refusal.TIMED_OUT), refused(Refusal.TIMED_OUT), answered("c"));
        assertThat(words.counts.size()).as("late is not undone").isEqualTo(3);
    }

    @Test
    void timersSubmitTheirCommands() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        timers.schedule("x", 10, command("early"));
        timers.schedule("x", 30, command("x"));
        timers.schedule("y", 20, command("y"));
        timers.schedule("z", 5, command("z"));
        timers.cancel("z");
        runtime.tick(19);
        assertThat(log.records()).isEmpty();
        runtime.tick(20);
        assertThat(log.records()).containsExactly("y");
        runtime.tick(30);
        assertThat(log.records()).containsExactly("y", "x");
        assertThat(timers.size()).isZero();
    }

    @Test
    void aTimerThatCouldNotBeWrittenIsTriedAgain() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        runtime.lead(log);
        timers.schedule("x", 10, command("x"));
        log.refuseNext(Refusal.NOT_ENOUGH_REPLICAS);
        runtime.tick(10);
        assertThat(log.records()).isEmpty();
        assertThat(runtime.nextDeadlineMs()).isEqualTo(10 + MachineRuntime.TIMER_RETRY_MS);
        runtime.tick(10 + MachineRuntime.TIMER_RETRY_MS);

        assertThat(log.records()).containsExactly("x");
    }

    @Test
    void loadsByReplayAndKeepsOnlyTheUncommittedUndoable() {
        MemoryMachineLog<String> log = new MemoryMachineLog<>(Commit.BY_HAND);
        log.append(List.of("a", "b"));
        log.commitAll();
        log.append(List.of("c"));
        runtime.load();
        runtime.committed(log.committedEndOffset());
        log.batches().forEach(batch -> runtime.replay(batch.baseOffset(), batch.records()));
        runtime.lead(log);

        assertThat(words.counts.copy()).containsOnlyKeys("a", "b", "c");
        assertThat(versions.changeCount()).as("one word and one offset").isEqualTo(2);
        runtime.resign();
        assertThat(words.counts.copy()).containsOnlyKeys("a", "b");
    }

    @Test
    void aSnapshotReplacesEverything() {
        runtime.replay(0, List.of("old"));
        runtime.restore(10, List.of("new", "new"));
        runtime.replay(10, List.of("newer"));

        assertThat(words.counts.copy()).containsOnlyKeys("new", "newer");
        assertThat(words.counts.copyAt(10)).containsOnlyKeys("new");
        runtime.resign();
        assertThat(words.counts.copy()).containsOnlyKeys("new");
    }

    private void submit(String... records) {
        runtime.submit(command(records), 0, NEVER, (Consumer<Outcome<String>>) outcomes::add);
    }

    private static Command<String, String> command(String... records) {
        return nowMs -> new Decision<>(List.of(records), records[0]);
    }

    private static Outcome<String> answered(String answer) {
        return new Outcome.Answered<>(answer);
    }

    private static Outcome<String> refused(Refusal refusal) {
        return new Outcome.Refused<>(refusal);
    }
}
