package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.OffsetDeleteRequest;

/** Forgets offsets of topics that nobody in the group is subscribed to (KIP-496). */
public final class OffsetDeleteApi implements Api<OffsetDeleteRequest> {
    private final GroupCoordinator groups;

    public OffsetDeleteApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.OFFSET_DELETE;
    }

    @Override
    public void serve(OffsetDeleteRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.deleteOffsets(Callers.of(inbound), inbound.version(), request));
    }
}
