package ottla.broker.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeClusterRequest;
import ottla.wire.message.DescribeClusterResponse;
import ottla.wire.message.DescribeClusterResponse.DescribeClusterBroker;

/** DescribeCluster on a controller's listener: the controllers, and which of them is active (KIP-919). */
public final class DescribeControllersApi implements Api<DescribeClusterRequest> {
    private static final byte BROKERS = 1;
    private static final byte CONTROLLERS = 2;

    private final ClusterView cluster;
    private final Supplier<OptionalInt> active;

    /** @param active the leader of the quorum, as far as this node knows */
    public DescribeControllersApi(ClusterView cluster, Supplier<OptionalInt> active) {
        this.cluster = cluster;
        this.active = active;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_CLUSTER;
    }

    @Override
    public void serve(DescribeClusterRequest request, InboundRequest inbound) {
        if (!cluster.image().metadataVersion().hasControllerRegistration()) {
            // whoever would be sent to controllers that nobody can know would ask for ever
            inbound.answer(DescribeClusterResponse.DEFAULT
                    .withErrorCode(ErrorCode.UNSUPPORTED_VERSION.code())
                    .withErrorMessage(
                            "Direct-to-controller communication is not supported with the current MetadataVersion."));
            return;
        }
        if (request.endpointType() != CONTROLLERS) {
            inbound.answer(refused(request.endpointType(), inbound.version()));
            return;
        }
        String listener = inbound.connection().listenerName();
        List<DescribeClusterBroker> controllers = new ArrayList<>();
        cluster.image()
                .controllers()
                .values()
                .forEach(registered -> registered.endPoints().stream()
                        .filter(endpoint -> endpoint.name().equals(listener))
                        .forEach(endpoint -> controllers.add(new DescribeClusterBroker(
                                registered.controllerId(), endpoint.host(), endpoint.port(), null, false))));
        controllers.sort(Comparator.comparingInt(DescribeClusterBroker::brokerId));
        inbound.answer(DescribeClusterResponse.DEFAULT
                .withEndpointType(CONTROLLERS)
                .withClusterId(cluster.clusterId())
                .withControllerId(active.get().orElse(-1))
                .withBrokers(controllers)
                .withClusterAuthorizedOperations(
                        request.includeClusterAuthorizedOperations() ? Operations.CLUSTER : Operations.NOT_ASKED));
    }

    private static DescribeClusterResponse refused(byte endpointType, int version) {
        if (endpointType != BROKERS) {
            return DescribeClusterResponse.DEFAULT
                    .withErrorCode(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE.code())
                    .withErrorMessage("Unsupported endpoint type " + endpointType);
        }
        // a client of before KIP-919 asks for brokers, and knows none of the errors for that
        ErrorCode code = version == 0 ? ErrorCode.INVALID_REQUEST : ErrorCode.MISMATCHED_ENDPOINT_TYPE;
        return DescribeClusterResponse.DEFAULT
                .withErrorCode(code.code())
                .withErrorMessage("The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of"
                        + " type BROKER");
    }
}
