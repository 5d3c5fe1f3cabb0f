package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.UpdateFeaturesRequest;

/** Finalizes levels of features (KIP-584); the controller decides. */
public final class UpdateFeaturesApi implements Api<UpdateFeaturesRequest> {
    private final ControllerRequests controller;

    public UpdateFeaturesApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.UPDATE_FEATURES;
    }

    @Override
    public void serve(UpdateFeaturesRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.updateFeatures(request, inbound.version()));
    }
}
