package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateTopicsRequest;

/** Creates topics; the controller decides. */
public final class CreateTopicsApi implements Api<CreateTopicsRequest> {
    /** The first whose clients know that they may be refused for their quota (KIP-599). */
    private static final int STRICT_VERSION = 6;

    private final ControllerRequests controller;

    public CreateTopicsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.CREATE_TOPICS;
    }

    @Override
    public void serve(CreateTopicsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.createTopics(request, Mutations.of(inbound, STRICT_VERSION)));
    }
}
