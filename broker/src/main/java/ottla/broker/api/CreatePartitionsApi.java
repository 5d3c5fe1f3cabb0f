package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreatePartitionsRequest;

/** Gives topics more partitions (KIP-195); the controller decides. */
public final class CreatePartitionsApi implements Api<CreatePartitionsRequest> {
    /** The first whose clients know that they may be refused for their quota (KIP-599). */
    private static final int STRICT_VERSION = 3;

    private final ControllerRequests controller;

    public CreatePartitionsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.CREATE_PARTITIONS;
    }

    @Override
    public void serve(CreatePartitionsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.createPartitions(request, Mutations.of(inbound, STRICT_VERSION)));
    }
}
