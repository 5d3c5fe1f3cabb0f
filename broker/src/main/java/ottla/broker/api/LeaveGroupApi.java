package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.LeaveGroupRequest;

/** Lets members of a classic group go at once (several at a time: KIP-345). */
public final class LeaveGroupApi implements Api<LeaveGroupRequest> {
    private final GroupCoordinator groups;

    public LeaveGroupApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.LEAVE_GROUP;
    }

    @Override
    public void serve(LeaveGroupRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.leaveGroup(Callers.of(inbound), inbound.version(), request));
    }
}
