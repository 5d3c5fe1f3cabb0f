package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.io.Log;
import ottla.log.io.MemoryDisk;
import ottla.log.io.Stop;
import ottla.log.io.TestLogs;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.wire.io.Loop;
import ottla.wire.message.FetchResponse.PartitionData;

/**
 * Producers, waiting consumers and the disk on threads of their own. A consumer waits much longer than the test may take, so one
 * lost wake-up makes it fail.
 */
@Timeout(60)
class ReplicaRaceTest {
    private static final int PARTITIONS = 3;
    private static final int PRODUCERS = 2;
    private static final int CONSUMERS = 2;
    private static final int RECORDS_PER_PRODUCER = 2_000;
    private static final long FAR_TOO_LONG_MS = 1_000_000;

    private final ExecutorService diskThreads = Executors.newFixedThreadPool(2);
    private final List<RealLoop> loops = List.of(new RealLoop(), new RealLoop());
    private final ReplicaShell shell = new ReplicaShell(
            1,
            InstantSource.system(),
            diskThreads,
            diskThreads,
            30_000,
            (brokerId, brokerEpoch) -> true,
            (replica, change) -> {},
            (replica, failure) -> {},
            TestReplicas.throttles(InstantSource.system()));
    private final List<Replica> replicas = new ArrayList<>();

    private static final class RealLoop implements Loop {
        private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();

        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public Timer schedule(Runnable task, long delayMs) {
            ScheduledFuture<?> future = thread.schedule(task, delayMs, TimeUnit.MILLISECONDS);
            return () -> future.cancel(false);
        }

        @Override
        public boolean isCurrent() {
            return false;
        }
    }

    @AfterEach
    void stopThreads() {
        loops.forEach(loop -> loop.thread.shutdownNow());
        diskThreads.shutdownNow();
    }

    @Test
    void everyConsumerGetsEveryRecordInOrder() throws Exception {
        TestLogs logs = new TestLogs(new MemoryDisk());
        for (int partition = 0; partition < PARTITIONS; partition++) {
            TopicPartition name = new TopicPartition("topic", partition);
            Log log = Log.open(logs.shell(), name, name.toString(), TestLogs.config(Map.of()), Stop.CLEAN, 0, 0);
            Replica replica = new Replica(name, new Uuid(1, 1), log, 0, shell);
            replica.assign(Assignment.alone(1, 0));
            replicas.add(replica);
        }
        CountDownLatch done = new CountDownLatch(CONSUMERS);
        List<Consumer> consumers = new ArrayList<>();
        for (int i = 0; i < CONSUMERS; i++) {
            Consumer consumer = new Consumer(loops.get(i % loops.size()), i == 0 ? 1 : 300, done);
            consumers.add(consumer);
            consumer.loop.execute(consumer::fetch);
        }
        List<Thread> producers = new ArrayList<>();
        for (int producer = 0; producer < PRODUCERS; producer++) {
            String prefix = producer + ":";
            producers.add(Thread.ofPlatform().start(() -> produce(prefix)));
        }
        for (Thread producer : producers) {
            producer.join();
        }
        // What makes the last ones reach their minimum of bytes.
        replicas.forEach(replica -> append(replica, "end" + "!".repeat(1_000)));

        assertThat(done.await(50, TimeUnit.SECONDS)).isTrue();
        for (Consumer consumer : consumers) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                List<String> got = consumer.got.get(partition);
                assertThat(got.removeLast()).startsWith("end");
                for (int producer = 0; producer < PRODUCERS; producer++) {
                    String prefix = producer + ":";
                    List<Integer> numbers = got.stream()
                            .filter(text -> text.startsWith(prefix))
                            .map(text -> Integer.parseInt(text.substring(prefix.length())))
                            .toList();
                    assertThat(numbers).isSorted().doesNotHaveDuplicates();
                }
            }
            long total = consumer.got.stream().mapToLong(List::size).sum();
            assertThat(total).isEqualTo((long) PRODUCERS * RECORDS_PER_PRODUCER);
        }
    }

    private void produce(String prefix) {
        for (int number = 0; number < RECORDS_PER_PRODUCER; number++) {
            append(replicas.get(ThreadLocalRandom.current().nextInt(PARTITIONS)), prefix + number);
        }
    }

    private static void append(Replica replica, String text) {
        replica.append(TestLogs.batch(System.currentTimeMillis(), text), AppendOrigin.CLIENT, Acks.LEADER);
    }

    /** Fetches all partitions again and again, waiting for so many bytes each time, until it has seen each one's end. */
    private final class Consumer {
        final Loop loop;
        final List<List<String>> got = new ArrayList<>();
        private final int minBytes;
        private final CountDownLatch done;

        Consumer(Loop loop, int minBytes, CountDownLatch done) {
            this.loop = loop;
            this.minBytes = minBytes;
            this.done = done;
            for (int partition = 0; partition < PARTITIONS; partition++) {
                got.add(Collections.synchronizedList(new ArrayList<>()));
            }
        }

        void fetch() {
            List<Wanted> wanted = new ArrayList<>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                Replica replica = replicas.get(partition);
                wanted.add(new Wanted.Here(
                        replica, TestReplicas.asked(replica, got.get(partition).size())));
            }
            ReplicaFetch.start(shell, TestReplicas.consumer(minBytes, FAR_TOO_LONG_MS), wanted, loop, this::take);
        }

        private void take(List<PartitionData> answers) {
            int ended = 0;
            for (int partition = 0; partition < PARTITIONS; partition++) {
                List<String> texts = got.get(partition);
                texts.addAll(TestReplicas.texts(answers.get(partition)));
                ended += !texts.isEmpty() && texts.getLast().startsWith("end") ? 1 : 0;
            }
            if (ended == PARTITIONS) {
                done.countDown();
            } else {
                fetch();
            }
        }
    }
}
