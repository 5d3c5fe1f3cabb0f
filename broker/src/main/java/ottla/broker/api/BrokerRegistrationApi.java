package ottla.broker.api;

import ottla.controller.io.ControllerNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BrokerRegistrationRequest;

/** Lets a broker into the cluster (KIP-631). */
public final class BrokerRegistrationApi implements Api<BrokerRegistrationRequest> {
    private final ControllerNode controller;

    public BrokerRegistrationApi(ControllerNode controller) {
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
