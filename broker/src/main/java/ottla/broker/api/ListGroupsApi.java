package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ListGroupsRequest;

/** Lists the groups that this node coordinates. */
public final class ListGroupsApi implements Api<ListGroupsRequest> {
    private final GroupCoordinator groups;

    public ListGroupsApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.LIST_GROUPS;
    }

    @Override
    public void serve(ListGroupsRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.listGroups(Callers.of(inbound), inbound.version(), request));
    }
}
