package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BeginQuorumEpochRequest;

/** Takes notice of a new leader of the metadata quorum (KIP-595). */
public final class BeginQuorumEpochApi implements Api<BeginQuorumEpochRequest> {
    private final QuorumNode quorum;

    public BeginQuorumEpochApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.BEGIN_QUORUM_EPOCH;
    }

    @Override
    public void serve(BeginQuorumEpochRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.beginQuorumEpoch(inbound.version(), request));
    }
}
