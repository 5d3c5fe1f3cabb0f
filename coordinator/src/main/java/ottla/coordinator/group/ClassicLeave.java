package ottla.coordinator.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.LeaveGroupRequest;
import ottla.wire.message.LeaveGroupRequest.MemberIdentity;
import ottla.wire.message.LeaveGroupResponse;
import ottla.wire.message.LeaveGroupResponse.MemberResponse;

/** Heartbeat and LeaveGroup: how a client says that it is still there, and that it no longer is. Owned by the thread of its shard. */
final class ClassicLeave {
    private static final Logger LOG = LoggerFactory.getLogger(ClassicLeave.class);

    private final GroupTimers timers;
    private final ClassicRebalance rebalance;

    ClassicLeave(GroupTimers timers, ClassicRebalance rebalance) {
        this.timers = timers;
        this.rebalance = rebalance;
    }

    HeartbeatResponse heartbeat(ClassicGroup group, HeartbeatRequest request, long nowMs) {
        ErrorCode refusal = checkHeartbeat(group, request);
        if (refusal != ErrorCode.NONE) {
            return ClassicAnswers.heartbeat(refusal);
        }
        rebalance.restartSession(group, group.member(request.memberId()), nowMs);
        return ClassicAnswers.heartbeat(
                group.is(ClassicState.PREPARING_REBALANCE) ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE);
    }

    private static ErrorCode checkHeartbeat(ClassicGroup group, HeartbeatRequest request) {
        if (group.is(ClassicState.DEAD)) {
            return ErrorCode.COORDINATOR_NOT_AVAILABLE;
        }
        ErrorCode member = group.checkMember(request.memberId(), request.groupInstanceId());
        if (member != ErrorCode.NONE) {
            return member;
        }
        return request.generationId() == group.generation() ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
    }

    /** Lets several members go at once (KIP-345); each has its own verdict. The answer waits for what this writes. */
    Write leave(ClassicGroup group, LeaveGroupRequest request, Reply<LeaveGroupResponse> reply, long nowMs) {
        if (group.is(ClassicState.DEAD)) {
            reply.answer(LeaveGroupResponse.DEFAULT.withErrorCode(ErrorCode.COORDINATOR_NOT_AVAILABLE.code()));
            return Write.NOTHING;
        }
        List<MemberResponse> verdicts = new ArrayList<>(request.members().size());
        List<String> gone = new ArrayList<>();
        for (MemberIdentity leaver : request.members()) {
            ErrorCode verdict = leave(group, leaver);
            if (verdict == ErrorCode.NONE) {
                gone.add(leaver.memberId());
            }
            verdicts.add(MemberResponse.DEFAULT
                    .withMemberId(leaver.memberId())
                    .withGroupInstanceId(leaver.groupInstanceId())
                    .withErrorCode(verdict.code()));
        }
        // An empty group has nobody to rebalance: only ids that were given out are handed back.
        Write write = gone.isEmpty() || group.is(ClassicState.EMPTY)
                ? Write.NOTHING
                : rebalance.prepareOrComplete(group, nowMs, "members left on their own: " + gone);
        LeaveGroupResponse answer = LeaveGroupResponse.DEFAULT.withMembers(verdicts);
        return new Write(write.records(), (outcome, endMs) -> {
            write.written().ended(outcome, endMs);
            reply.answer(
                    outcome == WriteOutcome.COMMITTED
                            ? answer
                            : LeaveGroupResponse.DEFAULT.withErrorCode(
                                    outcome.error().code()));
        });
    }

    private ErrorCode leave(ClassicGroup group, MemberIdentity leaver) {
        String memberId = leaver.memberId();
        String instance = leaver.groupInstanceId();
        if (memberId.isEmpty()) {
            Optional<String> holder = instance == null ? Optional.empty() : group.staticMemberId(instance);
            holder.ifPresent(id -> remove(group, leaver, id));
            return holder.isPresent() ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
        }
        if (group.isPendingJoin(memberId)) {
            timers.cancel(new GroupTimer.Session(group.groupId(), memberId));
            group.remove(memberId);
            return ErrorCode.NONE;
        }
        ErrorCode verdict = group.checkMember(memberId, instance);
        if (verdict == ErrorCode.NONE) {
            remove(group, leaver, memberId);
        }
        return verdict;
    }

    private void remove(ClassicGroup group, MemberIdentity leaver, String memberId) {
        LOG.info("Member {} leaves group {}, its reason: {}", memberId, group.groupId(), leaver.reason());
        group.remove(memberId).ifPresent(member -> rebalance.dismiss(group, member));
    }
}
