package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.ApiKey;

/** A partition's leader proposes another in-sync set (KIP-497); the controller decides. */
public final class AlterPartitionApi implements Api<AlterPartitionRequest> {
    private final ControllerRequests controller;

    public AlterPartitionApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_PARTITION;
    }

    @Override
    public void serve(AlterPartitionRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.alterPartition(request, inbound.version()));
    }
}
