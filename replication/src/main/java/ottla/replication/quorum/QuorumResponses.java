package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.BeginQuorumEpochResponse;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.EndQuorumEpochResponse;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchSnapshotResponse;
import ottla.wire.message.UpdateRaftVoterResponse;
import ottla.wire.message.VoteResponse;
import ottla.wire.primitive.Payload;

/**
 * The machine's answers as messages. Where the leader can be reached is told in the versions that can carry it. Pure and without
 * state.
 */
public final class QuorumResponses {
    private static final int NOBODY = -1;

    private final String listener;

    /** {@code listener} is the one whose addresses the other nodes are told. */
    public QuorumResponses(String listener) {
        this.listener = listener;
    }

    public VoteResponse vote(int version, Effect.AnswerVote answer) {
        VoteResponse.PartitionData partition = VoteResponse.PartitionData.DEFAULT
                .withErrorCode(answer.error().code())
                .withLeaderId(leaderId(answer.leadership()))
                .withLeaderEpoch(answer.leadership().epoch())
                .withVoteGranted(answer.vote() == Ballot.Vote.GRANTED);
        List<VoteResponse.NodeEndpoint> endpoints = version < 1
                ? List.of()
                : leader(answer.leadership()).stream()
                        .map(node -> new VoteResponse.NodeEndpoint(
                                node.id(),
                                node.endpoint().host(),
                                node.endpoint().port()))
                        .toList();
        return VoteResponse.DEFAULT
                .withTopics(List.of(new VoteResponse.TopicData(QuorumRequests.TOPIC, List.of(partition))))
                .withNodeEndpoints(endpoints);
    }

    public BeginQuorumEpochResponse announcement(int version, Effect.AnswerAnnouncement answer) {
        BeginQuorumEpochResponse.PartitionData partition = BeginQuorumEpochResponse.PartitionData.DEFAULT
                .withErrorCode(answer.error().code())
                .withLeaderId(leaderId(answer.leadership()))
                .withLeaderEpoch(answer.leadership().epoch());
        List<BeginQuorumEpochResponse.NodeEndpoint> endpoints = version < 1
                ? List.of()
                : leader(answer.leadership()).stream()
                        .map(node -> new BeginQuorumEpochResponse.NodeEndpoint(
                                node.id(),
                                node.endpoint().host(),
                                node.endpoint().port()))
                        .toList();
        return BeginQuorumEpochResponse.DEFAULT
                .withTopics(List.of(new BeginQuorumEpochResponse.TopicData(QuorumRequests.TOPIC, List.of(partition))))
                .withNodeEndpoints(endpoints);
    }

    public EndQuorumEpochResponse resignation(int version, Effect.AnswerAnnouncement answer) {
        EndQuorumEpochResponse.PartitionData partition = EndQuorumEpochResponse.PartitionData.DEFAULT
                .withErrorCode(answer.error().code())
                .withLeaderId(leaderId(answer.leadership()))
                .withLeaderEpoch(answer.leadership().epoch());
        List<EndQuorumEpochResponse.NodeEndpoint> endpoints = version < 1
                ? List.of()
                : leader(answer.leadership()).stream()
                        .map(node -> new EndQuorumEpochResponse.NodeEndpoint(
                                node.id(),
                                node.endpoint().host(),
                                node.endpoint().port()))
                        .toList();
        return EndQuorumEpochResponse.DEFAULT
                .withTopics(List.of(new EndQuorumEpochResponse.TopicData(QuorumRequests.TOPIC, List.of(partition))))
                .withNodeEndpoints(endpoints);
    }

    /** {@code records} are those that an answer of {@link Effect.Reply.Records} stands for, else empty. */
    public FetchResponse fetch(int version, Effect.AnswerFetch answer, long logStartOffset, Payload records) {
        FetchResponse.PartitionData partition = FetchResponse.PartitionData.DEFAULT
                .withErrorCode(answer.error().code())
                .withHighWatermark(-1)
                .withLogStartOffset(-1)
                .withCurrentLeader(new FetchResponse.LeaderIdAndEpoch(
                        leaderId(answer.leadership()), answer.leadership().epoch()))
                .withRecords(records);
        partition = switch (answer.reply()) {
            case Effect.Reply.Records found ->
                partition.withHighWatermark(found.highWatermark()).withLogStartOffset(logStartOffset);
            case Effect.Reply.Diverging diverging ->
                partition
                        .withLogStartOffset(logStartOffset)
                        .withDivergingEpoch(new FetchResponse.EpochEndOffset(
                                diverging.end().epoch(), diverging.end().endOffset()));
            case Effect.Reply.Snapshot snapshot ->
                partition
                        .withLogStartOffset(logStartOffset)
                        .withSnapshotId(new FetchResponse.SnapshotId(
                                snapshot.id().endOffset(), snapshot.id().epoch()));
            case Effect.Reply.Nothing ignored -> partition;
        };
        FetchResponse.FetchableTopicResponse topic = version < 13
                ? new FetchResponse.FetchableTopicResponse(QuorumRequests.TOPIC, Uuid.ZERO, List.of(partition))
                : new FetchResponse.FetchableTopicResponse("", Uuid.ONE, List.of(partition));
        List<FetchResponse.NodeEndpoint> endpoints = version < 16
                ? List.of()
                : leader(answer.leadership()).stream()
                        .map(node -> new FetchResponse.NodeEndpoint(
                                node.id(),
                                node.endpoint().host(),
                                node.endpoint().port(),
                                null))
                        .toList();
        return FetchResponse.DEFAULT.withResponses(List.of(topic)).withNodeEndpoints(endpoints);
    }

    /** {@code part} begins at {@code position} of a snapshot of {@code totalBytes}. */
    public FetchSnapshotResponse snapshot(
            int version, Effect.AnswerSnapshot answer, long position, long totalBytes, Payload part) {
        FetchSnapshotResponse.PartitionSnapshot partition = FetchSnapshotResponse.PartitionSnapshot.DEFAULT
                .withErrorCode(answer.error().code())
                .withCurrentLeader(new FetchSnapshotResponse.LeaderIdAndEpoch(
                        leaderId(answer.leadership()), answer.leadership().epoch()))
                .withUnalignedRecords(part);
        if (answer.error() == ErrorCode.NONE) {
            partition = partition
                    .withSnapshotId(new FetchSnapshotResponse.SnapshotId(
                            answer.id().endOffset(), answer.id().epoch()))
                    .withPosition(position)
                    .withSize(totalBytes);
        }
        List<FetchSnapshotResponse.NodeEndpoint> endpoints = version < 1
                ? List.of()
                : leader(answer.leadership()).stream()
                        .map(node -> new FetchSnapshotResponse.NodeEndpoint(
                                node.id(),
                                node.endpoint().host(),
                                node.endpoint().port()))
                        .toList();
        return FetchSnapshotResponse.DEFAULT
                .withTopics(List.of(new FetchSnapshotResponse.TopicSnapshot(QuorumRequests.TOPIC, List.of(partition))))
                .withNodeEndpoints(endpoints);
    }

    public UpdateRaftVoterResponse voterUpdate(Effect.AnswerVoterUpdate answer) {
        UpdateRaftVoterResponse.CurrentLeader current = UpdateRaftVoterResponse.CurrentLeader.DEFAULT
                .withLeaderId(leaderId(answer.leadership()))
                .withLeaderEpoch(answer.leadership().epoch());
        Optional<LeaderNode> node = leader(answer.leadership());
        return UpdateRaftVoterResponse.DEFAULT
                .withErrorCode(answer.error().code())
                .withCurrentLeader(
                        node.isEmpty()
                                ? current
                                : current.withHost(node.get().endpoint().host())
                                        .withPort(node.get().endpoint().port()));
    }

    /** Whether a description is asked for the metadata log and nothing else. */
    public static boolean asksForMetadata(DescribeQuorumRequest request) {
        return request.topics().size() == 1
                && request.topics().getFirst().topicName().equals(QuorumRequests.TOPIC)
                && request.topics().getFirst().partitions().size() == 1
                && request.topics().getFirst().partitions().getFirst().partitionIndex() == 0;
    }

    /** Every partition asked for, with the same error. */
    public static DescribeQuorumResponse describeRefused(
            DescribeQuorumRequest request, ErrorCode error, String message) {
        return DescribeQuorumResponse.DEFAULT.withTopics(request.topics().stream()
                .map(topic -> new DescribeQuorumResponse.TopicData(
                        topic.topicName(),
                        topic.partitions().stream()
                                .map(partition -> DescribeQuorumResponse.PartitionData.DEFAULT
                                        .withPartitionIndex(partition.partitionIndex())
                                        .withErrorCode(error.code())
                                        .withErrorMessage(message))
                                .toList()))
                .toList());
    }

    /** {@code sinceEpochMs} is what to add to the machine's times to get those of the wall. */
    public DescribeQuorumResponse describe(
            int version, Leadership leadership, QuorumStatus status, VoterSet voters, long sinceEpochMs) {
        DescribeQuorumResponse.PartitionData partition = DescribeQuorumResponse.PartitionData.DEFAULT
                .withLeaderId(leaderId(leadership))
                .withLeaderEpoch(leadership.epoch())
                .withHighWatermark(status.highWatermark())
                // a voter's directory is told as far as the quorum's members are known by it: not at all with static
                // voters
                .withCurrentVoters(status.voters().stream()
                        .map(replica -> replica(version, replica, sinceEpochMs)
                                .withReplicaDirectoryId(version < 2 ? Uuid.ZERO : directoryOf(voters, replica.key())))
                        .toList())
                .withObservers(status.observers().stream()
                        .map(replica -> replica(version, replica, sinceEpochMs))
                        .toList());
        DescribeQuorumResponse response = DescribeQuorumResponse.DEFAULT.withTopics(
                List.of(new DescribeQuorumResponse.TopicData(QuorumRequests.TOPIC, List.of(partition))));
        return version < 2 ? response : response.withNodes(nodes(voters));
    }

    private static Uuid directoryOf(VoterSet voters, ReplicaKey replica) {
        return voters.find(replica.id()).map(voter -> voter.key().directoryId()).orElse(replica.directoryId());
    }

    private static DescribeQuorumResponse.ReplicaState replica(
            int version, QuorumStatus.Replica replica, long sinceEpochMs) {
        return new DescribeQuorumResponse.ReplicaState(
                replica.key().id(),
                version < 2 ? Uuid.ZERO : replica.key().directoryId(),
                replica.endOffset().orElse(-1),
                replica.fetchMs() < 0 ? -1 : replica.fetchMs() + sinceEpochMs,
                replica.caughtUpMs() < 0 ? -1 : replica.caughtUpMs() + sinceEpochMs);
    }

    private static List<DescribeQuorumResponse.Node> nodes(VoterSet voters) {
        List<DescribeQuorumResponse.Node> nodes = new ArrayList<>();
        for (Voter voter : voters.voters()) {
            List<DescribeQuorumResponse.Listener> listeners = new ArrayList<>();
            voter.endpoints()
                    .forEach((name, endpoint) ->
                            listeners.add(new DescribeQuorumResponse.Listener(name, endpoint.host(), endpoint.port())));
            nodes.add(new DescribeQuorumResponse.Node(voter.id(), listeners));
        }
        return nodes;
    }

    private record LeaderNode(int id, Endpoint endpoint) {}

    private Optional<LeaderNode> leader(Leadership leadership) {
        @Nullable Endpoint endpoint = leadership.endpoints().get(listener);
        return leadership.leaderId().isPresent() && endpoint != null
                ? Optional.of(new LeaderNode(leadership.leaderId().getAsInt(), endpoint))
                : Optional.empty();
    }

    private static int leaderId(Leadership leadership) {
        return leadership.leaderId().orElse(NOBODY);
    }
}
