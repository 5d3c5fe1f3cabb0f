package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FetchSnapshotRequest;

/** Hands out a snapshot of the metadata in parts (KIP-630). */
public final class FetchSnapshotApi implements Api<FetchSnapshotRequest> {
    private final QuorumNode quorum;

    public FetchSnapshotApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.FETCH_SNAPSHOT;
    }

    @Override
    public void serve(FetchSnapshotRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.fetchSnapshot(inbound.version(), request));
    }
}
