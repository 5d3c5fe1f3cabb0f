package ottla.broker.api;

import ottla.controller.io.ControllerNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.ApiKey;

/** Assigns a block of producer ids to a broker (KIP-730). */
public final class AllocateProducerIdsApi implements Api<AllocateProducerIdsRequest> {
    private final ControllerNode controller;

    public AllocateProducerIdsApi(ControllerNode controller) {
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
