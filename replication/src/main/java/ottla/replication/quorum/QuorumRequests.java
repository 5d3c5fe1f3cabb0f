package ottla.replication.quorum;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.BeginQuorumEpochRequest;
import ottla.wire.message.EndQuorumEpochRequest;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchSnapshotRequest;
import ottla.wire.message.RemoveRaftVoterRequest;
import ottla.wire.message.UpdateRaftVoterRequest;
import ottla.wire.message.VoteRequest;

/**
 * What other nodes ask, as inputs of the machine; or the error with which the whole request is refused, because it is meant for
 * another cluster, or for anything but the one partition of the metadata log. Pure and without state.
 */
public final class QuorumRequests {
    public static final String TOPIC = "__cluster_metadata";

    private final String clusterId;

    public QuorumRequests(String clusterId) {
        this.clusterId = clusterId;
    }

    /** An input, or why there is none. */
    public sealed interface Parsed {
        record Accepted(Input input) implements Parsed {}

        /** The error of the whole answer. */
        record Refused(ErrorCode error) implements Parsed {}

        /** The error of the partition in the answer. */
        record PartitionRefused(ErrorCode error) implements Parsed {}
    }

    public Parsed vote(long request, VoteRequest vote) {
        if (isOtherCluster(vote.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        List<VoteRequest.PartitionData> partitions = vote.topics().stream()
                .filter(topic -> topic.topicName().equals(TOPIC))
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        if (vote.topics().size() != 1
                || partitions.size() != 1
                || partitions.getFirst().partitionIndex() != 0) {
            return new Parsed.Refused(ErrorCode.INVALID_REQUEST);
        }
        VoteRequest.PartitionData asked = partitions.getFirst();
        boolean epochPossible = asked.preVote()
                ? asked.lastOffsetEpoch() <= asked.replicaEpoch()
                : asked.lastOffsetEpoch() < asked.replicaEpoch();
        boolean possible = epochPossible
                && asked.lastOffset() >= 0
                && asked.lastOffsetEpoch() >= 0
                && asked.replicaId() >= 0
                && asked.replicaEpoch() >= 0;
        if (!possible) {
            return new Parsed.PartitionRefused(ErrorCode.INVALID_REQUEST);
        }
        return new Parsed.Accepted(new Input.VoteAsked(
                request,
                new ReplicaKey(asked.replicaId(), asked.replicaDirectoryId()),
                asked.replicaEpoch(),
                new LogEnd(asked.lastOffsetEpoch(), asked.lastOffset()),
                asked.preVote() ? Input.Asking.BEFORE_STANDING : Input.Asking.FOR_ELECTION,
                voter(vote.voterId(), asked.voterDirectoryId())));
    }

    public Parsed leaderAnnounced(long request, BeginQuorumEpochRequest announcement) {
        if (isOtherCluster(announcement.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        List<BeginQuorumEpochRequest.PartitionData> partitions = announcement.topics().stream()
                .filter(topic -> topic.topicName().equals(TOPIC))
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        if (announcement.topics().size() != 1
                || partitions.size() != 1
                || partitions.getFirst().partitionIndex() != 0) {
            return new Parsed.Refused(ErrorCode.INVALID_REQUEST);
        }
        BeginQuorumEpochRequest.PartitionData told = partitions.getFirst();
        if (told.leaderId() < 0 || told.leaderEpoch() < 0) {
            return new Parsed.PartitionRefused(ErrorCode.INVALID_REQUEST);
        }
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        announcement
                .leaderEndpoints()
                .forEach(endpoint -> endpoints.put(endpoint.name(), new Endpoint(endpoint.host(), endpoint.port())));
        return new Parsed.Accepted(new Input.LeaderAnnounced(
                request,
                told.leaderId(),
                told.leaderEpoch(),
                endpoints,
                voter(announcement.voterId(), told.voterDirectoryId())));
    }

    public Parsed leaderResigned(long request, EndQuorumEpochRequest resignation) {
        if (isOtherCluster(resignation.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        List<EndQuorumEpochRequest.PartitionData> partitions = resignation.topics().stream()
                .filter(topic -> topic.topicName().equals(TOPIC))
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        if (resignation.topics().size() != 1
                || partitions.size() != 1
                || partitions.getFirst().partitionIndex() != 0) {
            return new Parsed.Refused(ErrorCode.INVALID_REQUEST);
        }
        EndQuorumEpochRequest.PartitionData told = partitions.getFirst();
        if (told.leaderId() < 0 || told.leaderEpoch() < 0) {
            return new Parsed.PartitionRefused(ErrorCode.INVALID_REQUEST);
        }
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        resignation
                .leaderEndpoints()
                .forEach(endpoint -> endpoints.put(endpoint.name(), new Endpoint(endpoint.host(), endpoint.port())));
        // Version 0 names successors by id, later ones by id and directory.
        List<ReplicaKey> successors = told.preferredCandidates().isEmpty()
                ? told.preferredSuccessors().stream()
                        .map(ReplicaKey::ofUnknownDirectory)
                        .toList()
                : told.preferredCandidates().stream()
                        .map(info -> new ReplicaKey(info.candidateId(), info.candidateDirectoryId()))
                        .toList();
        return new Parsed.Accepted(
                new Input.LeaderResigned(request, told.leaderId(), told.leaderEpoch(), endpoints, successors));
    }

    public Parsed fetch(long request, FetchRequest fetch) {
        if (isOtherCluster(fetch.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        Optional<FetchRequest.FetchPartition> found = partition(fetch);
        if (found.isEmpty()) {
            return new Parsed.Refused(ErrorCode.INVALID_REQUEST);
        }
        FetchRequest.FetchPartition asked = found.get();
        boolean possible = fetch.maxWaitMs() >= 0
                && asked.fetchOffset() >= 0
                && asked.lastFetchedEpoch() >= 0
                && asked.currentLeaderEpoch() >= 0
                && asked.lastFetchedEpoch() <= asked.currentLeaderEpoch();
        if (!possible) {
            return new Parsed.PartitionRefused(ErrorCode.INVALID_REQUEST);
        }
        int replicaId =
                fetch.replicaState().replicaId() >= 0 ? fetch.replicaState().replicaId() : fetch.replicaId();
        return new Parsed.Accepted(new Input.FetchAsked(
                request,
                new ReplicaKey(replicaId, asked.replicaDirectoryId()),
                asked.currentLeaderEpoch(),
                asked.lastFetchedEpoch(),
                asked.fetchOffset(),
                asked.highWatermark(),
                fetch.maxWaitMs()));
    }

    /** The one partition of the metadata log, if that is all that is asked for: by name, or since version 13 by id. */
    private static Optional<FetchRequest.FetchPartition> partition(FetchRequest fetch) {
        List<FetchRequest.FetchPartition> partitions = fetch.topics().stream()
                .filter(topic -> topic.topic().equals(TOPIC) || topic.topicId().equals(Uuid.ONE))
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        return fetch.topics().size() == 1
                        && partitions.size() == 1
                        && partitions.getFirst().partition() == 0
                ? Optional.of(partitions.getFirst())
                : Optional.empty();
    }

    public Parsed fetchSnapshot(long request, FetchSnapshotRequest fetch) {
        if (isOtherCluster(fetch.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        if (fetch.topics().size() != 1 || fetch.topics().getFirst().partitions().size() != 1) {
            return new Parsed.Refused(ErrorCode.INVALID_REQUEST);
        }
        FetchSnapshotRequest.PartitionSnapshot asked =
                fetch.topics().getFirst().partitions().getFirst();
        if (!fetch.topics().getFirst().name().equals(TOPIC) || asked.partition() != 0) {
            return new Parsed.PartitionRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        return new Parsed.Accepted(new Input.SnapshotAsked(
                request,
                new ReplicaKey(fetch.replicaId(), asked.replicaDirectoryId()),
                asked.currentLeaderEpoch(),
                new SnapshotId(
                        asked.snapshotId().endOffset(), asked.snapshotId().epoch())));
    }

    public Parsed addVoter(long request, AddRaftVoterRequest add) {
        if (isOtherCluster(add.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        add.listeners()
                .forEach(listener ->
                        endpoints.put(normalised(listener.name()), new Endpoint(listener.host(), listener.port())));
        return new Parsed.Accepted(new Input.VoterAddAsked(
                request,
                new ReplicaKey(add.voterId(), add.voterDirectoryId()),
                endpoints,
                add.ackWhenCommitted() ? Input.Acknowledge.WHEN_COMMITTED : Input.Acknowledge.WHEN_APPENDED));
    }

    public Parsed removeVoter(long request, RemoveRaftVoterRequest remove) {
        return isOtherCluster(remove.clusterId())
                ? new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID)
                : new Parsed.Accepted(new Input.VoterRemoveAsked(
                        request, new ReplicaKey(remove.voterId(), remove.voterDirectoryId())));
    }

    public Parsed updateVoter(long request, UpdateRaftVoterRequest update) {
        if (isOtherCluster(update.clusterId())) {
            return new Parsed.Refused(ErrorCode.INCONSISTENT_CLUSTER_ID);
        }
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        update.listeners()
                .forEach(listener ->
                        endpoints.put(normalised(listener.name()), new Endpoint(listener.host(), listener.port())));
        return new Parsed.Accepted(new Input.VoterUpdateAsked(
                request,
                update.currentLeaderEpoch(),
                new Voter(
                        new ReplicaKey(update.voterId(), update.voterDirectoryId()),
                        endpoints,
                        update.kRaftVersionFeature().minSupportedVersion(),
                        update.kRaftVersionFeature().maxSupportedVersion())));
    }

    /** Names of listeners are compared in capitals. */
    private static String normalised(String listener) {
        return listener.toUpperCase(Locale.ROOT);
    }

    /** What a request to add or remove a voter of another cluster is told. */
    public String otherCluster(@Nullable String theirs) {
        return "The given id \"%s\" doesn't match the cluster id \"%s\"".formatted(theirs, clusterId);
    }

    private boolean isOtherCluster(@Nullable String theirs) {
        return theirs != null && !Objects.equals(theirs, clusterId);
    }

    private static Optional<ReplicaKey> voter(int id, Uuid directoryId) {
        return id < 0 ? Optional.empty() : Optional.of(new ReplicaKey(id, directoryId));
    }
}
