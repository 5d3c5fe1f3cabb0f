package ottla.broker.api;

import java.util.concurrent.CompletionStage;
import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeGroupsRequest;
import ottla.wire.message.DescribeGroupsResponse;

/** Describes classic groups and their members. */
public final class DescribeGroupsApi implements Api<DescribeGroupsRequest> {
    private final GroupCoordinator groups;

    public DescribeGroupsApi(GroupCoordinator groups) {
        this.groups = groups;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_GROUPS;
    }

    @Override
    public void serve(DescribeGroupsRequest request, InboundRequest inbound) {
        CompletionStage<DescribeGroupsResponse> answer =
                groups.describeGroups(Callers.of(inbound), inbound.version(), request);
        Later.answer(
                inbound,
                request.includeAuthorizedOperations() ? answer.thenApply(DescribeGroupsApi::allowAll) : answer);
    }

    private static DescribeGroupsResponse allowAll(DescribeGroupsResponse answer) {
        return answer.withGroups(answer.groups().stream()
                .map(group -> group.errorCode() == 0 ? group.withAuthorizedOperations(Operations.GROUP) : group)
                .toList());
    }
}
