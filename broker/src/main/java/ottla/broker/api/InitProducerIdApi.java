package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.broker.api.ProducerIds.Issued;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.InitProducerIdRequest;
import ottla.wire.message.InitProducerIdResponse;

/** Gives an idempotent producer its id (KIP-98, KIP-360). Transactional ids are not served yet, and are refused. */
public final class InitProducerIdApi implements Api<InitProducerIdRequest> {
    private static final long NO_PRODUCER_ID = -1;
    private static final short NO_EPOCH = -1;

    private final ProducerIds producerIds;

    public InitProducerIdApi(ProducerIds producerIds) {
        this.producerIds = producerIds;
    }

    @Override
    public ApiKey key() {
        return ApiKey.INIT_PRODUCER_ID;
    }

    @Override
    public void serve(InitProducerIdRequest request, InboundRequest inbound) {
        boolean hasId = request.producerId() != NO_PRODUCER_ID;
        boolean hasEpoch = request.producerEpoch() != NO_EPOCH;
        if (hasId != hasEpoch) {
            // an id and its epoch come together or not at all
            inbound.answer(refused(ErrorCode.INVALID_REQUEST));
        } else if (request.transactionalId() != null) {
            inbound.answer(refused(
                    request.transactionalId().isEmpty() ? ErrorCode.INVALID_REQUEST : ErrorCode.UNSUPPORTED_VERSION));
        } else {
            // a producer without transactions that asks again gets a new id: its old sequence numbers mean nothing any
            // more
            Later.answer(inbound, producerIds.issue().thenApply(InitProducerIdApi::answer));
        }
    }

    private static InitProducerIdResponse answer(Issued issued) {
        return switch (issued) {
            case Issued.Id(long producerId) ->
                InitProducerIdResponse.DEFAULT.withProducerId(producerId).withProducerEpoch((short) 0);
            case Issued.Failed(ErrorCode error) -> refused(error);
        };
    }

    private static InitProducerIdResponse refused(ErrorCode error) {
        return InitProducerIdResponse.DEFAULT
                .withErrorCode(error.code())
                .withProducerId(NO_PRODUCER_ID)
                .withProducerEpoch(NO_EPOCH);
    }
}
