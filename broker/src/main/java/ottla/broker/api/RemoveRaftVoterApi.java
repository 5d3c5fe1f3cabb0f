package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.RemoveRaftVoterRequest;

/** Lets a controller vote no more in the metadata quorum (KIP-853); its leader decides. */
public final class RemoveRaftVoterApi implements Api<RemoveRaftVoterRequest> {
    private final QuorumNode quorum;

    public RemoveRaftVoterApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.REMOVE_RAFT_VOTER;
    }

    @Override
    public void serve(RemoveRaftVoterRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.removeVoter(request));
    }
}
