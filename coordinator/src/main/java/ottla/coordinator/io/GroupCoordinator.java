package ottla.coordinator.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupCaller;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.MemberIds;
import ottla.coordinator.group.Reply;
import ottla.coordinator.group.Write;
import ottla.coordinator.offset.OffsetRequests;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.MachineShard;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.Outcome;
import ottla.wire.message.DeleteGroupsRequest;
import ottla.wire.message.DeleteGroupsResponse;
import ottla.wire.message.DeleteGroupsResponse.DeletableGroupResult;
import ottla.wire.message.DescribeGroupsRequest;
import ottla.wire.message.DescribeGroupsResponse;
import ottla.wire.message.DescribeGroupsResponse.DescribedGroup;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.LeaveGroupRequest;
import ottla.wire.message.LeaveGroupRequest.MemberIdentity;
import ottla.wire.message.LeaveGroupResponse;
import ottla.wire.message.ListGroupsRequest;
import ottla.wire.message.ListGroupsResponse;
import ottla.wire.message.ListGroupsResponse.ListedGroup;
import ottla.wire.message.OffsetCommitRequest;
import ottla.wire.message.OffsetCommitResponse;
import ottla.wire.message.OffsetDeleteRequest;
import ottla.wire.message.OffsetDeleteResponse;
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchResponse;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.message.SyncGroupResponse;

/**
 * The group coordinator of this node, as the broker sees it: the requests of groups and offsets, each a function from a request to
 * an answer that may come later, and the partitions of {@code __consumer_offsets} that this node leads.
 *
 * <pre>
 *   load(partition)         a term begins: the log is fed to the machine that is returned, and commits are reported to it
 *   lead(partition, log)    all is read: requests are served and written to this log
 *   resign(partition)       the term is over: who waits is sent elsewhere
 * </pre>
 *
 * <p>All methods may be called from any thread and do not block. Answers come on the loop's thread, or on the caller's if nothing
 * had to be asked there; they never come as exceptions.
 */
public final class GroupCoordinator {
    public static final String OFFSETS_TOPIC = "__consumer_offsets";

    /** From this version on a sync must say what protocol it is about (KIP-559). */
    private static final int SYNC_NAMES_PROTOCOL_VERSION = 5;

    /** Before this version a join's answer cannot say that there is no protocol. */
    private static final int JOIN_NULL_PROTOCOL_VERSION = 7;

    /** From this version on several members may leave at once (KIP-345). */
    private static final int LEAVE_BATCH_VERSION = 3;

    private final GroupConfig config;
    private final TopicFacts topics;
    private final MemberIds memberIds;
    private final MachineLoop loop;
    private final LongSupplier clockMs;
    private final Map<Integer, GroupTerm> terms = new ConcurrentHashMap<>();

    /** The clock tells the time of day and is the loop's. */
    public GroupCoordinator(
            GroupConfig config, TopicFacts topics, MemberIds memberIds, MachineLoop loop, LongSupplier clockMs) {
        this.config = config;
        this.topics = topics;
        this.memberIds = memberIds;
        this.loop = loop;
        this.clockMs = clockMs;
    }

    // Partitions.

    /** The partition of {@code __consumer_offsets} that a group's state lives in. */
    public int partitionFor(String groupId) {
        int existing = topics.partitionCount(OFFSETS_TOPIC);
        int count = existing > 0 ? existing : config.offsetsTopicPartitions();
        int hash = groupId.hashCode();
        return (hash == Integer.MIN_VALUE ? 0 : Math.abs(hash)) % count;
    }

    /** Begins a term of leadership; requests are answered COORDINATOR_LOAD_IN_PROGRESS until {@link #lead}. */
    public MachineShard<GroupRecord> load(int partition) {
        resign(partition);
        GroupTerm term = new GroupTerm(OFFSETS_TOPIC + "-" + partition, config, memberIds, loop, clockMs);
        terms.put(partition, term);
        return term.machine();
    }

    /** Ends loading. Without a term, because {@link #resign} came first, it does nothing. */
    public void lead(int partition, MachineLog<GroupRecord> log) {
        GroupTerm term = terms.get(partition);
        if (term != null) {
            term.lead(log);
        }
    }

    public void resign(int partition) {
        GroupTerm term = terms.remove(partition);
        if (term != null) {
            term.resign();
        }
    }

    /** Topics were deleted: what groups committed in them goes too. */
    public void topicsDeleted(Map<String, Uuid> idsByName) {
        if (!idsByName.isEmpty()) {
            Map<String, Uuid> deleted = Map.copyOf(idsByName);
            terms.values().forEach(term -> term.forgetTopics(deleted));
        }
    }

    // Members.

    public CompletionStage<JoinGroupResponse> joinGroup(GroupCaller caller, int version, JoinGroupRequest request) {
        JoinGroupResponse failed =
                JoinGroupResponse.DEFAULT.withProtocolName(null).withProtocolType(null);
        CompletionStage<JoinGroupResponse> answer;
        if (request.groupId().isEmpty()) {
            answer = done(failed.withMemberId(request.memberId()).withErrorCode(ErrorCode.INVALID_GROUP_ID.code()));
        } else if (request.sessionTimeoutMs() < config.minSessionTimeoutMs()
                || request.sessionTimeoutMs() > config.maxSessionTimeoutMs()) {
            answer = done(
                    failed.withMemberId(request.memberId()).withErrorCode(ErrorCode.INVALID_SESSION_TIMEOUT.code()));
        } else {
            answer = decide(
                    request.groupId(),
                    (shard, reply, nowMs) -> shard.groups().join(caller, version, request, reply, nowMs),
                    error -> failed.withErrorCode(error.code()));
        }
        return version >= JOIN_NULL_PROTOCOL_VERSION
                ? answer
                : answer.thenApply(
                        response -> response.protocolName() == null ? response.withProtocolName("") : response);
    }

    public CompletionStage<SyncGroupResponse> syncGroup(GroupCaller caller, int version, SyncGroupRequest request) {
        if (version >= SYNC_NAMES_PROTOCOL_VERSION
                && (request.protocolType() == null || request.protocolName() == null)) {
            return done(SyncGroupResponse.DEFAULT.withErrorCode(ErrorCode.INCONSISTENT_GROUP_PROTOCOL.code()));
        }
        if (request.groupId().isEmpty()) {
            return done(SyncGroupResponse.DEFAULT.withErrorCode(ErrorCode.INVALID_GROUP_ID.code()));
        }
        return decide(
                request.groupId(),
                (shard, reply, nowMs) -> shard.groups().sync(request, reply),
                error -> SyncGroupResponse.DEFAULT.withErrorCode(error.code()));
    }

    /** While the group is loaded every heartbeat is fine: members shall not come back in a rush because a coordinator moved. */
    public CompletionStage<HeartbeatResponse> heartbeat(GroupCaller caller, int version, HeartbeatRequest request) {
        if (request.groupId().isEmpty()) {
            return done(HeartbeatResponse.DEFAULT.withErrorCode(ErrorCode.INVALID_GROUP_ID.code()));
        }
        return decide(
                request.groupId(),
                (shard, reply, nowMs) -> {
                    reply.answer(shard.groups().heartbeat(request, nowMs));
                    return Write.NOTHING;
                },
                error -> error == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
                        ? HeartbeatResponse.DEFAULT
                        : HeartbeatResponse.DEFAULT.withErrorCode(error.code()));
    }

    public CompletionStage<LeaveGroupResponse> leaveGroup(GroupCaller caller, int version, LeaveGroupRequest request) {
        if (request.groupId().isEmpty()) {
            return done(LeaveGroupResponse.DEFAULT.withErrorCode(ErrorCode.INVALID_GROUP_ID.code()));
        }
        LeaveGroupRequest batch = version >= LEAVE_BATCH_VERSION
                ? request
                : request.withMembers(List.of(MemberIdentity.DEFAULT.withMemberId(request.memberId())));
        CompletionStage<LeaveGroupResponse> answer = decide(
                request.groupId(),
                (shard, reply, nowMs) -> shard.groups().leave(batch, reply, nowMs),
                error -> LeaveGroupResponse.DEFAULT.withErrorCode(error.code()));
        return version >= LEAVE_BATCH_VERSION ? answer : answer.thenApply(GroupCoordinator::ofOneMember);
    }

    /** Where an answer speaks of one member only, its verdict is the answer's. */
    private static LeaveGroupResponse ofOneMember(LeaveGroupResponse answer) {
        boolean verdict =
                answer.errorCode() == ErrorCode.NONE.code() && !answer.members().isEmpty();
        return LeaveGroupResponse.DEFAULT.withErrorCode(
                verdict ? answer.members().getFirst().errorCode() : answer.errorCode());
    }

    // Administration.

    /** What this node leads. A partition that is being loaded makes the whole answer an error, as a list with gaps would lie. */
    public CompletionStage<ListGroupsResponse> listGroups(GroupCaller caller, int version, ListGroupsRequest request) {
        List<CompletionStage<Outcome<List<ListedGroup>>>> parts = terms.values().stream()
                .map(term ->
                        term.machine().query(endOffset -> term.groups().groups().list(request)))
                .toList();
        return all(parts).thenApply(outcomes -> {
            List<ListedGroup> groups = new ArrayList<>();
            for (Outcome<List<ListedGroup>> outcome : outcomes) {
                switch (outcome) {
                    case Outcome.Answered<List<ListedGroup>> answered -> groups.addAll(answered.answer());
                    case Outcome.Refused<List<ListedGroup>> refused -> {
                        ErrorCode error = GroupTerm.meaning(refused.refusal()).error();
                        if (error != ErrorCode.NOT_COORDINATOR) {
                            return ListGroupsResponse.DEFAULT.withErrorCode(error.code());
                        }
                    }
                }
            }
            return ListGroupsResponse.DEFAULT.withGroups(groups);
        });
    }

    /** Authorized operations are not filled in: they are the authorizer's to say. */
    public CompletionStage<DescribeGroupsResponse> describeGroups(
            GroupCaller caller, int version, DescribeGroupsRequest request) {
        List<CompletionStage<DescribedGroup>> parts = request.groups().stream()
                .map(groupId -> query(
                        groupId,
                        (shard, endOffset) -> shard.groups().describe(groupId, version),
                        error -> DescribedGroup.DEFAULT.withGroupId(groupId).withErrorCode(error.code())))
                .toList();
        return all(parts).thenApply(DescribeGroupsResponse.DEFAULT::withGroups);
    }

    /** Each partition's groups are deleted at once; the answer is in the order of the request, without repetitions. */
    public CompletionStage<DeleteGroupsResponse> deleteGroups(
            GroupCaller caller, int version, DeleteGroupsRequest request) {
        LinkedHashSet<String> asked = new LinkedHashSet<>(request.groupsNames());
        Map<Integer, List<String>> byPartition = new LinkedHashMap<>();
        asked.forEach(groupId -> byPartition
                .computeIfAbsent(partitionFor(groupId), partition -> new ArrayList<>())
                .add(groupId));
        List<CompletionStage<List<DeletableGroupResult>>> parts = byPartition.values().stream()
                .map(groupIds -> this.<List<DeletableGroupResult>>decide(
                        groupIds.getFirst(),
                        (shard, reply, nowMs) -> shard.deleteGroups(groupIds, reply),
                        error -> GroupShard.refused(groupIds, error)))
                .toList();
        return all(parts).thenApply(results -> {
            Map<String, DeletableGroupResult> byGroup = new LinkedHashMap<>();
            results.forEach(some -> some.forEach(result -> byGroup.put(result.groupId(), result)));
            return DeleteGroupsResponse.DEFAULT.withResults(
                    asked.stream().map(byGroup::get).flatMap(Stream::ofNullable).toList());
        });
    }

    // Offsets.

    public CompletionStage<OffsetCommitResponse> commitOffsets(
            GroupCaller caller, int version, OffsetCommitRequest request) {
        OffsetTopics.Commit known = new OffsetTopics(topics).resolve(version, request);
        if (known.request().topics().isEmpty()) {
            return done(known.merge(OffsetCommitResponse.DEFAULT));
        }
        return this.<OffsetCommitResponse>decide(
                        request.groupId(),
                        (shard, reply, nowMs) -> shard.offsetRequests().commit(version, known.request(), reply, nowMs),
                        error -> OffsetRequests.refusal(known.request(), error))
                .thenApply(known::merge);
    }

    public CompletionStage<OffsetFetchResponse> fetchOffsets(
            GroupCaller caller, int version, OffsetFetchRequest request) {
        OffsetTopics facts = new OffsetTopics(topics);
        List<CompletionStage<OffsetFetchResponseGroup>> parts = OffsetTopics.groupsOf(version, request).stream()
                .map(group -> fetchGroup(facts, version, request, group))
                .toList();
        return all(parts).thenApply(groups -> OffsetTopics.answer(version, groups));
    }

    private CompletionStage<OffsetFetchResponseGroup> fetchGroup(
            OffsetTopics facts, int version, OffsetFetchRequest request, OffsetFetchRequestGroup asked) {
        OffsetTopics.Fetch known = facts.resolve(version, asked);
        Function<ErrorCode, OffsetFetchResponseGroup> refusal = error -> OffsetTopics.refusal(version, asked, error);
        CompletionStage<OffsetFetchResponseGroup> answer = request.requireStable()
                ? decide(
                        asked.groupId(),
                        (shard, reply, nowMs) -> {
                            OffsetFetchResponseGroup latest =
                                    shard.offsetRequests().fetchLatest(known.request());
                            return new Write(
                                    List.of(),
                                    (outcome, endMs) -> reply.answer(
                                            outcome.error() == ErrorCode.NONE
                                                    ? latest
                                                    // Kafka sends the client to look for the coordinator again here.
                                                    : refusal.apply(ErrorCode.NOT_COORDINATOR)));
                        },
                        refusal)
                : query(
                        asked.groupId(),
                        (shard, endOffset) -> shard.offsetRequests().fetchCommitted(known.request(), endOffset),
                        refusal);
        return answer.thenApply(known::merge);
    }

    public CompletionStage<OffsetDeleteResponse> deleteOffsets(
            GroupCaller caller, int version, OffsetDeleteRequest request) {
        OffsetTopics.Delete known = new OffsetTopics(topics).resolve(request);
        if (request.groupId().isEmpty()) {
            return done(OffsetDeleteResponse.DEFAULT.withErrorCode(ErrorCode.INVALID_GROUP_ID.code()));
        }
        return this.<OffsetDeleteResponse>decide(
                        request.groupId(),
                        (shard, reply, nowMs) -> shard.offsetRequests().delete(known.request(), reply),
                        error -> OffsetDeleteResponse.DEFAULT.withErrorCode(error.code()))
                .thenApply(known::merge);
    }

    // The way to a shard and back.

    private interface Request<A> {
        Write decide(GroupShard shard, Reply<A> reply, long nowMs);
    }

    private interface Question<A> {
        A answer(GroupShard shard, long committedEndOffset);
    }

    private <A> CompletionStage<A> decide(String groupId, Request<A> request, Function<ErrorCode, A> refusal) {
        GroupTerm term = terms.get(partitionFor(groupId));
        if (term == null) {
            return done(refusal.apply(ErrorCode.NOT_COORDINATOR));
        }
        CompletableFuture<A> answer = new CompletableFuture<>();
        term.run(
                (shard, nowMs) -> request.decide(shard, answer::complete, nowMs),
                error -> answer.complete(refusal.apply(error)));
        return answer;
    }

    private <A> CompletionStage<A> query(String groupId, Question<A> question, Function<ErrorCode, A> refusal) {
        GroupTerm term = terms.get(partitionFor(groupId));
        if (term == null) {
            return done(refusal.apply(ErrorCode.NOT_COORDINATOR));
        }
        return term.machine()
                .query(endOffset -> question.answer(term.groups(), endOffset))
                .thenApply(outcome -> outcome.orElse(
                        refused -> refusal.apply(GroupTerm.meaning(refused).error())));
    }

    private static <A> CompletionStage<A> done(A answer) {
        return CompletableFuture.completedStage(answer);
    }

    /** The answers in the order of the questions, when the last has come. */
    private static <A> CompletionStage<List<A>> all(List<CompletionStage<A>> parts) {
        CompletionStage<List<A>> all = done(List.of());
        for (CompletionStage<A> part : parts) {
            all = all.thenCombine(
                    part,
                    (before, one) ->
                            Stream.concat(before.stream(), Stream.of(one)).toList());
        }
        return all;
    }
}
