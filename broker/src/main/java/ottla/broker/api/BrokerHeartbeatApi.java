package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.Connection;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BrokerHeartbeatRequest;

/** Keeps a broker in the cluster, and lets it go in good order (KIP-631). */
public final class BrokerHeartbeatApi implements Api<BrokerHeartbeatRequest> {
    private final ControllerRequests controller;
    private final Watch watch;

    /** Learns over which connection each broker is heard. */
    @FunctionalInterface
    public interface Watch {
        void heard(int brokerId, long brokerEpoch, Connection connection);
    }

    public BrokerHeartbeatApi(ControllerRequests controller, Watch watch) {
        this.controller = controller;
        this.watch = watch;
    }

    @Override
    public ApiKey key() {
        return ApiKey.BROKER_HEARTBEAT;
    }

    @Override
    public void serve(BrokerHeartbeatRequest request, InboundRequest inbound) {
        watch.heard(request.brokerId(), request.brokerEpoch(), inbound.connection());
        Later.answer(inbound, controller.heartbeat(request));
    }
}
