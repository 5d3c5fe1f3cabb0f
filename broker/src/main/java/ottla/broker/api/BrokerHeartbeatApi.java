package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BrokerHeartbeatRequest;

/** Keeps a broker in the cluster, and lets it go in good order (KIP-631). */
public final class BrokerHeartbeatApi implements Api<BrokerHeartbeatRequest> {
    private final ControllerRequests controller;

    public BrokerHeartbeatApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.BROKER_HEARTBEAT;
    }

    @Override
    public void serve(BrokerHeartbeatRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.heartbeat(request));
    }
}
