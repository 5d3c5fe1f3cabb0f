package ottla.broker.api;

import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.OffsetCommitRequest;

/** Writes down how far a group has read. */
public final class OffsetCommitApi implements Api<OffsetCommitRequest> {
    private final GroupCoordinator groups;

    public OffsetCommitApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.OFFSET_COMMIT;
    }

    @Override
    public void serve(OffsetCommitRequest request, InboundRequest inbound) {
        Later.answer(inbound, groups.commitOffsets(Callers.of(inbound), inbound.version(), request));
    }
}
