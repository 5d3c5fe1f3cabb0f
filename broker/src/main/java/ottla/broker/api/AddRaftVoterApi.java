package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.ApiKey;

/** Lets a controller vote in the metadata quorum (KIP-853); its leader decides. */
public final class AddRaftVoterApi implements Api<AddRaftVoterRequest> {
    private final QuorumNode quorum;

    public AddRaftVoterApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ADD_RAFT_VOTER;
    }

    @Override
    public void serve(AddRaftVoterRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.addVoter(request));
    }
}
