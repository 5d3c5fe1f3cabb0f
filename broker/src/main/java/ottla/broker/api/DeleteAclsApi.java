package ottla.broker.api;

import java.util.List;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DeleteAclsRequest;
import ottla.wire.message.DeleteAclsResponse;
import ottla.wire.message.DeleteAclsResponse.DeleteAclsFilterResult;

/** Answers a wish to remove access rules: without an authorizer, that there is nobody to obey them. */
public final class DeleteAclsApi implements Api<DeleteAclsRequest> {
    @Override
    public ApiKey key() {
        return ApiKey.DELETE_ACLS;
    }

    @Override
    public void serve(DeleteAclsRequest request, InboundRequest inbound) {
        boolean meaningless = request.filters().stream()
                .anyMatch(acl -> AclWords.areMeaningless(
                        acl.resourceTypeFilter(), acl.patternTypeFilter(), acl.operation(), acl.permissionType()));
        if (meaningless) {
            inbound.close(AclWords.MEANINGLESS);
            return;
        }
        inbound.answer(DeleteAclsResponse.DEFAULT.withFilterResults(request.filters().stream()
                .map(filter -> new DeleteAclsFilterResult(
                        ErrorCode.SECURITY_DISABLED.code(), AclWords.NO_AUTHORIZER, List.of()))
                .toList()));
    }
}
