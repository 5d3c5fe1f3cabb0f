package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.RenewDelegationTokenRequest;
import ottla.wire.message.RenewDelegationTokenResponse;

/** Answers a wish to renew a delegation token (KIP-48): a connection on which nobody has authenticated may not. */
public final class RenewDelegationTokenApi implements Api<RenewDelegationTokenRequest> {
    private static final long NEVER = -1;

    @Override
    public ApiKey key() {
        return ApiKey.RENEW_DELEGATION_TOKEN;
    }

    @Override
    public void serve(RenewDelegationTokenRequest request, InboundRequest inbound) {
        inbound.answer(RenewDelegationTokenResponse.DEFAULT
                .withErrorCode(ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code())
                .withExpiryTimestampMs(NEVER));
    }
}
