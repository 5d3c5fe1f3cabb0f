package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ottla.replication.machine.Decision;
import ottla.replication.machine.Machine;
import ottla.replication.machine.MachineRuntime;
import ottla.replication.machine.MachineTimers;
import ottla.replication.machine.MemoryMachineLog;
import ottla.replication.machine.MemoryMachineLog.Commit;
import ottla.replication.machine.Outcome;
import ottla.replication.machine.Refusal;
import ottla.replication.machine.VersionedLong;
import ottla.replication.machine.Versions;

@Timeout(30)
class MachineThreadTest {
    private static final long FOREVER = Long.MAX_VALUE;

    private static final class Sum implements Machine<Integer> {
        final Versions versions = new Versions();
        final MachineTimers<Integer> timers = new MachineTimers<>();
        final VersionedLong total = new VersionedLong(versions, 0);
        final MachineRuntime<Integer> runtime = new MachineRuntime<>(this, versions, timers, defect -> {
            throw defect;
        });

        @Override
        public void apply(long offset, Integer number) {
            total.add(number);
        }
    }

    @Test
    void manyThreadsAddToOneMachine() throws Exception {
        int writers = 4;
        int commands = 5_000;
        Sum sum = new Sum();
        MemoryMachineLog<Integer> log = new MemoryMachineLog<>(Commit.AT_ONCE);
        CountDownLatch answered = new CountDownLatch(writers * commands);
        try (MachineThread thread = new MachineThread("sum", System::currentTimeMillis)) {
            MachineShard<Integer> shard = thread.loop().adopt("sum", sum.runtime);
            shard.lead(log);
            List<Thread> threads = new ArrayList<>();
            for (int writer = 0; writer < writers; writer++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int command = 0; command < commands; command++) {
                        shard.<Boolean>submit(
                                nowMs -> new Decision<>(List.of(1), true), FOREVER, outcome -> answered.countDown());
                    }
                }));
            }
            assertThat(answered.await(20, TimeUnit.SECONDS)).isTrue();
            for (Thread writer : threads) {
                writer.join();
            }
            Outcome<Long> total = shard.query(committed -> sum.total.getAt(committed))
                    .toCompletableFuture()
                    .get();
            assertThat(total).isEqualTo(new Outcome.Answered<>((long) writers * commands));
        }
        assertThat(log.records()).hasSize(writers * commands);
    }

    @Test
    void commitsArriveFromOutside() throws Exception {
        Sum sum = new Sum();
        MemoryMachineLog<Integer> log = new MemoryMachineLog<>(Commit.BY_HAND);
        try (MachineThread thread = new MachineThread("sum", System::currentTimeMillis)) {
            MachineShard<Integer> shard = thread.loop().adopt("sum", sum.runtime);
            shard.lead(log);
            CompletableFuture<Outcome<Boolean>> answer = shard.<Boolean>submit(
                            nowMs -> new Decision<>(List.of(5), true), FOREVER)
                    .toCompletableFuture();
            CompletableFuture<Outcome<Long>> before =
                    shard.query(committed -> sum.total.getAt(committed)).toCompletableFuture();
            assertThat(before.get()).isEqualTo(new Outcome.Answered<>(0L));
            assertThat(answer).isNotDone();
            shard.committed(1);
            assertThat(answer.get()).isEqualTo(new Outcome.Answered<>(true));
        }
    }

    @Test
    void aTimerWakesTheSleepingThread() throws Exception {
        Sum sum = new Sum();
        CountDownLatch fired = new CountDownLatch(1);
        try (MachineThread thread = new MachineThread("sum", System::currentTimeMillis)) {
            MachineShard<Integer> shard = thread.loop().adopt("sum", sum.runtime);
            shard.lead(new MemoryMachineLog<>(Commit.AT_ONCE));
            shard.submit(
                    nowMs -> {
                        sum.timers.schedule("soon", nowMs + 20, later -> {
                            fired.countDown();
                            return Decision.of(true);
                        });
                        return Decision.of(true);
                    },
                    FOREVER,
                    outcome -> {});
            assertThat(fired.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aBrokenMachineStopsAloneAndSaysSo() {
        AtomicLong clockMs = new AtomicLong();
        MachineLoop loop = new MachineLoop(clockMs::get, () -> {});
        Sum broken = new Sum();
        Sum sound = new Sum();
        MachineShard<Integer> brokenShard = loop.adopt("broken", broken.runtime);
        MachineShard<Integer> soundShard = loop.adopt("sound", sound.runtime);
        brokenShard.replay(5, List.of(1));
        brokenShard.replay(3, List.of(1));
        soundShard.lead(new MemoryMachineLog<>(Commit.AT_ONCE));
        List<Object> outcomes = new ArrayList<>();
        brokenShard.submit(nowMs -> Decision.of(1), FOREVER, outcomes::add);
        soundShard.submit(nowMs -> Decision.of(2), FOREVER, outcomes::add);
        while (loop.drain()) {
            // until nothing waits
        }

        assertThat(outcomes).containsExactly(new Outcome.Refused<>(Refusal.BROKEN), new Outcome.Answered<>(2));
    }
}
