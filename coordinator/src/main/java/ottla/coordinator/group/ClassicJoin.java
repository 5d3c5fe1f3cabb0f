package ottla.coordinator.group;

import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.coordinator.group.ClassicMember.Progress;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;

/**
 * JoinGroup: a client becomes a member, comes back, or says anew what it supports. The answer waits for the generation unless the
 * join changes nothing. Owned by the thread of its shard.
 */
final class ClassicJoin {
    /** From this version on a newcomer is told its member id first and joins with it (KIP-394). */
    private static final int MEMBER_ID_REQUIRED_VERSION = 4;

    /** From this version on a leader may be told to keep the assignment as it is (KIP-814). */
    private static final int SKIP_ASSIGNMENT_VERSION = 9;

    private final GroupConfig config;
    private final GroupTimers timers;
    private final MemberIds memberIds;
    private final ClassicRebalance rebalance;

    ClassicJoin(GroupConfig config, GroupTimers timers, MemberIds memberIds, ClassicRebalance rebalance) {
        this.config = config;
        this.timers = timers;
        this.memberIds = memberIds;
        this.rebalance = rebalance;
    }

    /** A join, by whom, and where its answer goes. */
    record Ask(GroupCaller caller, int version, JoinGroupRequest request, Reply<JoinGroupResponse> reply) {
        String reason() {
            String reason = request.reason();
            return reason == null || reason.isEmpty() ? "not given" : reason;
        }

        /** Version 0 knows one timeout for both. */
        int rebalanceTimeoutMs() {
            return version == 0 ? request.sessionTimeoutMs() : request.rebalanceTimeoutMs();
        }

        void refuse(String memberId, ErrorCode error) {
            reply.answer(ClassicAnswers.join(memberId, error));
        }
    }

    Write join(ClassicGroup group, Ask ask, long nowMs) {
        String memberId = ask.request.memberId();
        if (!hasRoom(group, memberId)) {
            group.remove(memberId).ifPresent(member -> rebalance.dismiss(group, member));
            ask.refuse("", ErrorCode.GROUP_MAX_SIZE_REACHED);
            return Write.NOTHING;
        }
        if (group.is(ClassicState.DEAD)) {
            ask.refuse(memberId, ErrorCode.COORDINATOR_NOT_AVAILABLE);
            return Write.NOTHING;
        }
        if (!group.supports(ask.request.protocolType(), ask.request.protocols())) {
            ask.refuse(memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
            return Write.NOTHING;
        }
        return memberId.isEmpty() ? joinNew(group, ask, nowMs) : joinKnown(group, ask, memberId, nowMs);
    }

    /** A group in rebalance counts those who have joined, so that the fastest come in; at rest it counts all members. */
    private boolean hasRoom(ClassicGroup group, String memberId) {
        return switch (group.state()) {
            case EMPTY, DEAD -> true;
            case PREPARING_REBALANCE ->
                (group.has(memberId) && group.member(memberId).awaitsJoin())
                        || group.awaitingJoinCount() < config.maxSize();
            case COMPLETING_REBALANCE, STABLE -> group.has(memberId) || group.memberCount() < config.maxSize();
        };
    }

    private Write joinNew(ClassicGroup group, Ask ask, long nowMs) {
        String instance = ask.request.groupInstanceId();
        String newMemberId = (instance == null ? ask.caller.clientId() : instance) + "-" + memberIds.fresh();
        if (instance != null) {
            Optional<String> holder = group.staticMemberId(instance);
            return holder.isPresent()
                    ? replaceStatic(group, ask, holder.get(), newMemberId, nowMs)
                    : add(group, ask, newMemberId, nowMs);
        }
        if (ask.version < MEMBER_ID_REQUIRED_VERSION) {
            return add(group, ask, newMemberId, nowMs);
        }
        group.expectJoin(newMemberId);
        timers.schedule(new GroupTimer.Session(group.groupId(), newMemberId), nowMs, ask.request.sessionTimeoutMs());
        ask.refuse(newMemberId, ErrorCode.MEMBER_ID_REQUIRED);
        return Write.NOTHING;
    }

    private Write joinKnown(ClassicGroup group, Ask ask, String memberId, long nowMs) {
        if (group.isPendingJoin(memberId)) {
            if (ask.request.groupInstanceId() != null) {
                ask.refuse("", ErrorCode.UNKNOWN_SERVER_ERROR);
                return Write.NOTHING;
            }
            return add(group, ask, memberId, nowMs);
        }
        ErrorCode refusal = group.checkMember(memberId, ask.request.groupInstanceId());
        if (refusal != ErrorCode.NONE) {
            ask.refuse(memberId, refusal);
            return Write.NOTHING;
        }
        ClassicMember member = group.member(memberId);
        boolean unchanged = member.protocols().equals(ask.request.protocols());
        return switch (group.state()) {
            case PREPARING_REBALANCE -> rejoin(group, ask, member, nowMs);
            case COMPLETING_REBALANCE ->
                // An answer may have been lost: a member that asks for the same gets it again.
                unchanged ? answerGeneration(group, ask, memberId) : rejoin(group, ask, member, nowMs);
            case STABLE ->
                // A leader that joins again wants a new assignment, for reasons that only it sees (more partitions,
                // say).
                unchanged && !group.isLeader(memberId)
                        ? answerGeneration(group, ask, memberId)
                        : rejoin(group, ask, member, nowMs);
            case EMPTY, DEAD -> {
                ask.refuse(memberId, ErrorCode.UNKNOWN_MEMBER_ID);
                yield Write.NOTHING;
            }
        };
    }

    private Write answerGeneration(ClassicGroup group, Ask ask, String memberId) {
        ask.reply.answer(rebalance.generationFor(group, memberId));
        return Write.NOTHING;
    }

    private Write rejoin(ClassicGroup group, Ask ask, ClassicMember member, long nowMs) {
        update(group, ask, member);
        return rebalance.prepareOrComplete(
                group, nowMs, "member " + member.memberId + " joined again, its reason: " + ask.reason());
    }

    private void update(ClassicGroup group, Ask ask, ClassicMember member) {
        group.setProtocols(member, ask.request.protocols());
        member.setTimeouts(ask.rebalanceTimeoutMs(), ask.request.sessionTimeoutMs());
        hold(group, ask, member);
    }

    /** A client has one join in flight; if it sends another, nobody waits for the first any more. */
    private void hold(ClassicGroup group, Ask ask, ClassicMember member) {
        group.holdJoin(member, ask.reply)
                .ifPresent(
                        before -> before.answer(ClassicAnswers.join(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS)));
    }

    private Write add(ClassicGroup group, Ask ask, String memberId, long nowMs) {
        JoinGroupRequest request = ask.request;
        ClassicMember member = new ClassicMember(
                memberId,
                Optional.ofNullable(request.groupInstanceId()),
                ask.caller,
                ask.rebalanceTimeoutMs(),
                request.sessionTimeoutMs(),
                request.protocols());
        member.setProgress(Progress.NEW);
        if (group.isFirstRebalance()) {
            group.setArrivals(ClassicGroup.Arrivals.SOME);
        }
        group.add(member, request.protocolType());
        hold(group, ask, member);
        timers.schedule(
                new GroupTimer.Session(group.groupId(), memberId), nowMs, GroupConfig.NEW_MEMBER_JOIN_TIMEOUT_MS);
        return rebalance.prepareOrComplete(group, nowMs, "new member " + memberId + ", its reason: " + ask.reason());
    }

    /** A static member came back without its member id: it takes the place of its former self, which is fenced (KIP-345). */
    private Write replaceStatic(ClassicGroup group, Ask ask, String oldMemberId, String newMemberId, long nowMs) {
        String instance = Optional.ofNullable(ask.request.groupInstanceId()).orElseThrow();
        String leaderBefore = group.leaderId().orElse("");
        ClassicMember member = rename(group, instance, oldMemberId, newMemberId, nowMs);
        Before before = new Before(member.protocols(), member.rebalanceTimeoutMs(), member.sessionTimeoutMs());
        update(group, ask, member);
        return switch (group.state()) {
            case STABLE ->
                group.selectProtocol().equals(group.protocol().orElse(""))
                        ? writeReplaced(group, ask, member, oldMemberId, before, leaderBefore)
                        : rebalance.prepareOrComplete(
                                group, nowMs, "a static member came back and changed the protocol: " + newMemberId);
            case COMPLETING_REBALANCE -> rebalance.prepare(group, nowMs, "a static member came back: " + newMemberId);
            case PREPARING_REBALANCE -> rebalance.completeIfAllJoined(group, nowMs);
            case EMPTY, DEAD ->
                throw new IllegalStateException("a group with a static member is neither empty nor dead");
        };
    }

    private Write writeReplaced(
            ClassicGroup group, Ask ask, ClassicMember member, String oldMemberId, Before before, String leaderBefore) {
        return Write.of(GroupRecords.metadata(group, group.assignments()), (outcome, nowMs) -> {
            if (outcome == WriteOutcome.COMMITTED) {
                answerReplaced(group, ask, member, leaderBefore);
            } else {
                undoReplace(group, ask, member, oldMemberId, before, leaderBefore, outcome, nowMs);
            }
        });
    }

    private record Before(List<JoinGroupRequestProtocol> protocols, int rebalanceTimeoutMs, int sessionTimeoutMs) {}

    private ClassicMember rename(
            ClassicGroup group, String instance, String oldMemberId, String newMemberId, long nowMs) {
        ClassicMember old = group.member(oldMemberId);
        group.takeJoin(old)
                .ifPresent(reply -> reply.answer(ClassicAnswers.join(oldMemberId, ErrorCode.FENCED_INSTANCE_ID)));
        group.takeSync(old).ifPresent(reply -> reply.answer(ClassicAnswers.sync(ErrorCode.FENCED_INSTANCE_ID)));
        timers.cancel(new GroupTimer.Session(group.groupId(), oldMemberId));
        ClassicMember member = group.rename(instance, oldMemberId, newMemberId);
        rebalance.restartSession(group, member, nowMs);
        return member;
    }

    /**
     * The group stays stable. A leader that can be told so keeps the assignment; an older one must not believe that it leads, or
     * it would assign anew, so it is shown the leader as it was before.
     */
    private void answerReplaced(ClassicGroup group, Ask ask, ClassicMember member, String leaderBefore) {
        if (!group.is(ClassicState.STABLE) && !group.is(ClassicState.COMPLETING_REBALANCE)) {
            return; // a rebalance has begun meanwhile and will answer
        }
        JoinGroupResponse answer = rebalance.generationFor(group, member.memberId);
        if (ask.version >= SKIP_ASSIGNMENT_VERSION) {
            answer = answer.withSkipAssignment(group.isLeader(member.memberId));
        } else {
            answer = answer.withMembers(List.of()).withLeader(leaderBefore);
        }
        JoinGroupResponse complete = answer;
        group.takeJoin(member).ifPresent(reply -> reply.answer(complete));
    }

    private void undoReplace(
            ClassicGroup group,
            Ask ask,
            ClassicMember member,
            String oldMemberId,
            Before before,
            String leaderBefore,
            WriteOutcome outcome,
            long nowMs) {
        group.takeJoin(member);
        ask.reply.answer(ClassicAnswers.join("", outcome.error())
                .withGenerationId(group.generation())
                .withProtocolName(group.protocol().orElse(null))
                .withProtocolType(group.protocolType().orElse(null))
                .withLeader(leaderBefore));
        if (outcome.takenBack() && group.has(member.memberId)) {
            group.setProtocols(member, before.protocols);
            member.setTimeouts(before.rebalanceTimeoutMs, before.sessionTimeoutMs);
            rename(group, member.groupInstanceId.orElseThrow(), member.memberId, oldMemberId, nowMs);
        }
    }
}
