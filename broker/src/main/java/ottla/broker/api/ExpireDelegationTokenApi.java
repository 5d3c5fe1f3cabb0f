package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ExpireDelegationTokenRequest;
import ottla.wire.message.ExpireDelegationTokenResponse;

/** Answers a wish to expire a delegation token (KIP-48): a connection on which nobody has authenticated may not. */
public final class ExpireDelegationTokenApi implements Api<ExpireDelegationTokenRequest> {
    private static final long NEVER = -1;

    @Override
    public ApiKey key() {
        return ApiKey.EXPIRE_DELEGATION_TOKEN;
    }

    @Override
    public void serve(ExpireDelegationTokenRequest request, InboundRequest inbound) {
        inbound.answer(ExpireDelegationTokenResponse.DEFAULT
                .withErrorCode(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code())
                .withExpiryTimestampMs(NEVER));
    }
}
