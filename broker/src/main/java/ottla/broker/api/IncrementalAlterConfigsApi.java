package ottla.broker.api;

import ottla.controller.io.ControllerNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.IncrementalAlterConfigsRequest;

/** Changes single values of a configuration (KIP-339); the controller decides. */
public final class IncrementalAlterConfigsApi implements Api<IncrementalAlterConfigsRequest> {
    private final ControllerNode controller;

    public IncrementalAlterConfigsApi(ControllerNode controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.INCREMENTAL_ALTER_CONFIGS;
    }

    @Override
    public void serve(IncrementalAlterConfigsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.incrementalAlterConfigs(request));
    }
}
