package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FetchRequest;

/** Fetch on a controller's listener: the metadata log, and nothing else, for the other nodes of the cluster (KIP-595). */
public final class MetadataFetchApi implements Api<FetchRequest> {
    private final QuorumNode quorum;

    public MetadataFetchApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.FETCH;
    }

    @Override
    public void serve(FetchRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.fetch(inbound.version(), request));
    }
}
