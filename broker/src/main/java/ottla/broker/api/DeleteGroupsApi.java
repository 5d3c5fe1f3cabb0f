package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DeleteGroupsRequest;

/** Deletes groups without members, and their offsets (KIP-229). */
public final class DeleteGroupsApi implements Api<DeleteGroupsRequest> {
    private final GroupCoordinator groups;

    public DeleteGroupsApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DELETE_GROUPS;
    }

    @Override
    public void serve(DeleteGroupsRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.deleteGroups(Callers.of(inbound), inbound.version(), request));
    }
}
