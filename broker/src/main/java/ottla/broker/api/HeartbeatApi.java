package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.HeartbeatRequest;

/** Keeps a member of a classic group alive. */
public final class HeartbeatApi implements Api<HeartbeatRequest> {
    private final GroupCoordinator groups;

    public HeartbeatApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.HEARTBEAT;
    }

    @Override
    public void serve(HeartbeatRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.heartbeat(Callers.of(inbound), inbound.version(), request));
    }
}
