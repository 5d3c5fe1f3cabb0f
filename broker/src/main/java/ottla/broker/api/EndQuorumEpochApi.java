package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.EndQuorumEpochRequest;

/** Takes notice of a leader of the metadata quorum that leaves (KIP-595). */
public final class EndQuorumEpochApi implements Api<EndQuorumEpochRequest> {
    private final QuorumNode quorum;

    public EndQuorumEpochApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.END_QUORUM_EPOCH;
    }

    @Override
    public void serve(EndQuorumEpochRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.endQuorumEpoch(inbound.version(), request));
    }
}
