package ottla.broker.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeClusterRequest;
import ottla.wire.message.DescribeClusterResponse;
import ottla.wire.message.DescribeClusterResponse.DescribeClusterBroker;

/** Lists the brokers of the cluster (KIP-700), those that are fenced too if asked (KIP-1073). */
public final class DescribeClusterApi implements Api<DescribeClusterRequest> {
    private static final byte BROKERS = 1;
    private static final byte CONTROLLERS = 2;

    private final ClusterView cluster;

    public DescribeClusterApi(ClusterView cluster) {
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_CLUSTER;
    }

    @Override
    public void serve(DescribeClusterRequest request, InboundRequest inbound) {
        if (request.endpointType() != BROKERS) {
            inbound.answer(
                    request.endpointType() == CONTROLLERS
                            ? refused(
                                    ErrorCode.MISMATCHED_ENDPOINT_TYPE,
                                    "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type"
                                            + " CONTROLLER")
                            : refused(
                                    ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
                                    "Unsupported endpoint type " + request.endpointType()));
            return;
        }
        ClusterImage image = cluster.image();
        String listener = inbound.connection().listenerName();
        List<DescribeClusterBroker> brokers = new ArrayList<>();
        for (BrokerRegistration broker : image.brokers().values()) {
            if (!broker.fenced() || request.includeFencedBrokers()) {
                broker.endpoint(listener)
                        .ifPresent(endpoint -> brokers.add(new DescribeClusterBroker(
                                broker.id(),
                                endpoint.host(),
                                endpoint.port(),
                                broker.rack().orElse(null),
                                broker.fenced())));
            }
        }
        brokers.sort(Comparator.comparingInt(DescribeClusterBroker::brokerId));
        inbound.answer(DescribeClusterResponse.DEFAULT
                .withEndpointType(BROKERS)
                .withClusterId(cluster.clusterId())
                .withControllerId(brokers.isEmpty() ? -1 : cluster.nodeId())
                .withBrokers(brokers)
                .withClusterAuthorizedOperations(
                        request.includeClusterAuthorizedOperations() ? Operations.CLUSTER : Operations.NOT_ASKED));
    }

    private static DescribeClusterResponse refused(ErrorCode error, String why) {
        return DescribeClusterResponse.DEFAULT.withErrorCode(error.code()).withErrorMessage(why);
    }
}
