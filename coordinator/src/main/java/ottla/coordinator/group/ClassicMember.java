package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.message.DescribeGroupsResponse.DescribedGroupMember;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.SyncGroupResponse;

/**
 * One member of a classic group. Who it is never changes; what it supports, its timeouts and its assignment do. It holds the
 * replies of its requests that wait. Changed only by its {@link ClassicGroup} and the rules of the protocol.
 */
final class ClassicMember {
    static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0).asReadOnlyBuffer();

    final String memberId;
    final Optional<String> groupInstanceId;
    final String clientId;
    final String clientHost;

    private int rebalanceTimeoutMs;
    private int sessionTimeoutMs;
    private List<JoinGroupRequestProtocol> protocols;
    private ByteBuffer assignment = NO_BYTES;
    private Progress progress = Progress.SEEN_AN_ANSWER;
    private @Nullable Reply<JoinGroupResponse> join;
    private @Nullable Reply<SyncGroupResponse> sync;

    /** Whether the client knows yet that it is a member. */
    enum Progress {
        /** It waits for the answer to its first join and cannot send heartbeats; only the long join timeout ends it. */
        NEW,
        SEEN_AN_ANSWER
    }

    ClassicMember(
            String memberId,
            Optional<String> groupInstanceId,
            GroupCaller caller,
            int rebalanceTimeoutMs,
            int sessionTimeoutMs,
            List<JoinGroupRequestProtocol> protocols) {
        this.memberId = memberId;
        this.groupInstanceId = groupInstanceId;
        this.clientId = caller.clientId();
        this.clientHost = caller.clientHost();
        this.rebalanceTimeoutMs = rebalanceTimeoutMs;
        this.sessionTimeoutMs = sessionTimeoutMs;
        this.protocols = List.copyOf(protocols);
    }

    /** The same member under a new id, as a static member that came back; nothing waits for it yet. */
    ClassicMember renamed(String newMemberId) {
        ClassicMember renamed = new ClassicMember(
                newMemberId,
                groupInstanceId,
                new GroupCaller(clientId, clientHost),
                rebalanceTimeoutMs,
                sessionTimeoutMs,
                protocols);
        renamed.assignment = assignment;
        return renamed;
    }

    boolean isStatic() {
        return groupInstanceId.isPresent();
    }

    int rebalanceTimeoutMs() {
        return rebalanceTimeoutMs;
    }

    int sessionTimeoutMs() {
        return sessionTimeoutMs;
    }

    void setTimeouts(int newRebalanceTimeoutMs, int newSessionTimeoutMs) {
        rebalanceTimeoutMs = newRebalanceTimeoutMs;
        sessionTimeoutMs = newSessionTimeoutMs;
    }

    /** What it supports, in its order of preference. */
    List<JoinGroupRequestProtocol> protocols() {
        return protocols;
    }

    void setProtocols(List<JoinGroupRequestProtocol> newProtocols) {
        protocols = List.copyOf(newProtocols);
    }

    static Set<String> namesOf(List<JoinGroupRequestProtocol> protocols) {
        return protocols.stream().map(JoinGroupRequestProtocol::name).collect(Collectors.toSet());
    }

    /** What it says about itself under the given protocol, which it must support. */
    ByteBuffer metadata(String protocol) {
        for (JoinGroupRequestProtocol one : protocols) {
            if (one.name().equals(protocol)) {
                return one.metadata();
            }
        }
        Check.invariant(false, "the chosen protocol is one of every member's");
        return NO_BYTES;
    }

    /** The first of its protocols that is a candidate. */
    String vote(Set<String> candidates) {
        for (JoinGroupRequestProtocol one : protocols) {
            if (candidates.contains(one.name())) {
                return one.name();
            }
        }
        Check.invariant(false, "a candidate is supported by every member");
        return "";
    }

    ByteBuffer assignment() {
        return assignment;
    }

    void setAssignment(ByteBuffer newAssignment) {
        assignment = newAssignment;
    }

    void setProgress(Progress newProgress) {
        progress = newProgress;
    }

    boolean awaitsJoin() {
        return join != null;
    }

    boolean awaitsSync() {
        return sync != null;
    }

    /** A client that waits for an answer is alive as long as its connection is, unless it has never seen an answer at all. */
    boolean isAliveByWaiting() {
        return progress != Progress.NEW && (awaitsJoin() || awaitsSync());
    }

    @Nullable
    Reply<JoinGroupResponse> exchangeJoin(@Nullable Reply<JoinGroupResponse> next) {
        Reply<JoinGroupResponse> before = join;
        join = next;
        return before;
    }

    @Nullable
    Reply<SyncGroupResponse> exchangeSync(@Nullable Reply<SyncGroupResponse> next) {
        Reply<SyncGroupResponse> before = sync;
        sync = next;
        return before;
    }

    DescribedGroupMember describe() {
        return DescribedGroupMember.DEFAULT
                .withMemberId(memberId)
                .withGroupInstanceId(groupInstanceId.orElse(null))
                .withClientId(clientId)
                .withClientHost(clientHost)
                .withMemberAssignment(assignment);
    }
}
