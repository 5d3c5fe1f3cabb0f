package ottla.replication.io;

import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.NetworkClient;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * The quorum's other nodes over the network: one connection to each address that was ever sent to. {@link #close} fails what is
 * under way; it comes after the end of the quorum's node, which says goodbye over it.
 */
public final class NetworkPeers implements QuorumPeers, AutoCloseable {
    private final NetworkClient client;
    private final ClientSoftware software;
    private final String clientId;
    private final long requestTimeoutMs;
    private final Map<Endpoint, PeerLink> links = new ConcurrentHashMap<>();

    /** @param requestTimeoutMs {@code controller.quorum.request.timeout.ms} */
    public NetworkPeers(NetworkClient client, ClientSoftware software, String clientId, long requestTimeoutMs) {
        this.client = client;
        this.software = software;
        this.clientId = clientId;
        this.requestTimeoutMs = requestTimeoutMs;
    }

    @Override
    public CompletionStage<Response> send(Effect.Peer to, Request request) {
        return links.computeIfAbsent(to.endpoint(), endpoint -> new PeerLink(client, software, clientId, endpoint))
                .send(request, requestTimeoutMs);
    }

    @Override
    public void close() {
        links.values().forEach(PeerLink::close);
    }
}
