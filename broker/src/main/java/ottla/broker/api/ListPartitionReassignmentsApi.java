package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ListPartitionReassignmentsRequest;

/** Tells which partitions are being given other replicas (KIP-455); the active controller knows. */
public final class ListPartitionReassignmentsApi implements Api<ListPartitionReassignmentsRequest> {
    private final ControllerRequests controller;

    public ListPartitionReassignmentsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.LIST_PARTITION_REASSIGNMENTS;
    }

    @Override
    public void serve(ListPartitionReassignmentsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.listPartitionReassignments(request));
    }
}
