package ottla.broker.api;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.EnvelopeRequest;
import ottla.wire.message.EnvelopeResponse;

/** What clients asked of a broker and the broker passes on, served as if it had come itself (KIP-590). */
public final class EnvelopeApi implements Api<EnvelopeRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(EnvelopeApi.class);

    private final ApiTable table;

    /** @param table what serves the enclosed requests: that of the controller's listeners */
    public EnvelopeApi(ApiTable table) {
        this.table = table;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ENVELOPE;
    }

    @Override
    public void serve(EnvelopeRequest envelope, InboundRequest inbound) {
        switch (Envelopes.open(envelope, inbound, table)) {
            case Envelopes.Opened.Accepted(CarriedRequest request) -> {
                request.answered().whenComplete((response, failure) -> {
                    // a failure is logged where it happened
                    inbound.answer(
                            failure == null
                                    ? Envelopes.enclose(request, response)
                                    : EnvelopeResponse.DEFAULT.withErrorCode(ErrorCode.UNKNOWN_SERVER_ERROR.code()));
                });
                table.handle(request);
            }
            case Envelopes.Opened.Refused(ErrorCode error, String reason) -> {
                LOG.warn(
                        "An envelope from {} was refused: {}",
                        inbound.connection().remoteAddress(),
                        reason);
                inbound.answer(EnvelopeResponse.DEFAULT.withErrorCode(error.code()));
            }
        }
    }
}
