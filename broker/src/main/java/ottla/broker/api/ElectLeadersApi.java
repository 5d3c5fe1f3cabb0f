package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ElectLeadersRequest;

/** Has the preferred replica lead, or any at all where nobody in sync is left (KIP-460); the controller decides. */
public final class ElectLeadersApi implements Api<ElectLeadersRequest> {
    private final ControllerRequests controller;

    public ElectLeadersApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ELECT_LEADERS;
    }

    @Override
    public void serve(ElectLeadersRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.electLeaders(request));
    }
}
