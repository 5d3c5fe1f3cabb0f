package ottla.broker.api;

import ottla.replication.io.QuorumNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeQuorumRequest;

/** Shows the voters and observers of the metadata quorum and how far they are (KIP-595, KIP-836). */
public final class DescribeQuorumApi implements Api<DescribeQuorumRequest> {
    private final QuorumNode quorum;

    public DescribeQuorumApi(QuorumNode quorum) {
        this.quorum = quorum;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_QUORUM;
    }

    @Override
    public void serve(DescribeQuorumRequest request, InboundRequest inbound) {
        Later.answer(inbound, quorum.describeQuorum(inbound.version(), request));
    }
}
