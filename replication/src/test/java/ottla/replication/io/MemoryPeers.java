package ottla.replication.io;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Endpoint;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.ApiVersionsRequest;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.BeginQuorumEpochRequest;
import ottla.wire.message.EndQuorumEpochRequest;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchSnapshotRequest;
import ottla.wire.message.RemoveRaftVoterRequest;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.UpdateRaftVoterRequest;
import ottla.wire.message.VoteRequest;

/** The way between the nodes of one process: asks whoever is there, in the newest versions. */
final class MemoryPeers implements QuorumPeers {
    private final Map<Endpoint, QuorumNode> nodes = new ConcurrentHashMap<>();

    void join(Endpoint endpoint, QuorumNode node) {
        nodes.put(endpoint, node);
    }

    void leave(Endpoint endpoint) {
        nodes.remove(endpoint);
    }

    @Override
    public CompletionStage<Response> send(Effect.Peer to, Request request) {
        @Nullable QuorumNode node = nodes.get(to.endpoint());
        if (node == null) {
            return CompletableFuture.failedStage(new IllegalStateException("nobody listens at " + to));
        }
        CompletionStage<? extends Response> response = switch (request) {
            case VoteRequest vote -> node.vote(VoteRequest.MAX_VERSION, vote);
            case BeginQuorumEpochRequest begin -> node.beginQuorumEpoch(BeginQuorumEpochRequest.MAX_VERSION, begin);
            case EndQuorumEpochRequest end -> node.endQuorumEpoch(EndQuorumEpochRequest.MAX_VERSION, end);
            case FetchRequest fetch -> node.fetch(FetchRequest.MAX_VERSION, fetch);
            case FetchSnapshotRequest fetch -> node.fetchSnapshot(FetchSnapshotRequest.MAX_VERSION, fetch);
            case AddRaftVoterRequest add -> node.addVoter(add);
            case RemoveRaftVoterRequest remove -> node.removeVoter(remove);
            case UpdateRaftVoterRequest update -> node.updateVoter(update);
            case ApiVersionsRequest ignored -> CompletableFuture.completedStage(versions());
            default -> throw new AssertionError("not a request between controllers: " + request);
        };
        return response.thenApply(Response.class::cast);
    }

    private static ApiVersionsResponse versions() {
        return ApiVersionsResponse.DEFAULT.withSupportedFeatures(
                List.of(new ApiVersionsResponse.SupportedFeatureKey("kraft.version", (short) 0, (short) 1)));
    }
}
