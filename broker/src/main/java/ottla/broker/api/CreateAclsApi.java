package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateAclsRequest;
import ottla.wire.message.CreateAclsResponse;
import ottla.wire.message.CreateAclsResponse.AclCreationResult;

/** Answers a wish for access rules: without an authorizer, that nobody would obey them. */
public final class CreateAclsApi implements Api<CreateAclsRequest> {
    @Override
    public ApiKey key() {
        return ApiKey.CREATE_ACLS;
    }

    @Override
    public void serve(CreateAclsRequest request, InboundRequest inbound) {
        boolean meaningless = request.creations().stream()
                .anyMatch(acl -> AclWords.areMeaningless(
                        acl.resourceType(), acl.resourcePatternType(), acl.operation(), acl.permissionType()));
        if (meaningless) {
            inbound.close(AclWords.MEANINGLESS);
            return;
        }
        inbound.answer(CreateAclsResponse.DEFAULT.withResults(request.creations().stream()
                .map(acl -> new AclCreationResult(ErrorCode.SECURITY_DISABLED.code(), AclWords.NO_AUTHORIZER))
                .toList()));
    }
}
