package ottla.broker.api;

import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/** An API that a broker passes on to the active controller as it is (KIP-590). */
public final class ForwardedApi implements Api<Request> {
    private final ApiKey key;
    private final Decider<Request, Response> controller;

    public ForwardedApi(ApiKey key, Decider<Request, Response> controller) {
        this.key = key;
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return key;
    }

    @Override
    public void serve(Request request, InboundRequest inbound) {
        Later.answer(inbound, controller.decide(request, inbound));
    }
}
