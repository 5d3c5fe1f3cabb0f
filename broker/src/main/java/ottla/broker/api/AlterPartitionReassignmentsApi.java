package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.ApiKey;

/** Gives partitions other replicas, or takes that back while it is under way (KIP-455); the controller decides. */
public final class AlterPartitionReassignmentsApi implements Api<AlterPartitionReassignmentsRequest> {
    private final ControllerRequests controller;

    public AlterPartitionReassignmentsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_PARTITION_REASSIGNMENTS;
    }

    @Override
    public void serve(AlterPartitionReassignmentsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.alterPartitionReassignments(request));
    }
}
