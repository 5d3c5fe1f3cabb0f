package ottla.broker.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

/**
 * Whom a client should ask instead, gathered while a Produce or Fetch is answered, so that it need not ask for metadata first
 * (KIP-951).
 *
 * @param <N> how the response writes down where a node is
 */
final class LeaderHints<N> {
    private final ClusterImage image;
    private final String listener;
    private final BiFunction<Integer, Where, N> toEndpoint;
    private final Map<Integer, N> nodes = new LinkedHashMap<>();

    /** Where a node answers. */
    record Where(String host, int port, Optional<String> rack) {}

    LeaderHints(ClusterImage image, String listener, BiFunction<Integer, Where, N> toEndpoint) {
        this.image = image;
        this.listener = listener;
        this.toEndpoint = toEndpoint;
    }

    /** The leader of a partition, whose address will be among {@link #nodes}. */
    Optional<PartitionRegistration> leaderOf(String topic, int partition) {
        Optional<PartitionRegistration> registered = image.topics().partition(topic, partition);
        registered.ifPresent(known -> {
            Optional<BrokerEndpoint> endpoint = ClusterView.endpoint(image, known.leader(), listener);
            endpoint.ifPresent(at -> nodes.put(
                    known.leader(),
                    toEndpoint.apply(
                            known.leader(),
                            new Where(
                                    at.host(),
                                    at.port(),
                                    image.broker(known.leader()).flatMap(broker -> broker.rack())))));
        });
        return registered;
    }

    Map<Integer, N> nodes() {
        return nodes;
    }
}
