package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.UpdateRaftVoterRequest;

/** Takes in where a voter of the metadata quorum listens now, and what it supports (KIP-853). */
public final class UpdateRaftVoterApi implements Api<UpdateRaftVoterRequest> {
    private final QuorumNode quorum;

    public UpdateRaftVoterApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.UPDATE_RAFT_VOTER;
    }

    @Override
    public void serve(UpdateRaftVoterRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.updateVoter(request));
    }
}
