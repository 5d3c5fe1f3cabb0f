package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/**
 * The members of one group, each with one consumer that lives until {@link #close}, on a thread of its own. Each commits what it read
 * after every poll, and waits for that. All that they are given is held against what was committed:
 *
 * <ul>
 *   <li>who is assigned a partition begins where the last commit of it ended, or that of a later one whose outcome nobody knows, because
 *       it was refused or the connection ended;
 *   <li>from there on it is given every offset, one after the other, until the partition is taken from it;
 *   <li>nobody is given a partition that another one still has.
 * </ul>
 *
 * Each partition begins with a commit of offset 0, and a consumer that finds no commit, or one that its log does not have, fails.
 */
final class CommittingGroup implements AutoCloseable {
    private final String topic;
    private final List<TopicPartition> partitions;
    private final Map<TopicPartition, Progress> progress = new LinkedHashMap<>();
    private final List<Member> members = new ArrayList<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean ending;

    CommittingGroup(Clients clients, String group, String topic, int partitionCount, int memberCount) throws Exception {
        this.topic = topic;
        partitions = IntStream.range(0, partitionCount)
                .mapToObj(index -> new TopicPartition(topic, index))
                .toList();
        partitions.forEach(partition -> progress.put(partition, new Progress(partition)));
        try (Admin admin = clients.admin()) {
            admin.alterConsumerGroupOffsets(
                            group,
                            partitions.stream().collect(Collectors.toMap(any -> any, any -> new OffsetAndMetadata(0))))
                    .all()
                    .get();
        }
        for (int i = 0; i < memberCount; i++) {
            members.add(new Member(i, clients, group));
        }
        members.forEach(member -> member.thread.start());
        awaitShared();
    }

    /** What is known of one partition. All methods are called with this as the lock. */
    private static final class Progress {
        private static final int NOBODY = -1;

        final TopicPartition partition;
        final SortedMap<Long, Integer> read = new TreeMap<>();
        private final Set<Long> perhapsCommitted = new HashSet<>();
        private int owner = NOBODY;
        private long next;
        private long committed;

        Progress(TopicPartition partition) {
            this.partition = partition;
        }

        synchronized void assigned(int member, long position) {
            assertThat(owner)
                    .as("who has %s when %s gets it", partition, member)
                    .isEqualTo(NOBODY);
            assertThat(position == committed || perhapsCommitted.contains(position))
                    .as(
                            "%s begins at %s, which was committed: %s, or perhaps %s",
                            partition, position, committed, perhapsCommitted)
                    .isTrue();
            owner = member;
            next = position;
            committed = position;
            perhapsCommitted.clear();
        }

        synchronized void revoked(int member) {
            assertThat(owner).as("who has %s", partition).isEqualTo(member);
            owner = NOBODY;
        }

        synchronized void given(int member, ConsumerRecord<String, String> record) {
            assertThat(owner).as("who has %s", partition).isEqualTo(member);
            assertThat(record.offset()).as("what comes next of %s", partition).isEqualTo(next);
            next++;
            int number = Integer.parseInt(record.value());
            Integer before = read.put(record.offset(), number);
            assertThat(before == null || before == number)
                    .as("%s at offset %s of %s, where %s was before", number, record.offset(), partition, before)
                    .isTrue();
        }

        synchronized long committing() {
            perhapsCommitted.add(next);
            return next;
        }

        synchronized void committed(long offset) {
            committed = offset;
            perhapsCommitted.clear();
        }

        synchronized boolean isOwnedBy(int member) {
            return owner == member;
        }

        synchronized int readCount() {
            return read.size();
        }

        synchronized long committedOffset() {
            return committed;
        }

        synchronized SortedMap<Long, Integer> readUntilNow() {
            return new TreeMap<>(read);
        }
    }

    private final class Member implements ConsumerRebalanceListener {
        private final int id;
        private final KafkaConsumer<String, String> consumer;
        private final Thread thread;
        private volatile boolean wanted = true;
        private boolean subscribed;

        Member(int id, Clients clients, String group) {
            this.id = id;
            consumer = clients.consumer("group.id", group, "auto.offset.reset", "none");
            thread = new Thread(this::run, "reader-" + id);
        }

        private void run() {
            try (consumer) {
                while (!ending && failure.get() == null) {
                    if (wanted != subscribed) {
                        change();
                    }
                    if (subscribed) {
                        turn();
                    } else {
                        LockSupport.park(this);
                    }
                }
            } catch (RuntimeException | Error thrown) {
                failure.compareAndSet(null, thrown);
            }
        }

        private void change() {
            if (wanted) {
                consumer.subscribe(List.of(topic), this);
                subscribed = true;
            } else {
                consumer.unsubscribe();
                subscribed = false;
            }
        }

        private void turn() {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
            for (TopicPartition partition : records.partitions()) {
                records.records(partition)
                        .forEach(record -> progress.get(partition).given(id, record));
            }
            if (records.isEmpty()) {
                return;
            }
            Map<TopicPartition, OffsetAndMetadata> ends = records.partitions().stream()
                    .collect(Collectors.toMap(
                            partition -> partition,
                            partition -> new OffsetAndMetadata(
                                    progress.get(partition).committing())));
            try {
                consumer.commitSync(ends);
                ends.forEach((partition, end) -> progress.get(partition).committed(end.offset()));
            } catch (CommitFailedException | RebalanceInProgressException rebalancing) {
                // who has the partitions next tells where
            }
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            assigned.forEach(partition -> progress.get(partition).assigned(id, consumer.position(partition)));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            revoked.forEach(partition -> progress.get(partition).revoked(id));
        }
    }

    /** One member leaves, the others get its partitions, and it comes back: all with the same consumers. */
    void rebalance(int leaver) {
        members.get(leaver).wanted = false;
        Waiting.until("the others have all partitions", () -> {
            assertAlive();
            return progress.values().stream()
                    .allMatch(one ->
                            members.stream().anyMatch(member -> member.id != leaver && one.isOwnedBy(member.id)));
        });
        members.get(leaver).wanted = true;
        LockSupport.unpark(members.get(leaver).thread);
        awaitShared();
    }

    private void awaitShared() {
        Waiting.until("each member has a partition", () -> {
            assertAlive();
            return members.stream()
                    .allMatch(member -> progress.values().stream().anyMatch(one -> one.isOwnedBy(member.id)));
        });
    }

    private void assertAlive() {
        assertThat(failure.get()).isNull();
    }

    private int count() {
        return progress.values().stream().mapToInt(Progress::readCount).sum();
    }

    /** Returns when so many more records were read than now. */
    void awaitMore(int records) {
        int wanted = count() + records;
        Waiting.until(wanted + " records are read", () -> {
            assertAlive();
            return count() >= wanted;
        });
    }

    /** Waits until all is read and committed, and asserts that it is what was acknowledged, and that the broker says so, too. */
    void assertRead(Admin admin, String group, Map<TopicPartition, SortedMap<Long, Integer>> acknowledged)
            throws Exception {
        Map<TopicPartition, Long> ends = acknowledged.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().lastKey() + 1));
        Waiting.until("all is read and committed", () -> {
            assertAlive();
            return ends.entrySet().stream()
                    .allMatch(end -> progress.get(end.getKey()).committedOffset() == end.getValue());
        });
        Map<TopicPartition, Long> told =
                admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, entry -> entry.getValue().offset()));
        assertThat(told).isEqualTo(ends);
        close();
        assertAlive();
        for (TopicPartition partition : partitions) {
            assertThat(progress.get(partition).readUntilNow())
                    .as("what the group read of %s", partition)
                    .isEqualTo(acknowledged.get(partition));
        }
    }

    @Override
    public void close() {
        ending = true;
        try {
            for (Member member : members) {
                LockSupport.unpark(member.thread);
                member.thread.join(Waiting.DEADLINE.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
