package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ControllerRegistrationRequest;

/** Writes down where a controller is reached and what it can do (KIP-919). */
public final class ControllerRegistrationApi implements Api<ControllerRegistrationRequest> {
    private final ControllerRequests controller;

    public ControllerRegistrationApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.CONTROLLER_REGISTRATION;
    }

    @Override
    public void serve(ControllerRegistrationRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.registerController(request));
    }
}
