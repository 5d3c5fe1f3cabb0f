package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.AssignReplicasToDirsRequest;

/** Takes in where a broker has its replicas (KIP-858). */
public final class AssignReplicasToDirsApi implements Api<AssignReplicasToDirsRequest> {
    private final ControllerRequests controller;

    public AssignReplicasToDirsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ASSIGN_REPLICAS_TO_DIRS;
    }

    @Override
    public void serve(AssignReplicasToDirsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.assignReplicasToDirs(request));
    }
}
