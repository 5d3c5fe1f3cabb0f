package ottla.wire.io;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * A connection to another node. Requests may be sent without waiting for the answers to earlier ones. Any thread may call; what
 * hangs on the stages runs on the connection's loop. All stages fail with {@link PeerFailure} and nothing else.
 */
public interface PeerConnection {
    /** Sends a request and completes with its answer. The request's payloads then belong to the connection. */
    CompletionStage<Response> send(ApiKey api, int version, Request request);

    /** As {@link #send(ApiKey, int, Request)}, with a time limit of its own. */
    CompletionStage<Response> send(ApiKey api, int version, Request request, long timeoutMs);

    /** Asks which versions the peer serves, telling it who asks. Falls back to what an older peer understands. */
    CompletionStage<PeerVersions> negotiate(ClientSoftware software);

    InetSocketAddress remoteAddress();

    Loop loop();

    boolean isOpen();

    /** Completes, with the reason, when the connection closes. */
    CompletionStage<PeerFailure> closed();

    /** Closes the connection and fails what is not answered. */
    void close();
}
