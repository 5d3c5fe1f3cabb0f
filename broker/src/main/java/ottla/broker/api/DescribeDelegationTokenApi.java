package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeDelegationTokenRequest;
import ottla.wire.message.DescribeDelegationTokenResponse;

/** Answers a question for delegation tokens (KIP-48): a connection on which nobody has authenticated is not told. */
public final class DescribeDelegationTokenApi implements Api<DescribeDelegationTokenRequest> {
    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_DELEGATION_TOKEN;
    }

    @Override
    public void serve(DescribeDelegationTokenRequest request, InboundRequest inbound) {
        inbound.answer(DescribeDelegationTokenResponse.DEFAULT.withErrorCode(
                ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.code()));
    }
}
