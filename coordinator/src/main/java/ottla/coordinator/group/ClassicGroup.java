package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.JoinGroupResponse.JoinGroupResponseMember;
import ottla.wire.message.SyncGroupResponse;

/**
 * Who is in a classic group and how far its rebalance has come: the book that the rules ({@link ClassicRebalance},
 * {@link ClassicJoin}, {@link ClassicSync}, {@link ClassicLeave}) keep. Answers, timers and records are theirs.
 *
 * <p>This is live state: it is made and changed when requests are decided, and written to the log as a whole when a generation is
 * assigned or the group becomes empty. What is read back from the log after a move is the last such moment. Owned by the thread of
 * its shard; ends in {@link ClassicState#DEAD}.
 */
public final class ClassicGroup {
    /** The protocol type of Kafka's own consumers, the only one whose metadata the coordinator looks into. */
    static final String CONSUMER_PROTOCOL_TYPE = "consumer";

    private final String groupId;
    private final Map<String, ClassicMember> members = new HashMap<>();
    private final Map<String, String> staticMembers = new HashMap<>();
    private final Set<String> pendingJoins = new LinkedHashSet<>();
    private final Set<String> pendingSyncs = new LinkedHashSet<>();
    private final Map<String, Integer> supporters = new HashMap<>();
    private ClassicState state = ClassicState.EMPTY;
    private ClassicState previousState = ClassicState.DEAD;
    private long stateSinceMs;
    private int generation;
    private int awaitingJoinCount;
    private @Nullable String protocolType;
    private @Nullable String protocol;
    private @Nullable String leaderId;
    private @Nullable Set<String> subscribedTopics;
    private @Nullable InitialDelay initialDelay;

    private Arrivals arrivals = Arrivals.NONE;

    /** The first rebalance of an empty group waits for more members: this long now, and at most so much longer. */
    record InitialDelay(int delayMs, int remainingMs) {}

    /**
     * Whether somebody came during the initial delay, which earns another one. Noted until a delay is prolonged for it, so it may
     * count in the group's next first rebalance, as it does in Kafka.
     */
    enum Arrivals {
        NONE,
        SOME
    }

    ClassicGroup(String groupId, long nowMs) {
        this.groupId = groupId;
        this.stateSinceMs = nowMs;
    }

    public String groupId() {
        return groupId;
    }

    public ClassicState state() {
        return state;
    }

    public boolean is(ClassicState one) {
        return state == one;
    }

    boolean isFirstRebalance() {
        return state == ClassicState.PREPARING_REBALANCE && previousState == ClassicState.EMPTY;
    }

    /** Since when it is in its state, or -1 if the log does not say. */
    public long stateSinceMs() {
        return stateSinceMs;
    }

    public int generation() {
        return generation;
    }

    public Optional<String> protocolType() {
        return Optional.ofNullable(protocolType);
    }

    public Optional<String> protocol() {
        return Optional.ofNullable(protocol);
    }

    public Optional<String> leaderId() {
        return Optional.ofNullable(leaderId);
    }

    void transition(ClassicState next, long nowMs) {
        Check.invariant(next.canFollow(state), "a classic group goes from one state to a lawful other");
        previousState = state;
        state = next;
        stateSinceMs = nowMs;
    }

    /** Fills a group that was just made with what the log says of it. */
    void restore(int generation, @Nullable String protocolType, @Nullable String protocol, long stateSinceMs) {
        this.generation = generation;
        this.protocolType = protocolType;
        this.protocol = protocol;
        this.stateSinceMs = stateSinceMs;
    }

    /** Ends {@link #restore} when all members are back. */
    void restored(@Nullable String leaderId) {
        this.leaderId = leaderId;
        state = members.isEmpty() ? ClassicState.EMPTY : ClassicState.STABLE;
        subscribedTopics = Subscriptions.of(this).orElse(null);
    }

    // Members.

    Collection<ClassicMember> members() {
        return members.values();
    }

    public int memberCount() {
        return members.size();
    }

    boolean has(String memberId) {
        return members.containsKey(memberId);
    }

    ClassicMember member(String memberId) {
        ClassicMember member = members.get(memberId);
        if (member == null) {
            throw new IllegalStateException("no member " + memberId + " in group " + groupId);
        }
        return member;
    }

    /** The member id that an instance id stands for at present. */
    Optional<String> staticMemberId(String groupInstanceId) {
        return Optional.ofNullable(staticMembers.get(groupInstanceId));
    }

    boolean isLeader(String memberId) {
        return memberId.equals(leaderId);
    }

    boolean isPendingJoin(String memberId) {
        return pendingJoins.contains(memberId);
    }

    int awaitingJoinCount() {
        return awaitingJoinCount;
    }

    boolean allHaveJoined() {
        return members.size() == awaitingJoinCount && pendingJoins.isEmpty();
    }

    Set<String> pendingSyncs() {
        return pendingSyncs;
    }

    /** A member id was given out, and its owner is expected to come back with it (KIP-394). */
    void expectJoin(String memberId) {
        Check.invariant(!has(memberId), "a member is not expected again");
        pendingJoins.add(memberId);
    }

    /** Takes a member in; the first becomes the leader and sets the type of protocol. */
    void add(ClassicMember member, String memberProtocolType) {
        if (members.isEmpty()) {
            protocolType = memberProtocolType;
        }
        member.groupInstanceId.ifPresent(instance -> staticMembers.put(instance, member.memberId));
        if (leaderId == null) {
            leaderId = member.memberId;
        }
        members.put(member.memberId, member);
        count(member, 1);
        pendingJoins.remove(member.memberId);
    }

    /** Lets a member, or one only expected, go; whoever waits for it has to be answered by the caller. */
    Optional<ClassicMember> remove(String memberId) {
        ClassicMember member = members.remove(memberId);
        pendingJoins.remove(memberId);
        pendingSyncs.remove(memberId);
        if (member == null) {
            return Optional.empty();
        }
        count(member, -1);
        if (member.awaitsJoin()) {
            awaitingJoinCount--;
        }
        member.groupInstanceId.ifPresent(staticMembers::remove);
        if (isLeader(memberId)) {
            leaderId = members.isEmpty() ? null : members.keySet().iterator().next();
        }
        return Optional.of(member);
    }

    /** Puts a static member under a new id. Nobody may wait for the old one any more. */
    ClassicMember rename(String groupInstanceId, String oldMemberId, String newMemberId) {
        ClassicMember old = member(oldMemberId);
        Check.invariant(!old.awaitsJoin() && !old.awaitsSync(), "nobody waits for a member that is renamed");
        members.remove(oldMemberId);
        ClassicMember renamed = old.renamed(newMemberId);
        members.put(newMemberId, renamed);
        if (isLeader(oldMemberId)) {
            leaderId = newMemberId;
        }
        staticMembers.put(groupInstanceId, newMemberId);
        return renamed;
    }

    void setProtocols(ClassicMember member, List<JoinGroupRequestProtocol> protocols) {
        count(member, -1);
        member.setProtocols(protocols);
        count(member, 1);
    }

    /** Holds the reply of a join until the generation is complete. The reply that was held before, if any, comes back. */
    Optional<Reply<JoinGroupResponse>> holdJoin(ClassicMember member, Reply<JoinGroupResponse> reply) {
        Reply<JoinGroupResponse> before = member.exchangeJoin(reply);
        if (before == null) {
            awaitingJoinCount++;
        }
        return Optional.ofNullable(before);
    }

    /** Takes the held reply of a join out, to be answered. */
    Optional<Reply<JoinGroupResponse>> takeJoin(ClassicMember member) {
        Reply<JoinGroupResponse> held = member.exchangeJoin(null);
        if (held != null && members.get(member.memberId) == member) {
            awaitingJoinCount--;
        }
        return Optional.ofNullable(held);
    }

    Optional<Reply<SyncGroupResponse>> takeSync(ClassicMember member) {
        return Optional.ofNullable(member.exchangeSync(null));
    }

    void expectSync(String memberId) {
        pendingSyncs.add(memberId);
    }

    void gotSync(String memberId) {
        pendingSyncs.remove(memberId);
    }

    void expectNoSyncs() {
        pendingSyncs.clear();
    }

    /** The longest that a member asks the others to wait. */
    int rebalanceTimeoutMs() {
        int longest = 0;
        for (ClassicMember member : members.values()) {
            longest = Math.max(longest, member.rebalanceTimeoutMs());
        }
        return longest;
    }

    Optional<InitialDelay> initialDelay() {
        return Optional.ofNullable(initialDelay);
    }

    void setInitialDelay(@Nullable InitialDelay next) {
        initialDelay = next;
    }

    Arrivals arrivals() {
        return arrivals;
    }

    void setArrivals(Arrivals noted) {
        arrivals = noted;
    }

    // Checks.

    /** Whether a request may speak for a member: it is known, and its instance id is not held by another. */
    ErrorCode checkMember(String memberId, @Nullable String groupInstanceId) {
        if (groupInstanceId != null) {
            String holder = staticMembers.get(groupInstanceId);
            if (holder == null) {
                return ErrorCode.UNKNOWN_MEMBER_ID;
            }
            if (!holder.equals(memberId)) {
                return ErrorCode.FENCED_INSTANCE_ID;
            }
        }
        return has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }

    /** Whether a newcomer fits: the same type of protocol, and one protocol that all know. */
    boolean supports(String memberProtocolType, List<JoinGroupRequestProtocol> protocols) {
        if (state == ClassicState.EMPTY) {
            return !memberProtocolType.isEmpty() && !protocols.isEmpty();
        }
        return memberProtocolType.equals(protocolType)
                && protocols.stream().anyMatch(one -> supporters.getOrDefault(one.name(), 0) == members.size());
    }

    /**
     * Whether offsets may be committed in this name. A generation below zero and no member id are those of a client that is no
     * member (a simple consumer, or a tool), which only a group without members allows.
     */
    public ErrorCode checkCommit(String memberId, @Nullable String groupInstanceId, int commitGeneration) {
        if (state == ClassicState.DEAD) {
            return ErrorCode.COORDINATOR_NOT_AVAILABLE;
        }
        if (commitGeneration < 0 && state == ClassicState.EMPTY) {
            return ErrorCode.NONE;
        }
        if (commitGeneration < 0 && memberId.isEmpty() && groupInstanceId == null) {
            return ErrorCode.UNKNOWN_MEMBER_ID;
        }
        ErrorCode member = checkMember(memberId, groupInstanceId);
        if (member != ErrorCode.NONE) {
            return member;
        }
        if (commitGeneration != generation) {
            return ErrorCode.ILLEGAL_GENERATION;
        }
        return state == ClassicState.COMPLETING_REBALANCE ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    }

    /** Whether offsets may be deleted: of consumers those that nobody reads, of other protocols only when nobody is there. */
    public ErrorCode checkOffsetDelete() {
        return switch (state) {
            case DEAD -> ErrorCode.GROUP_ID_NOT_FOUND;
            case EMPTY -> ErrorCode.NONE;
            case PREPARING_REBALANCE, COMPLETING_REBALANCE, STABLE ->
                hasConsumers() ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
        };
    }

    /** Whether its members are Kafka's own consumers. */
    public boolean hasConsumers() {
        return CONSUMER_PROTOCOL_TYPE.equals(protocolType);
    }

    /**
     * Whether a member reads this topic. If the members are consumers and cannot be understood, every topic counts, since offsets
     * in use must not be lost.
     */
    public boolean isSubscribedTo(String topic) {
        return subscribedTopics == null ? hasConsumers() : subscribedTopics.contains(topic);
    }

    /** Whether the coordinator knows what its members read. */
    public boolean knowsSubscriptions() {
        return subscribedTopics != null;
    }

    /** Whether nobody has ever joined it or is about to. */
    boolean isUnused() {
        return state == ClassicState.EMPTY && generation == 0 && protocolType == null && pendingJoins.isEmpty();
    }

    // Generations.

    /** Makes sure that the leader is one who has joined; false if nobody has. */
    boolean electJoinedLeader() {
        if (leaderId == null) {
            return false;
        }
        if (member(leaderId).awaitsJoin()) {
            return true;
        }
        for (ClassicMember member : members.values()) {
            if (member.awaitsJoin()) {
                leaderId = member.memberId;
                return true;
            }
        }
        return false;
    }

    /** The protocol that all support and most prefer. */
    String selectProtocol() {
        Set<String> candidates = supporters.entrySet().stream()
                .filter(one -> one.getValue() == members.size())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        Map<String, Integer> votes = new HashMap<>();
        for (ClassicMember member : members.values()) {
            votes.merge(member.vote(candidates), 1, Integer::sum);
        }
        String winner = null;
        int most = 0;
        for (Map.Entry<String, Integer> vote : votes.entrySet()) {
            if (vote.getValue() > most) {
                winner = vote.getKey();
                most = vote.getValue();
            }
        }
        if (winner == null) {
            throw new IllegalStateException("no members to choose a protocol in group " + groupId);
        }
        return winner;
    }

    void beginGeneration(long nowMs) {
        generation++;
        if (members.isEmpty()) {
            protocol = null;
            transition(ClassicState.EMPTY, nowMs);
        } else {
            protocol = selectProtocol();
            transition(ClassicState.COMPLETING_REBALANCE, nowMs);
        }
        subscribedTopics = Subscriptions.of(this).orElse(null);
        pendingSyncs.clear();
    }

    Map<String, ByteBuffer> assignments() {
        Map<String, ByteBuffer> assignments = new HashMap<>();
        members.values().forEach(member -> assignments.put(member.memberId, member.assignment()));
        return assignments;
    }

    /** What the leader is told of everybody, to compute the assignment from. */
    List<JoinGroupResponseMember> memberMetadata() {
        String chosen = Optional.ofNullable(protocol).orElseThrow();
        List<JoinGroupResponseMember> all = new ArrayList<>(members.size());
        for (ClassicMember member : members.values()) {
            all.add(JoinGroupResponseMember.DEFAULT
                    .withMemberId(member.memberId)
                    .withGroupInstanceId(member.groupInstanceId.orElse(null))
                    .withMetadata(member.metadata(chosen)));
        }
        return all;
    }

    private void count(ClassicMember member, int step) {
        for (JoinGroupRequestProtocol one : member.protocols()) {
            supporters.merge(one.name(), step, (before, change) -> before + change == 0 ? null : before + change);
        }
    }
}
