package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.AddRaftVoterResponse;
import ottla.wire.message.ApiVersionsRequest;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.BeginQuorumEpochRequest;
import ottla.wire.message.BeginQuorumEpochResponse;
import ottla.wire.message.EndQuorumEpochRequest;
import ottla.wire.message.EndQuorumEpochResponse;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchSnapshotRequest;
import ottla.wire.message.FetchSnapshotResponse;
import ottla.wire.message.RemoveRaftVoterRequest;
import ottla.wire.message.RemoveRaftVoterResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.UpdateRaftVoterRequest;
import ottla.wire.message.UpdateRaftVoterResponse;
import ottla.wire.message.VoteRequest;
import ottla.wire.message.VoteResponse;
import ottla.wire.primitive.Payload;

/** What this node asks of others as messages, and their answers as inputs of the machine. Pure and without state. */
public final class QuorumOutgoing {
    private static final String KRAFT_VERSION = "kraft.version";

    /** A name and version that Kafka takes for valid; they are shown in its metrics only. */
    private static final String SOFTWARE = "ottla";

    private static final String SOFTWARE_VERSION = "1";

    private final String clusterId;
    private final QuorumMembership membership;

    public QuorumOutgoing(String clusterId, QuorumMembership membership) {
        this.clusterId = clusterId;
        this.membership = membership;
    }

    /** An answer as an input, with the records or snapshot bytes that came along. */
    public record Answered(Input input, Payload records) {}

    public Request request(Outgoing message) {
        return switch (message) {
            case Outgoing.Vote vote -> vote(vote);
            case Outgoing.AnnounceLeader announcement -> announcement(announcement);
            case Outgoing.AnnounceResignation resignation -> resignation(resignation);
            case Outgoing.Fetch fetch -> fetch(fetch);
            case Outgoing.FetchSnapshot fetch -> fetchSnapshot(fetch);
            case Outgoing.AskVersions ignored ->
                ApiVersionsRequest.DEFAULT.withClientSoftwareName(SOFTWARE).withClientSoftwareVersion(SOFTWARE_VERSION);
            case Outgoing.UpdateVoter update -> updateVoter(update);
            case Outgoing.AddVoter add -> addVoter(add);
            case Outgoing.RemoveVoter remove ->
                new RemoveRaftVoterRequest(
                        clusterId, remove.voter().id(), remove.voter().directoryId());
        };
    }

    private VoteRequest vote(Outgoing.Vote vote) {
        return VoteRequest.DEFAULT
                .withClusterId(clusterId)
                .withVoterId(vote.voter().id())
                .withTopics(List.of(new VoteRequest.TopicData(
                        QuorumRequests.TOPIC,
                        List.of(VoteRequest.PartitionData.DEFAULT
                                .withReplicaEpoch(vote.epoch())
                                .withReplicaId(membership.self().id())
                                .withReplicaDirectoryId(membership.self().directoryId())
                                .withVoterDirectoryId(vote.voter().directoryId())
                                .withLastOffsetEpoch(vote.log().epoch())
                                .withLastOffset(vote.log().endOffset())
                                .withPreVote(vote.asking() == Input.Asking.BEFORE_STANDING)))));
    }

    private BeginQuorumEpochRequest announcement(Outgoing.AnnounceLeader announcement) {
        List<BeginQuorumEpochRequest.LeaderEndpoint> endpoints = new ArrayList<>();
        membership
                .endpoints()
                .forEach((name, endpoint) -> endpoints.add(
                        new BeginQuorumEpochRequest.LeaderEndpoint(name, endpoint.host(), endpoint.port())));
        return BeginQuorumEpochRequest.DEFAULT
                .withClusterId(clusterId)
                .withVoterId(announcement.voter().id())
                .withTopics(List.of(new BeginQuorumEpochRequest.TopicData(
                        QuorumRequests.TOPIC,
                        List.of(BeginQuorumEpochRequest.PartitionData.DEFAULT
                                .withVoterDirectoryId(announcement.voter().directoryId())
                                .withLeaderId(membership.self().id())
                                .withLeaderEpoch(announcement.epoch())))))
                .withLeaderEndpoints(endpoints);
    }

    private EndQuorumEpochRequest resignation(Outgoing.AnnounceResignation resignation) {
        List<EndQuorumEpochRequest.LeaderEndpoint> endpoints = new ArrayList<>();
        membership
                .endpoints()
                .forEach((name, endpoint) -> endpoints.add(
                        new EndQuorumEpochRequest.LeaderEndpoint(name, endpoint.host(), endpoint.port())));
        List<ReplicaKey> successors = resignation.preferredSuccessors();
        return EndQuorumEpochRequest.DEFAULT
                .withClusterId(clusterId)
                .withTopics(List.of(new EndQuorumEpochRequest.TopicData(
                        QuorumRequests.TOPIC,
                        List.of(EndQuorumEpochRequest.PartitionData.DEFAULT
                                .withLeaderId(membership.self().id())
                                .withLeaderEpoch(resignation.epoch())
                                .withPreferredSuccessors(
                                        successors.stream().map(ReplicaKey::id).toList())
                                .withPreferredCandidates(successors.stream()
                                        .map(key -> new EndQuorumEpochRequest.ReplicaInfo(key.id(), key.directoryId()))
                                        .toList())))))
                .withLeaderEndpoints(endpoints);
    }

    private FetchRequest fetch(Outgoing.Fetch fetch) {
        return FetchRequest.DEFAULT
                .withClusterId(clusterId)
                .withReplicaState(FetchRequest.ReplicaState.DEFAULT.withReplicaId(
                        membership.self().id()))
                .withMaxWaitMs(fetch.maxWaitMs())
                .withMaxBytes(MetadataBatches.MAX_BATCH_BYTES)
                .withTopics(List.of(new FetchRequest.FetchTopic(
                        QuorumRequests.TOPIC,
                        Uuid.ONE,
                        List.of(FetchRequest.FetchPartition.DEFAULT
                                .withCurrentLeaderEpoch(fetch.epoch())
                                .withFetchOffset(fetch.log().endOffset())
                                .withLastFetchedEpoch(fetch.log().epoch())
                                .withPartitionMaxBytes(MetadataBatches.MAX_BATCH_BYTES)
                                .withReplicaDirectoryId(membership.self().directoryId())
                                .withHighWatermark(fetch.highWatermark())))));
    }

    private FetchSnapshotRequest fetchSnapshot(Outgoing.FetchSnapshot fetch) {
        return FetchSnapshotRequest.DEFAULT
                .withClusterId(clusterId)
                .withReplicaId(membership.self().id())
                .withMaxBytes(MetadataBatches.MAX_BATCH_BYTES)
                .withTopics(List.of(new FetchSnapshotRequest.TopicSnapshot(
                        QuorumRequests.TOPIC,
                        List.of(FetchSnapshotRequest.PartitionSnapshot.DEFAULT
                                .withCurrentLeaderEpoch(fetch.epoch())
                                .withSnapshotId(new FetchSnapshotRequest.SnapshotId(
                                        fetch.id().endOffset(), fetch.id().epoch()))
                                .withPosition(fetch.position())
                                .withReplicaDirectoryId(membership.self().directoryId())))));
    }

    private UpdateRaftVoterRequest updateVoter(Outgoing.UpdateVoter update) {
        Voter self = update.self();
        List<UpdateRaftVoterRequest.Listener> listeners = new ArrayList<>();
        self.endpoints()
                .forEach((name, endpoint) ->
                        listeners.add(new UpdateRaftVoterRequest.Listener(name, endpoint.host(), endpoint.port())));
        return new UpdateRaftVoterRequest(
                clusterId,
                update.epoch(),
                self.id(),
                self.key().directoryId(),
                listeners,
                new UpdateRaftVoterRequest.KRaftVersionFeature(
                        (short) self.minKRaftVersion(), (short) self.maxKRaftVersion()));
    }

    private AddRaftVoterRequest addVoter(Outgoing.AddVoter add) {
        Voter self = add.self();
        List<AddRaftVoterRequest.Listener> listeners = new ArrayList<>();
        self.endpoints()
                .forEach((name, endpoint) ->
                        listeners.add(new AddRaftVoterRequest.Listener(name, endpoint.host(), endpoint.port())));
        return new AddRaftVoterRequest(
                clusterId, add.timeoutMs(), self.id(), self.key().directoryId(), listeners, false);
    }

    /** The answer to a send. One that says nothing about the quorum counts as no answer. */
    public Answered answer(long send, Response response) {
        return switch (response) {
            case VoteResponse vote -> of(vote(send, vote));
            case BeginQuorumEpochResponse begin -> of(announcement(send, begin));
            case EndQuorumEpochResponse end -> of(resignation(send, end));
            case FetchResponse fetch -> fetch(send, fetch);
            case FetchSnapshotResponse fetch -> fetchSnapshot(send, fetch);
            case ApiVersionsResponse versions -> of(versions(send, versions));
            case UpdateRaftVoterResponse update -> of(voterUpdate(send, update));
            case AddRaftVoterResponse add -> of(new Input.JoinAnswered(send, ErrorCode.of(add.errorCode())));
            case RemoveRaftVoterResponse remove -> of(new Input.JoinAnswered(send, ErrorCode.of(remove.errorCode())));
            default -> of(new Input.SendFailed(send));
        };
    }

    private static Answered of(Input input) {
        return new Answered(input, Payload.EMPTY);
    }

    private Input vote(long send, VoteResponse response) {
        ErrorCode whole = ErrorCode.of(response.errorCode());
        if (whole == ErrorCode.UNSUPPORTED_VERSION) {
            return voteUnsupported(send);
        }
        if (whole != ErrorCode.NONE
                || response.topics().size() != 1
                || response.topics().getFirst().partitions().size() != 1) {
            return new Input.SendFailed(send);
        }
        VoteResponse.PartitionData partition =
                response.topics().getFirst().partitions().getFirst();
        @Nullable Endpoint endpoint = null;
        for (VoteResponse.NodeEndpoint node : response.nodeEndpoints()) {
            endpoint = node.nodeId() == partition.leaderId() ? new Endpoint(node.host(), node.port()) : endpoint;
        }
        return new Input.VoteAnswered(
                send,
                ErrorCode.of(partition.errorCode()),
                leadership(partition.leaderId(), partition.leaderEpoch(), endpoint),
                partition.voteGranted() ? Ballot.Vote.GRANTED : Ballot.Vote.REJECTED);
    }

    /** A voter that does not know this kind of vote. */
    public static Input voteUnsupported(long send) {
        return new Input.VoteAnswered(send, ErrorCode.UNSUPPORTED_VERSION, Leadership.NONE, Ballot.Vote.REJECTED);
    }

    private Input announcement(long send, BeginQuorumEpochResponse response) {
        if (response.errorCode() != ErrorCode.NONE.code()
                || response.topics().size() != 1
                || response.topics().getFirst().partitions().size() != 1) {
            return new Input.SendFailed(send);
        }
        BeginQuorumEpochResponse.PartitionData partition =
                response.topics().getFirst().partitions().getFirst();
        @Nullable Endpoint endpoint = null;
        for (BeginQuorumEpochResponse.NodeEndpoint node : response.nodeEndpoints()) {
            endpoint = node.nodeId() == partition.leaderId() ? new Endpoint(node.host(), node.port()) : endpoint;
        }
        return new Input.AnnouncementAnswered(
                send,
                ErrorCode.of(partition.errorCode()),
                leadership(partition.leaderId(), partition.leaderEpoch(), endpoint));
    }

    private Input resignation(long send, EndQuorumEpochResponse response) {
        if (response.errorCode() != ErrorCode.NONE.code()
                || response.topics().size() != 1
                || response.topics().getFirst().partitions().size() != 1) {
            return new Input.SendFailed(send);
        }
        EndQuorumEpochResponse.PartitionData partition =
                response.topics().getFirst().partitions().getFirst();
        @Nullable Endpoint endpoint = null;
        for (EndQuorumEpochResponse.NodeEndpoint node : response.nodeEndpoints()) {
            endpoint = node.nodeId() == partition.leaderId() ? new Endpoint(node.host(), node.port()) : endpoint;
        }
        return new Input.ResignationAnswered(
                send,
                ErrorCode.of(partition.errorCode()),
                leadership(partition.leaderId(), partition.leaderEpoch(), endpoint));
    }

    private Answered fetch(long send, FetchResponse response) {
        if (response.errorCode() != ErrorCode.NONE.code()
                || response.responses().size() != 1
                || response.responses().getFirst().partitions().size() != 1) {
            return of(new Input.SendFailed(send));
        }
        FetchResponse.PartitionData partition =
                response.responses().getFirst().partitions().getFirst();
        @Nullable Endpoint endpoint = null;
        for (FetchResponse.NodeEndpoint node : response.nodeEndpoints()) {
            endpoint = node.nodeId() == partition.currentLeader().leaderId()
                    ? new Endpoint(node.host(), node.port())
                    : endpoint;
        }
        Payload records = partition.records() == null ? Payload.EMPTY : partition.records();
        Input.Fetched fetched = new Input.Fetched.Records(records.sizeBytes(), partition.highWatermark());
        if (partition.divergingEpoch().epoch() >= 0) {
            fetched = new Input.Fetched.Diverging(new LogEnd(
                    partition.divergingEpoch().epoch(),
                    partition.divergingEpoch().endOffset()));
        } else if (partition.snapshotId().epoch() >= 0) {
            fetched = new Input.Fetched.Snapshot(new SnapshotId(
                    partition.snapshotId().endOffset(), partition.snapshotId().epoch()));
        }
        return new Answered(
                new Input.FetchAnswered(
                        send,
                        ErrorCode.of(partition.errorCode()),
                        leadership(
                                partition.currentLeader().leaderId(),
                                partition.currentLeader().leaderEpoch(),
                                endpoint),
                        fetched),
                records);
    }

    private Answered fetchSnapshot(long send, FetchSnapshotResponse response) {
        if (response.errorCode() != ErrorCode.NONE.code()
                || response.topics().size() != 1
                || response.topics().getFirst().partitions().size() != 1) {
            return of(new Input.SendFailed(send));
        }
        FetchSnapshotResponse.PartitionSnapshot partition =
                response.topics().getFirst().partitions().getFirst();
        @Nullable Endpoint endpoint = null;
        for (FetchSnapshotResponse.NodeEndpoint node : response.nodeEndpoints()) {
            endpoint = node.nodeId() == partition.currentLeader().leaderId()
                    ? new Endpoint(node.host(), node.port())
                    : endpoint;
        }
        Payload part = partition.unalignedRecords() == null ? Payload.EMPTY : partition.unalignedRecords();
        return new Answered(
                new Input.SnapshotAnswered(
                        send,
                        ErrorCode.of(partition.errorCode()),
                        leadership(
                                partition.currentLeader().leaderId(),
                                partition.currentLeader().leaderEpoch(),
                                endpoint),
                        new SnapshotId(
                                partition.snapshotId().endOffset(),
                                partition.snapshotId().epoch()),
                        partition.position(),
                        part.sizeBytes(),
                        partition.size()),
                part);
    }

    private static Input versions(long send, ApiVersionsResponse response) {
        int min = 0;
        int max = 0;
        for (ApiVersionsResponse.SupportedFeatureKey feature : response.supportedFeatures()) {
            if (feature.name().equals(KRAFT_VERSION)) {
                min = feature.minVersion();
                max = feature.maxVersion();
            }
        }
        return new Input.VersionsAnswered(send, ErrorCode.of(response.errorCode()), min, max);
    }

    private Input voterUpdate(long send, UpdateRaftVoterResponse response) {
        UpdateRaftVoterResponse.CurrentLeader current = response.currentLeader();
        @Nullable Endpoint endpoint = current.host().isEmpty() ? null : new Endpoint(current.host(), current.port());
        return new Input.VoterUpdateAnswered(
                send,
                ErrorCode.of(response.errorCode()),
                leadership(current.leaderId(), current.leaderEpoch(), endpoint));
    }

    /** A leader that does not know this request. */
    public static Input voterUpdateUnsupported(long send) {
        return new Input.VoterUpdateAnswered(send, ErrorCode.UNSUPPORTED_VERSION, Leadership.NONE);
    }

    private Leadership leadership(int leaderId, int epoch, @Nullable Endpoint endpoint) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        if (endpoint != null) {
            endpoints.put(membership.listener(), endpoint);
        }
        OptionalInt leader = leaderId < 0 ? OptionalInt.empty() : OptionalInt.of(leaderId);
        return new Leadership(epoch, leader, endpoints);
    }
}
