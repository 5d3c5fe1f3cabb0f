package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.SyncGroupRequest;

/** Hands the leader's assignment to the members of a classic group. */
public final class SyncGroupApi implements Api<SyncGroupRequest> {
    private final GroupCoordinator groups;

    public SyncGroupApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.SYNC_GROUP;
    }

    @Override
    public void serve(SyncGroupRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.syncGroup(Callers.of(inbound), inbound.version(), request));
    }
}
