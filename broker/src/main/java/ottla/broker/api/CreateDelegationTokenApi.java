package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.Principal;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateDelegationTokenRequest;
import ottla.wire.message.CreateDelegationTokenResponse;

/** Answers a wish for a delegation token (KIP-48): a connection on which nobody has authenticated may not ask for one. */
public final class CreateDelegationTokenApi implements Api<CreateDelegationTokenRequest> {
    private static final long NEVER = -1;
    private static final int FIRST_VERSION_WITH_REQUESTER = 3;

    @Override
    public ApiKey key() {
        return ApiKey.CREATE_DELEGATION_TOKEN;
    }

    @Override
    public void serve(CreateDelegationTokenRequest request, InboundRequest inbound) {
        Principal requester = inbound.connection().principal();
        String ownerName = request.ownerPrincipalName();
        String ownerType = request.ownerPrincipalType();
        boolean forItself = ownerName == null || ownerName.isEmpty();
        if (!forItself && ownerType == null) {
            // Kafka fails at an owner of no type
            inbound.answer(CreateDelegationTokenResponse.DEFAULT.withErrorCode(ErrorCode.UNKNOWN_SERVER_ERROR.code()));
            return;
        }
        boolean namesRequester = inbound.version() >= FIRST_VERSION_WITH_REQUESTER;
        inbound.answer(CreateDelegationTokenResponse.DEFAULT
                .withErrorCode(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code())
                .withPrincipalType(forItself || ownerType == null ? requester.type() : ownerType)
                .withPrincipalName(forItself || ownerName == null ? requester.name() : ownerName)
                .withTokenRequesterPrincipalType(namesRequester ? requester.type() : "")
                .withTokenRequesterPrincipalName(namesRequester ? requester.name() : "")
                .withIssueTimestampMs(NEVER)
                .withExpiryTimestampMs(NEVER)
                .withMaxTimestampMs(NEVER));
    }
}
