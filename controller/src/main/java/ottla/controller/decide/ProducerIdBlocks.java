package ottla.controller.decide;

import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.ProducerIdsRecord;

/** AllocateProducerIds: gives brokers blocks of producer ids, of which none is ever given twice. */
public final class ProducerIdBlocks {
    /** A broker asks again after so many new producers; ids are 63 bits, so large gaps after a restart cost nothing. */
    public static final int BLOCK_SIZE = 1000;

    private final ClusterImage image;

    public ProducerIdBlocks(ClusterImage image) {
        this.image = image;
    }

    public Decision<MetadataRecord, AllocateProducerIdsResponse> allocate(AllocateProducerIdsRequest request) {
        Optional<BrokerRegistration> broker = image.broker(request.brokerId());
        if (broker.isEmpty() || broker.get().epoch() != request.brokerEpoch()) {
            return Decision.of(AllocateProducerIdsResponse.DEFAULT.withErrorCode(ErrorCode.STALE_BROKER_EPOCH.code()));
        }
        long first = image.nextProducerId();
        if (first > Long.MAX_VALUE - BLOCK_SIZE) {
            return Decision.of(
                    AllocateProducerIdsResponse.DEFAULT.withErrorCode(ErrorCode.UNKNOWN_SERVER_ERROR.code()));
        }
        return new Decision<>(
                List.of(new ProducerIdsRecord(request.brokerId(), request.brokerEpoch(), first + BLOCK_SIZE)),
                AllocateProducerIdsResponse.DEFAULT.withProducerIdStart(first).withProducerIdLen(BLOCK_SIZE));
    }
}
