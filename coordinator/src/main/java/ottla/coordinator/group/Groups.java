package ottla.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.coordinator.group.ClassicMember.Progress;
import ottla.wire.message.DescribeGroupsResponse.DescribedGroup;
import ottla.wire.message.DescribeGroupsResponse.DescribedGroupMember;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.LeaveGroupRequest;
import ottla.wire.message.LeaveGroupRequest.MemberIdentity;
import ottla.wire.message.LeaveGroupResponse;
import ottla.wire.message.LeaveGroupResponse.MemberResponse;
import ottla.wire.message.ListGroupsRequest;
import ottla.wire.message.ListGroupsResponse.ListedGroup;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.message.SyncGroupResponse;
import ottla.wire.message.group.GroupMetadataValue;
import ottla.wire.message.group.GroupMetadataValue.MemberMetadata;

/**
 * All groups of one shard, by id, and what can be asked of them. A group comes to be with its first join or its first committed
 * offset and ends when it is deleted or has neither members nor offsets.
 *
 * <p>Owned by the thread of its shard. Requests are decided on live state; {@link #restore} rebuilds that state from the log while
 * the shard is loaded, and is not used afterwards.
 */
public final class Groups {
    private static final Logger LOG = LoggerFactory.getLogger(Groups.class);

    /** From this version on DescribeGroups says that a group does not exist; before, it is shown as dead. */
    private static final int DESCRIBE_NOT_FOUND_VERSION = 6;

    private final GroupConfig config;
    private final Map<String, ClassicGroup> groups = new HashMap<>();
    private final ClassicRebalance rebalance;
    private final ClassicJoin joins;
    private final ClassicSync syncs;
    private final ClassicLeave leaves;

    public Groups(GroupConfig config, GroupTimers timers, MemberIds memberIds) {
        this.config = config;
        this.rebalance = new ClassicRebalance(config, timers);
        this.joins = new ClassicJoin(config, timers, memberIds, rebalance);
        this.syncs = new ClassicSync(rebalance);
        this.leaves = new ClassicLeave(timers, rebalance);
    }

    public Optional<ClassicGroup> find(String groupId) {
        return Optional.ofNullable(groups.get(groupId));
    }

    public Collection<ClassicGroup> all() {
        return groups.values();
    }

    /** The group of this id, made now if there is none: somebody commits offsets without being a member of anything. */
    public ClassicGroup findOrCreate(String groupId, long nowMs) {
        return groups.computeIfAbsent(groupId, id -> new ClassicGroup(id, nowMs));
    }

    // The requests of members.

    public Write join(
            GroupCaller caller, int version, JoinGroupRequest request, Reply<JoinGroupResponse> reply, long nowMs) {
        ClassicGroup existing = groups.get(request.groupId());
        if (existing == null && !request.memberId().isEmpty()) {
            reply.answer(ClassicAnswers.join(request.memberId(), ErrorCode.UNKNOWN_MEMBER_ID));
            return Write.NOTHING;
        }
        ClassicGroup group = findOrCreate(request.groupId(), nowMs);
        Write write = joins.join(group, new ClassicJoin.Ask(caller, version, request, reply), nowMs);
        if (existing != null || !write.isNothing()) {
            return write;
        }
        return Write.of(GroupRecords.created(group), (outcome, endMs) -> {
            if (outcome != WriteOutcome.COMMITTED) {
                LOG.warn("New group {} could not be written: {}", group.groupId(), outcome);
                reply.answer(ClassicAnswers.join("", outcome.error()));
                if (outcome.takenBack()) {
                    drop(group, outcome.error());
                }
            }
        });
    }

    public Write sync(SyncGroupRequest request, Reply<SyncGroupResponse> reply) {
        ClassicGroup group = groups.get(request.groupId());
        if (group == null || group.is(ClassicState.EMPTY)) {
            reply.answer(ClassicAnswers.sync(ErrorCode.UNKNOWN_MEMBER_ID));
            return Write.NOTHING;
        }
        return syncs.sync(group, request, reply);
    }

    public HeartbeatResponse heartbeat(HeartbeatRequest request, long nowMs) {
        ClassicGroup group = groups.get(request.groupId());
        return group == null
                ? ClassicAnswers.heartbeat(ErrorCode.UNKNOWN_MEMBER_ID)
                : leaves.heartbeat(group, request, nowMs);
    }

    /** An offset commit shows its member alive. */
    public void heardOf(ClassicGroup group, String memberId, long nowMs) {
        rebalance.restartSession(group, group.member(memberId), nowMs);
    }

    public Write leave(LeaveGroupRequest request, Reply<LeaveGroupResponse> reply, long nowMs) {
        ClassicGroup group = groups.get(request.groupId());
        if (group == null) {
            List<MemberResponse> unknown = new ArrayList<>();
            for (MemberIdentity leaver : request.members()) {
                unknown.add(MemberResponse.DEFAULT
                        .withMemberId(leaver.memberId())
                        .withGroupInstanceId(leaver.groupInstanceId())
                        .withErrorCode(ErrorCode.UNKNOWN_MEMBER_ID.code()));
            }
            reply.answer(LeaveGroupResponse.DEFAULT.withMembers(unknown));
            return Write.NOTHING;
        }
        return leaves.leave(group, request, reply, nowMs);
    }

    /** A timer has run out. Its group may be gone by now. */
    public Write expired(GroupTimer timer, long nowMs) {
        ClassicGroup group = groups.get(timer.groupId());
        if (group == null || group.is(ClassicState.DEAD)) {
            return Write.NOTHING;
        }
        return switch (timer) {
            case GroupTimer.Session session -> rebalance.sessionExpired(group, session.memberId(), nowMs);
            case GroupTimer.Join join ->
                group.is(ClassicState.PREPARING_REBALANCE) ? rebalance.joinExpired(group, nowMs) : Write.NOTHING;
            case GroupTimer.Sync sync -> rebalance.syncExpired(group, nowMs);
        };
    }

    // Administration.

    public List<ListedGroup> list(ListGroupsRequest request) {
        Set<String> states = lowerCase(request.statesFilter());
        Set<String> types = lowerCase(request.typesFilter());
        List<ListedGroup> listed = new ArrayList<>();
        if (!types.isEmpty() && !types.contains("classic")) {
            return listed;
        }
        for (ClassicGroup group : groups.values()) {
            if (states.isEmpty() || states.contains(group.state().text().toLowerCase(Locale.ROOT))) {
                listed.add(ListedGroup.DEFAULT
                        .withGroupId(group.groupId())
                        .withProtocolType(group.protocolType().orElse(""))
                        .withGroupState(group.state().text())
                        .withGroupType("classic"));
            }
        }
        return listed;
    }

    public DescribedGroup describe(String groupId, int version) {
        ClassicGroup group = groups.get(groupId);
        if (group == null) {
            DescribedGroup dead = DescribedGroup.DEFAULT.withGroupId(groupId).withGroupState(ClassicState.DEAD.text());
            return version < DESCRIBE_NOT_FOUND_VERSION
                    ? dead
                    : dead.withErrorCode(ErrorCode.GROUP_ID_NOT_FOUND.code())
                            .withErrorMessage("Group " + groupId + " not found.");
        }
        boolean stable = group.is(ClassicState.STABLE);
        String protocol = stable ? group.protocol().orElse("") : "";
        List<DescribedGroupMember> members = new ArrayList<>(group.memberCount());
        for (ClassicMember member : group.members()) {
            DescribedGroupMember described = member.describe();
            members.add(stable ? described.withMemberMetadata(member.metadata(protocol)) : described);
        }
        return DescribedGroup.DEFAULT
                .withGroupId(groupId)
                .withGroupState(group.state().text())
                .withProtocolType(group.protocolType().orElse(""))
                .withProtocolData(protocol)
                .withMembers(members);
    }

    /** Whether a group may be deleted. */
    public ErrorCode checkDelete(String groupId) {
        ClassicGroup group = groups.get(groupId);
        if (group == null || group.is(ClassicState.DEAD)) {
            return ErrorCode.GROUP_ID_NOT_FOUND;
        }
        return group.is(ClassicState.EMPTY) ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
    }

    /**
     * Takes an empty group out and returns its tombstone. If that is taken back, {@link #putBack} undoes it; whoever joins before
     * finds no group and makes a new one.
     */
    public GroupRecord delete(ClassicGroup group) {
        groups.remove(group.groupId(), group);
        return GroupRecords.deleted(group.groupId());
    }

    public void putBack(ClassicGroup group) {
        groups.putIfAbsent(group.groupId(), group);
    }

    /** Takes out a group that was made for a commit that did not happen. */
    public void forgetUnused(ClassicGroup group) {
        if (group.isUnused()) {
            groups.remove(group.groupId(), group);
        }
    }

    // The log.

    /** Takes in a record while the shard is loaded. */
    public void restore(String groupId, GroupMetadataValue value) {
        ClassicGroup group = new ClassicGroup(groupId, value.currentStateTimestamp());
        String protocolType = value.protocolType().isEmpty() ? null : value.protocolType();
        group.restore(value.generation(), protocolType, value.protocol(), value.currentStateTimestamp());
        for (MemberMetadata member : value.members()) {
            group.add(restored(member, Optional.ofNullable(value.protocol()).orElse("")), value.protocolType());
        }
        group.restored(value.leader());
        groups.put(groupId, group);
    }

    public void restoreDeletion(String groupId) {
        groups.remove(groupId);
    }

    private static ClassicMember restored(MemberMetadata member, String protocol) {
        // Version 0 of the record knows one timeout for both.
        int rebalanceTimeoutMs = member.rebalanceTimeout() == -1 ? member.sessionTimeout() : member.rebalanceTimeout();
        ClassicMember restored = new ClassicMember(
                member.memberId(),
                Optional.ofNullable(member.groupInstanceId()),
                new GroupCaller(member.clientId(), member.clientHost()),
                rebalanceTimeoutMs,
                member.sessionTimeout(),
                List.of(JoinGroupRequestProtocol.DEFAULT.withName(protocol).withMetadata(member.subscription())));
        restored.setAssignment(member.assignment());
        restored.setProgress(Progress.SEEN_AN_ANSWER);
        return restored;
    }

    /** All records are in: every member has a full session from now on to be heard of. */
    public void loaded(long nowMs) {
        for (ClassicGroup group : groups.values()) {
            group.members().forEach(member -> rebalance.restartSession(group, member, nowMs));
            if (group.memberCount() > config.maxSize()) {
                rebalance.prepare(
                        group, nowMs, "loaded with more members than the maximum size of " + config.maxSize());
            }
        }
    }

    /** The shard moves away: everybody who waits is sent to the new coordinator. */
    public void unload() {
        List.copyOf(groups.values()).forEach(group -> drop(group, ErrorCode.NOT_COORDINATOR));
    }

    private void drop(ClassicGroup group, ErrorCode error) {
        group.transition(ClassicState.DEAD, group.stateSinceMs());
        groups.remove(group.groupId(), group);
        for (ClassicMember member : group.members()) {
            group.takeJoin(member).ifPresent(reply -> reply.answer(ClassicAnswers.join(member.memberId, error)));
            group.takeSync(member).ifPresent(reply -> reply.answer(ClassicAnswers.sync(error)));
        }
    }

    private static Set<String> lowerCase(List<String> filter) {
        Set<String> lower = new HashSet<>();
        filter.forEach(one -> lower.add(one.toLowerCase(Locale.ROOT)));
        return lower;
    }
}
