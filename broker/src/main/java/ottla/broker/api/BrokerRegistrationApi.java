package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BrokerRegistrationRequest;

/** Lets a broker into the cluster (KIP-631). */
public final class BrokerRegistrationApi implements Api<BrokerRegistrationRequest> {
    private final ControllerRequests controller;

    public BrokerRegistrationApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.BROKER_REGISTRATION;
    }

    @Override
    public void serve(BrokerRegistrationRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.registerBroker(request));
    }
}
