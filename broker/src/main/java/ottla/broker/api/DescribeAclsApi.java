package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeAclsRequest;
import ottla.wire.message.DescribeAclsResponse;

/** Answers a question for access rules: without an authorizer, that there is nobody to obey them. */
public final class DescribeAclsApi implements Api<DescribeAclsRequest> {
    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_ACLS;
    }

    @Override
    public void serve(DescribeAclsRequest request, InboundRequest inbound) {
        if (AclWords.areMeaningless(
                request.resourceTypeFilter(),
                request.patternTypeFilter(),
                request.operation(),
                request.permissionType())) {
            inbound.close(AclWords.MEANINGLESS);
            return;
        }
        inbound.answer(DescribeAclsResponse.DEFAULT
                .withErrorCode(ErrorCode.SECURITY_DISABLED.code())
                .withErrorMessage(AclWords.NO_AUTHORIZER_HERE));
    }
}
