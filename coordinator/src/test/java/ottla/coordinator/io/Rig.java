package ottla.coordinator.io;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.MachineShard;
import ottla.replication.machine.MemoryMachineLog;
import ottla.replication.machine.MemoryMachineLog.Commit;

/**
 * A group coordinator on the test's own thread and clock, with one partition of the offsets topic and a log in memory. Member ids
 * are numbered.
 */
final class Rig {
    static final int PARTITION = 0;

    final Topics topics = new Topics();
    private final GroupConfig config;
    private final MachineLoop loop = new MachineLoop(this::nowMs, () -> {});
    private MemoryMachineLog<GroupRecord> log;
    private GroupCoordinator coordinator;
    private MachineShard<GroupRecord> machine;
    private long nowMs = 1_000_000;
    private int lastMemberNumber;

    Rig(GroupConfig config, Commit commit) {
        this.config = config;
        log = new MemoryMachineLog<>(commit);
        coordinator = newCoordinator();
        machine = coordinator.load(PARTITION);
        coordinator.lead(PARTITION, log);
        settle();
    }

    private GroupCoordinator newCoordinator() {
        return new GroupCoordinator(config, topics, () -> String.valueOf(++lastMemberNumber), loop, this::nowMs);
    }

    GroupCoordinator coordinator() {
        return coordinator;
    }

    MemoryMachineLog<GroupRecord> log() {
        return log;
    }

    long nowMs() {
        return nowMs;
    }

    /** Runs until nothing is left to do now. */
    void settle() {
        while (loop.drain()) {
            // on to the next turn
        }
    }

    /** Lets time pass, stopping wherever a timer is due. */
    void pass(long ms) {
        long endMs = nowMs + ms;
        for (long dueMs = loop.nextDeadlineMs(); dueMs <= endMs; dueMs = loop.nextDeadlineMs()) {
            nowMs = Math.max(nowMs, dueMs);
            settle();
        }
        nowMs = endMs;
        settle();
    }

    /** Commits all that stands in a log that commits by hand. */
    void commitAll() {
        machine.committed(log.commitAll());
        settle();
    }

    /** The node is killed and another reads the log from the start. */
    void restart(Commit commit) {
        MemoryMachineLog<GroupRecord> old = log;
        coordinator.resign(PARTITION);
        settle();
        log = new MemoryMachineLog<>(commit);
        coordinator = newCoordinator();
        machine = coordinator.load(PARTITION);
        for (MemoryMachineLog.Batch<GroupRecord> batch : old.batches()) {
            machine.replay(batch.baseOffset(), batch.records());
            log.append(batch.records());
        }
        log.commitAll();
        coordinator.lead(PARTITION, log);
        settle();
    }

    MachineLoop loop() {
        return loop;
    }

    /** Topics by name with an id each, and one partition of the offsets topic. */
    static final class Topics implements TopicFacts {
        private final Map<String, Uuid> ids = new HashMap<>();
        private final Map<String, Integer> counts = new HashMap<>(Map.of(GroupCoordinator.OFFSETS_TOPIC, 1));

        Uuid create(String name, int partitionCount) {
            Uuid id = new Uuid(7, name.hashCode());
            ids.put(name, id);
            counts.put(name, partitionCount);
            return id;
        }

        void delete(String name) {
            ids.remove(name);
            counts.remove(name);
        }

        @Override
        public Uuid topicId(String name) {
            return ids.getOrDefault(name, Uuid.ZERO);
        }

        @Override
        public Optional<String> topicName(Uuid topicId) {
            return ids.entrySet().stream()
                    .filter(one -> one.getValue().equals(topicId))
                    .map(Map.Entry::getKey)
                    .findFirst();
        }

        @Override
        public int partitionCount(String name) {
            return counts.getOrDefault(name, 0);
        }
    }
}
