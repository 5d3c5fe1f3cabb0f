package ottla.coordinator.io;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.GroupTimer;
import ottla.coordinator.group.GroupTimers;
import ottla.coordinator.group.MemberIds;
import ottla.coordinator.group.Write;
import ottla.coordinator.group.WriteOutcome;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.MachineShard;
import ottla.replication.machine.Command;
import ottla.replication.machine.Decision;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.MachineRuntime;
import ottla.replication.machine.MachineTimers;
import ottla.replication.machine.Outcome;
import ottla.replication.machine.Refusal;
import ottla.replication.machine.Versions;

/**
 * One partition of {@code __consumer_offsets} for as long as this node leads it: a {@link GroupShard} on the runtime, its timers
 * bound to the runtime's. Methods may be called from any thread; the shard is touched on the loop's thread only.
 */
final class GroupTerm {
    private static final Logger LOG = LoggerFactory.getLogger(GroupTerm.class);
    private static final String CLEAN_UP = "clean-up";

    private final GroupConfig config;
    private final LongSupplier clockMs;
    private final MachineTimers<GroupRecord> timers = new MachineTimers<>();
    private final GroupShard groups;
    private final MachineShard<GroupRecord> machine;

    GroupTerm(String name, GroupConfig config, MemberIds memberIds, MachineLoop loop, LongSupplier clockMs) {
        this.config = config;
        this.clockMs = clockMs;
        Versions versions = new Versions();
        groups = new GroupShard(config, versions, new BoundTimers(), memberIds);
        machine = loop.adopt(
                name,
                new MachineRuntime<>(
                        groups, versions, timers, defect -> LOG.error("{}: a request failed", name, defect)));
        machine.load();
    }

    MachineShard<GroupRecord> machine() {
        return machine;
    }

    GroupShard groups() {
        return groups;
    }

    void lead(MachineLog<GroupRecord> log) {
        machine.lead(log);
        machine.execute(runtime -> {
            groups.loaded(clockMs.getAsLong());
            scheduleCleanUp(clockMs.getAsLong());
        });
    }

    void resign() {
        machine.execute(runtime -> {
            runtime.resign();
            groups.groups().unload();
        });
        machine.close();
    }

    /** A request, or anything else that is decided on the shard's state. */
    interface Step {
        Write decide(GroupShard shard, long nowMs);
    }

    /** Decides and writes; if it does not even come to a decision, {@code refused} is told why. */
    void run(Step step, Consumer<ErrorCode> refused) {
        Run run = new Run(step, refused);
        machine.submit(run, config.offsetsCommitTimeoutMs(), run);
    }

    /** Removes what groups committed in topics that are no more. */
    void forgetTopics(Map<String, Uuid> deleted) {
        machine.execute(runtime -> groups.groupIds()
                .forEach(groupId -> run((shard, nowMs) -> shard.forgetTopics(groupId, deleted), error -> {})));
    }

    private void cleanUp() {
        groups.groupIds().forEach(groupId -> run((shard, nowMs) -> shard.cleanUp(groupId, nowMs), error -> {}));
    }

    private void scheduleCleanUp(long nowMs) {
        timers.schedule(CLEAN_UP, nowMs + config.offsetsRetentionCheckIntervalMs(), firedMs -> {
            cleanUp();
            scheduleCleanUp(firedMs);
            return Decision.of(CLEAN_UP);
        });
    }

    /** One step on its way: decided once, told once how it ended. */
    private final class Run implements Command<GroupRecord, Write>, Consumer<Outcome<Write>> {
        private final Step step;
        private final Consumer<ErrorCode> refused;
        private @Nullable Write decided;

        Run(Step step, Consumer<ErrorCode> refused) {
            this.step = step;
            this.refused = refused;
        }

        @Override
        public Decision<GroupRecord, Write> decide(long nowMs) {
            Write write = step.decide(groups, nowMs);
            decided = write;
            return new Decision<>(write.records(), write);
        }

        @Override
        public void accept(Outcome<Write> outcome) {
            WriteOutcome ended = switch (outcome) {
                case Outcome.Answered<Write> answered -> WriteOutcome.COMMITTED;
                case Outcome.Refused<Write> refusal -> meaning(refusal.refusal());
            };
            Write write = decided;
            if (write == null) {
                refused.accept(ended.error());
            } else {
                write.written().ended(ended, clockMs.getAsLong());
            }
        }
    }

    static WriteOutcome meaning(Refusal refusal) {
        return switch (refusal) {
            case NOT_LEADER, STORAGE -> WriteOutcome.NOT_LEADER;
            case LOADING -> WriteOutcome.LOADING;
            case NOT_ENOUGH_REPLICAS, OVERLOADED -> WriteOutcome.UNAVAILABLE;
            case TIMED_OUT -> WriteOutcome.TIMED_OUT;
            case TOO_LARGE, BROKEN -> WriteOutcome.FAILED;
        };
    }

    /**
     * A timer of the runtime may not write and hear how that went, so it gives a command that may. Between the two the timer is
     * due: whoever sets or cancels it in that time, because a member was heard of just so, still comes first.
     */
    private final class BoundTimers implements GroupTimers {
        private final Set<GroupTimer> due = new HashSet<>();

        @Override
        public void schedule(GroupTimer timer, long nowMs, long delayMs) {
            due.remove(timer);
            timers.schedule(timer, nowMs + delayMs, firedMs -> {
                due.add(timer);
                run(
                        (shard, runMs) -> due.remove(timer) ? shard.groups().expired(timer, runMs) : Write.NOTHING,
                        error -> later(timer));
                return Decision.of(timer);
            });
        }

        /** The loop has too much to do: a member must not live for ever because of that. */
        private void later(GroupTimer timer) {
            if (due.remove(timer)) {
                schedule(timer, clockMs.getAsLong(), MachineRuntime.TIMER_RETRY_MS);
            }
        }

        @Override
        public void cancel(GroupTimer timer) {
            due.remove(timer);
            timers.cancel(timer);
        }
    }
}
