package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.ApiKey;

/** Assigns a block of producer ids to a broker (KIP-730). */
public final class AllocateProducerIdsApi implements Api<AllocateProducerIdsRequest> {
    private final ControllerRequests controller;

    public AllocateProducerIdsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALLOCATE_PRODUCER_IDS;
    }

    @Override
    public void serve(AllocateProducerIdsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.allocateProducerIds(request));
    }
}
