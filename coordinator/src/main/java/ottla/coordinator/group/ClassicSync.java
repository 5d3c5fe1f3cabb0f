package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.message.SyncGroupResponse;

/**
 * SyncGroup: the leader brings the assignment of its generation, which is written before anybody learns of it, and everyone fetches
 * their share. Owned by the thread of its shard.
 */
final class ClassicSync {
    private final ClassicRebalance rebalance;

    ClassicSync(ClassicRebalance rebalance) {
        this.rebalance = rebalance;
    }

    Write sync(ClassicGroup group, SyncGroupRequest request, Reply<SyncGroupResponse> reply) {
        ErrorCode refusal = check(group, request);
        if (refusal != ErrorCode.NONE) {
            reply.answer(ClassicAnswers.sync(refusal));
            return Write.NOTHING;
        }
        return switch (group.state()) {
            case COMPLETING_REBALANCE -> hold(group, request, reply);
            case STABLE -> {
                rebalance.gotSync(group, request.memberId());
                reply.answer(SyncGroupResponse.DEFAULT
                        .withProtocolType(group.protocolType().orElse(null))
                        .withProtocolName(group.protocol().orElse(null))
                        .withAssignment(group.member(request.memberId()).assignment()));
                yield Write.NOTHING;
            }
            case PREPARING_REBALANCE, EMPTY, DEAD -> {
                reply.answer(ClassicAnswers.sync(ErrorCode.REBALANCE_IN_PROGRESS));
                yield Write.NOTHING;
            }
        };
    }

    private static ErrorCode check(ClassicGroup group, SyncGroupRequest request) {
        if (group.is(ClassicState.DEAD)) {
            return ErrorCode.COORDINATOR_NOT_AVAILABLE;
        }
        ErrorCode member = group.checkMember(request.memberId(), request.groupInstanceId());
        if (member != ErrorCode.NONE) {
            return member;
        }
        if (request.generationId() != group.generation()) {
            return ErrorCode.ILLEGAL_GENERATION;
        }
        boolean consistent = agree(request.protocolType(), group.protocolType().orElse(null))
                && agree(request.protocolName(), group.protocol().orElse(null));
        return consistent ? ErrorCode.NONE : ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    }

    /** Who does not say, agrees: versions below 5 cannot. */
    private static boolean agree(@Nullable String said, @Nullable String known) {
        return said == null || known == null || said.equals(known);
    }

    private Write hold(ClassicGroup group, SyncGroupRequest request, Reply<SyncGroupResponse> reply) {
        ClassicMember member = group.member(request.memberId());
        Reply<SyncGroupResponse> before = member.exchangeSync(reply);
        if (before != null) {
            before.answer(ClassicAnswers.sync(ErrorCode.REBALANCE_IN_PROGRESS));
        }
        rebalance.gotSync(group, member.memberId);
        if (!group.isLeader(member.memberId)) {
            return Write.NOTHING;
        }
        Map<String, ByteBuffer> assignments = new HashMap<>();
        request.assignments().forEach(one -> assignments.put(one.memberId(), one.assignment()));
        int generation = group.generation();
        return Write.of(GroupRecords.metadata(group, assignments), (outcome, nowMs) -> {
            if (group.is(ClassicState.COMPLETING_REBALANCE) && group.generation() == generation) {
                assigned(group, assignments, outcome, nowMs);
            }
        });
    }

    private void assigned(ClassicGroup group, Map<String, ByteBuffer> assignments, WriteOutcome outcome, long nowMs) {
        if (outcome == WriteOutcome.COMMITTED) {
            rebalance.handOut(group, assignments, nowMs);
            group.transition(ClassicState.STABLE, nowMs);
        } else {
            rebalance.handOutError(group, outcome.error(), nowMs);
            // Its members are all still to join, so this has nothing to write.
            rebalance.prepareOrComplete(group, nowMs, "the assignment could not be written: " + outcome);
        }
    }
}
