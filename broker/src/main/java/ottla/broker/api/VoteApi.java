package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.VoteRequest;

/** Votes in an election of the metadata quorum (KIP-595, KIP-996). */
public final class VoteApi implements Api<VoteRequest> {
    private final QuorumNode quorum;

    public VoteApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.VOTE;
    }

    @Override
    public void serve(VoteRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.vote(inbound.version(), request));
    }
}
