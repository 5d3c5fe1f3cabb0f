package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.JoinGroupRequest;

/** Lets a member into a classic group, when the group is ready for a new generation. */
public final class JoinGroupApi implements Api<JoinGroupRequest> {
    private final GroupCoordinator groups;

    public JoinGroupApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.JOIN_GROUP;
    }

    @Override
    public void serve(JoinGroupRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.joinGroup(Callers.of(inbound), inbound.version(), request));
    }
}
