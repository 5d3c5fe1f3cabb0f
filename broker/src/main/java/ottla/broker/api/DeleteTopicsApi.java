package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DeleteTopicsRequest;

/** Deletes topics by name or id (KIP-516); the controller decides. */
public final class DeleteTopicsApi implements Api<DeleteTopicsRequest> {
    /** The first whose clients know that they may be refused for their quota (KIP-599). */
    private static final int STRICT_VERSION = 5;

    private final ControllerRequests controller;

    public DeleteTopicsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DELETE_TOPICS;
    }

    @Override
    public void serve(DeleteTopicsRequest request, InboundRequest inbound) {
        Later.answer(
                inbound, controller.deleteTopics(request, inbound.version(), Mutations.of(inbound, STRICT_VERSION)));
    }
}
