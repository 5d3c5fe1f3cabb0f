package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.coordinator.group.ClassicGroup.Arrivals;
import ottla.coordinator.group.ClassicGroup.InitialDelay;
import ottla.coordinator.group.ClassicMember.Progress;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.SyncGroupResponse;

/**
 * How a classic group goes from one generation to the next, whatever set it off: gathering the members, closing the join phase,
 * waiting for everybody's sync, handing out assignments, and the timers of all that. Owned by the thread of its shard.
 */
final class ClassicRebalance {
    private static final Logger LOG = LoggerFactory.getLogger(ClassicRebalance.class);

    private final GroupConfig config;
    private final GroupTimers timers;

    ClassicRebalance(GroupConfig config, GroupTimers timers) {
        this.config = config;
        this.timers = timers;
    }

    /** Starts a rebalance if the group is in a state to, or else completes the one that runs if this was what it waited for. */
    Write prepareOrComplete(ClassicGroup group, long nowMs, String reason) {
        return group.state().canRebalance() ? prepare(group, nowMs, reason) : completeIfAllJoined(group, nowMs);
    }

    /** Ends the join phase early if everybody is there. The first rebalance of a group always waits its delay out. */
    Write completeIfAllJoined(ClassicGroup group, long nowMs) {
        if (group.is(ClassicState.PREPARING_REBALANCE) && !group.isFirstRebalance() && group.allHaveJoined()) {
            return completeJoin(group, nowMs);
        }
        return Write.NOTHING;
    }

    Write prepare(ClassicGroup group, long nowMs, String reason) {
        if (group.is(ClassicState.COMPLETING_REBALANCE)) {
            handOutError(group, ErrorCode.REBALANCE_IN_PROGRESS, nowMs);
        }
        group.expectNoSyncs();
        timers.cancel(new GroupTimer.Sync(group.groupId()));
        boolean first = group.is(ClassicState.EMPTY);
        LOG.info(
                "Group {} prepares to rebalance, {} with generation {}: {}",
                group.groupId(),
                group.state().text(),
                group.generation(),
                reason);
        group.transition(ClassicState.PREPARING_REBALANCE, nowMs);
        if (first) {
            int delayMs = config.initialRebalanceDelayMs();
            delayJoin(group, delayMs, Math.max(group.rebalanceTimeoutMs() - delayMs, 0), nowMs);
            return Write.NOTHING;
        }
        if (group.allHaveJoined()) {
            return completeJoin(group, nowMs);
        }
        waitForJoins(group, nowMs);
        return Write.NOTHING;
    }

    /** The timer of the join phase has run out. */
    Write joinExpired(ClassicGroup group, long nowMs) {
        InitialDelay initial = group.initialDelay().orElse(null);
        if (initial != null && group.arrivals() == Arrivals.SOME && initial.remainingMs() != 0) {
            group.setArrivals(Arrivals.NONE);
            int delayMs = Math.min(config.initialRebalanceDelayMs(), initial.remainingMs());
            delayJoin(group, delayMs, Math.max(initial.remainingMs() - initial.delayMs(), 0), nowMs);
            return Write.NOTHING;
        }
        return completeJoin(group, nowMs);
    }

    /** Closes the join phase: who has not joined is out unless static, and the rest is the next generation. */
    Write completeJoin(ClassicGroup group, long nowMs) {
        timers.cancel(new GroupTimer.Join(group.groupId()));
        group.setInitialDelay(null);
        for (ClassicMember member : List.copyOf(group.members())) {
            if (!member.awaitsJoin() && !member.isStatic()) {
                group.remove(member.memberId);
                dismiss(group, member);
            }
        }
        if (group.is(ClassicState.DEAD)) {
            return Write.NOTHING;
        }
        if (!group.electJoinedLeader() && group.memberCount() > 0) {
            LOG.info("Group {} waits on: only absent static members are left", group.groupId());
            waitForJoins(group, nowMs);
            return Write.NOTHING;
        }
        group.beginGeneration(nowMs);
        if (group.is(ClassicState.EMPTY)) {
            LOG.info("Group {} with generation {} is empty", group.groupId(), group.generation());
            return Write.of(GroupRecords.metadata(group, Map.of()), (outcome, endMs) -> {
                if (outcome != WriteOutcome.COMMITTED) {
                    LOG.warn("Group {} is empty, but that could not be written: {}", group.groupId(), outcome);
                }
            });
        }
        LOG.info("Group {} has {} members in generation {}", group.groupId(), group.memberCount(), group.generation());
        for (ClassicMember member : group.members()) {
            answerGeneration(group, member);
            restartSession(group, member, nowMs);
            member.setProgress(Progress.SEEN_AN_ANSWER);
            group.expectSync(member.memberId);
        }
        timers.schedule(new GroupTimer.Sync(group.groupId()), nowMs, group.rebalanceTimeoutMs());
        return Write.NOTHING;
    }

    /** Members that joined have not asked for their assignment in time: the generation goes on without them. */
    Write syncExpired(ClassicGroup group, long nowMs) {
        boolean waits = group.is(ClassicState.COMPLETING_REBALANCE) || group.is(ClassicState.STABLE);
        if (!waits || group.pendingSyncs().isEmpty()) {
            return Write.NOTHING;
        }
        List<String> late = List.copyOf(group.pendingSyncs());
        for (String memberId : late) {
            group.remove(memberId).ifPresent(member -> dismiss(group, member));
        }
        return prepare(group, nowMs, "members without a sync were removed: " + late);
    }

    /** A member has sent its sync, so nobody need wait for that any longer. */
    void gotSync(ClassicGroup group, String memberId) {
        group.gotSync(memberId);
        if (group.pendingSyncs().isEmpty()) {
            timers.cancel(new GroupTimer.Sync(group.groupId()));
        }
    }

    Write sessionExpired(ClassicGroup group, String memberId, long nowMs) {
        if (group.isPendingJoin(memberId)) {
            group.remove(memberId);
            return completeAfterRemoval(group, nowMs);
        }
        if (!group.has(memberId) || group.member(memberId).isAliveByWaiting()) {
            return Write.NOTHING;
        }
        LOG.info("Member {} of group {} has not been heard of and is removed", memberId, group.groupId());
        group.remove(memberId).ifPresent(member -> dismiss(group, member));
        if (group.is(ClassicState.STABLE) || group.is(ClassicState.COMPLETING_REBALANCE)) {
            return prepare(group, nowMs, "the session of " + memberId + " ran out");
        }
        return completeAfterRemoval(group, nowMs);
    }

    /** Answers whoever still waits for a member that is no more, and stops its clock. */
    void dismiss(ClassicGroup group, ClassicMember member) {
        timers.cancel(new GroupTimer.Session(group.groupId(), member.memberId));
        group.takeJoin(member).ifPresent(reply -> reply.answer(ClassicAnswers.join("", ErrorCode.UNKNOWN_MEMBER_ID)));
        group.takeSync(member).ifPresent(reply -> reply.answer(ClassicAnswers.sync(ErrorCode.UNKNOWN_MEMBER_ID)));
    }

    void restartSession(ClassicGroup group, ClassicMember member, long nowMs) {
        timers.schedule(new GroupTimer.Session(group.groupId(), member.memberId), nowMs, member.sessionTimeoutMs());
    }

    /** Gives every member its share; who is not mentioned gets nothing to do. */
    void handOut(ClassicGroup group, Map<String, ByteBuffer> assignments, long nowMs) {
        SyncGroupResponse common = SyncGroupResponse.DEFAULT
                .withProtocolType(group.protocolType().orElse(null))
                .withProtocolName(group.protocol().orElse(null));
        for (ClassicMember member : group.members()) {
            member.setAssignment(assignments.getOrDefault(member.memberId, ClassicMember.NO_BYTES));
            answerSync(group, member, common.withAssignment(member.assignment()), nowMs);
        }
    }

    /** Tells everybody who waits for an assignment why there is none. */
    void handOutError(ClassicGroup group, ErrorCode error, long nowMs) {
        Check.invariant(group.is(ClassicState.COMPLETING_REBALANCE), "assignments fail while a rebalance completes");
        for (ClassicMember member : group.members()) {
            member.setAssignment(ClassicMember.NO_BYTES);
            answerSync(group, member, ClassicAnswers.sync(error), nowMs);
        }
    }

    /** What a member is told of the present generation; the leader hears of everybody. */
    JoinGroupResponse generationFor(ClassicGroup group, String memberId) {
        return JoinGroupResponse.DEFAULT
                .withMembers(group.isLeader(memberId) ? group.memberMetadata() : List.of())
                .withMemberId(memberId)
                .withGenerationId(group.generation())
                .withProtocolName(group.protocol().orElse(null))
                .withProtocolType(group.protocolType().orElse(null))
                .withLeader(group.leaderId().orElse(""));
    }

    private Write completeAfterRemoval(ClassicGroup group, long nowMs) {
        return group.is(ClassicState.PREPARING_REBALANCE) && group.allHaveJoined()
                ? completeJoin(group, nowMs)
                : Write.NOTHING;
    }

    private void answerGeneration(ClassicGroup group, ClassicMember member) {
        group.takeJoin(member).ifPresent(reply -> reply.answer(generationFor(group, member.memberId)));
    }

    /** An answer shows the client alive, so its session begins anew. */
    private void answerSync(ClassicGroup group, ClassicMember member, SyncGroupResponse answer, long nowMs) {
        group.takeSync(member).ifPresent(reply -> {
            reply.answer(answer);
            restartSession(group, member, nowMs);
        });
    }

    private void delayJoin(ClassicGroup group, int delayMs, int remainingMs, long nowMs) {
        group.setInitialDelay(new InitialDelay(delayMs, remainingMs));
        timers.schedule(new GroupTimer.Join(group.groupId()), nowMs, delayMs);
    }

    private void waitForJoins(ClassicGroup group, long nowMs) {
        group.setInitialDelay(null);
        timers.schedule(new GroupTimer.Join(group.groupId()), nowMs, group.rebalanceTimeoutMs());
    }
}
