package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.OffsetFetchRequest;

/** Tells how far groups have read (several groups at a time: KIP-709). */
public final class OffsetFetchApi implements Api<OffsetFetchRequest> {
    private final GroupCoordinator groups;

    public OffsetFetchApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.OFFSET_FETCH;
    }

    @Override
    public void serve(OffsetFetchRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.fetchOffsets(Callers.of(inbound), inbound.version(), request));
    }
}
