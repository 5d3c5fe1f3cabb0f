package ottla.broker.api;

import ottla.controller.io.ControllerNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.ApiKey;

/** Replaces a whole configuration (KIP-133); the controller decides. */
public final class AlterConfigsApi implements Api<AlterConfigsRequest> {
    private final ControllerNode controller;

    public AlterConfigsApi(ControllerNode controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_CONFIGS;
    }

    @Override
    public void serve(AlterConfigsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.alterConfigs(request));
    }
}
