package ottla.replication.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import ottla.replication.quorum.Effect;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/** The way to the other nodes of the quorum. Called on the quorum's thread, must not block; the answer may come on any thread. */
public interface QuorumPeers {
    /** For a node that is the only one. */
    QuorumPeers NONE = (to, request) ->
            CompletableFuture.failedStage(new IllegalStateException("this quorum has no other nodes, but " + to));

    /**
     * Sends a request in the newest version that both sides know. The stage fails if there is no answer: with
     * {@link ottla.wire.primitive.UnsupportedField} if no such version can carry the request, and with
     * {@link ottla.wire.io.PeerFailure.Reason#REFUSED} if nobody listens there.
     */
    CompletionStage<Response> send(Effect.Peer to, Request request);
}
