package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.UnregisterBrokerRequest;

/** Forgets a broker that will not come back (KIP-500); the controller decides. */
public final class UnregisterBrokerApi implements Api<UnregisterBrokerRequest> {
    private final ControllerRequests controller;

    public UnregisterBrokerApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.UNREGISTER_BROKER;
    }

    @Override
    public void serve(UnregisterBrokerRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.unregisterBroker(request));
    }
}
