package ottla.coordinator.io;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.MemberIds;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.MachineShard;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.MemoryMachineLog;
import ottla.replication.machine.MemoryMachineLog.Commit;
import ottla.replication.machine.Refusal;

/**
 * A group coordinator on the test's own thread and clock, with one partition of the offsets topic and a log in memory. Member ids
 * are numbered.
 */
final class Rig {
    static final int PARTITION = 0;
    static final long START_MS = 1_000_000;

    /** Defects end in the log of a running node; here they end the test. */
    private static final ListAppender<ILoggingEvent> DEFECTS = new ListAppender<>();

    static {
        ThresholdFilter errors = new ThresholdFilter();
        errors.setLevel("ERROR");
        errors.start();
        DEFECTS.addFilter(errors);
        DEFECTS.start();
        ((Logger) LoggerFactory.getLogger("ottla")).addAppender(DEFECTS);
    }

    final Topics topics = new Topics();
    private final GroupConfig config;
    private final MachineLoop loop = new MachineLoop(this::nowMs, () -> {});
    private MemoryMachineLog<GroupRecord> log;
    private GroupCoordinator coordinator;
    private MachineShard<GroupRecord> machine;
    private final MemberIds memberIds;
    private long nowMs = START_MS;
    private int lastMemberNumber;
    private Refuse refuse = Refuse.NONE;

    Rig(GroupConfig config, Commit commit) {
        this.config = config;
        this.memberIds = () -> String.valueOf(++lastMemberNumber);
        log = new MemoryMachineLog<>(commit);
        coordinator = newCoordinator();
        machine = coordinator.load(PARTITION);
        coordinator.lead(PARTITION, new SwitchedLog());
        settle();
    }

    Rig(GroupConfig config, Commit commit, MemberIds memberIds) {
        this.config = config;
        this.memberIds = memberIds;
        log = new MemoryMachineLog<>(commit);
        coordinator = newCoordinator();
        machine = coordinator.load(PARTITION);
        coordinator.lead(PARTITION, new SwitchedLog());
        settle();
    }

    private GroupCoordinator newCoordinator() {
        return new GroupCoordinator(config, topics, memberIds, loop, this::nowMs);
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
        assertThat(DEFECTS.list).as("defects that were logged").isEmpty();
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
        coordinator.lead(PARTITION, new SwitchedLog());
        settle();
    }

    MachineLoop loop() {
        return loop;
    }

    /** Whether appends are refused for want of replicas, until told otherwise. */
    void refuseAppends(Refuse which) {
        refuse = which;
    }

    enum Refuse {
        NONE,
        ALL
    }

    /** The log in memory behind a switch. */
    private final class SwitchedLog implements MachineLog<GroupRecord> {
        @Override
        public long endOffset() {
            return log.endOffset();
        }

        @Override
        public long committedEndOffset() {
            return log.committedEndOffset();
        }

        @Override
        public Append append(List<GroupRecord> records) {
            return refuse == Refuse.ALL ? new Append.Refused(Refusal.NOT_ENOUGH_REPLICAS) : log.append(records);
        }
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
