package ottla.broker.api;

import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

/**
 * The cluster as this broker knows it: the newest image that was published to it, and what belongs to the node itself. Read on
 * every loop.
 */
public final class ClusterView {
    private final int nodeId;
    private final String clusterId;
    private volatile Published published = new Published(ClusterImage.EMPTY, -1);

    public ClusterView(int nodeId, String clusterId) {
        this.nodeId = nodeId;
        this.clusterId = clusterId;
    }

    /** An image and the offset of its last record in the metadata log. */
    public record Published(ClusterImage image, long offset) {}

    /** Puts a newer image in the place of the present one. Called by the thread that publishes images, and by no other. */
    public void publish(ClusterImage image, long offset) {
        published = new Published(image, offset);
    }

    public ClusterImage image() {
        return published.image();
    }

    public Published published() {
        return published;
    }

    public int nodeId() {
        return nodeId;
    }

    public String clusterId() {
        return clusterId;
    }

    /**
     * The brokers that a client is told of: those that can be reached through its listener, or else this one, which it has reached. A node that
     * is alone in its cluster is fenced before it stops; told of a cluster without brokers, librdkafka forgets the way here and may never
     * come back.
     */
    List<BrokerRegistration> shown(ClusterImage image, String listener) {
        List<BrokerRegistration> reachable = reachable(image, listener);
        return reachable.isEmpty()
                ? image.broker(nodeId).filter(self -> self.endpoint(listener).isPresent()).stream()
                        .toList()
                : reachable;
    }

    /** By id. */
    private static List<BrokerRegistration> reachable(ClusterImage image, String listener) {
        return image.brokers().values().stream()
                .filter(broker -> !broker.fenced() && broker.endpoint(listener).isPresent())
                .sorted((left, right) -> Integer.compare(left.id(), right.id()))
                .toList();
    }

    /** Where a broker answers on a listener; empty if it is not registered, fenced, or not on that listener. */
    public static Optional<BrokerEndpoint> endpoint(ClusterImage image, int brokerId, String listener) {
        return image.broker(brokerId).filter(broker -> !broker.fenced()).flatMap(broker -> broker.endpoint(listener));
    }

    /** What a client on a listener is told about a partition's leader: none, or one that it cannot reach. */
    static ErrorCode leaderError(ClusterImage image, int leader, String listener, ErrorCode unreachable) {
        if (image.broker(leader).isEmpty()) {
            return ErrorCode.LEADER_NOT_AVAILABLE;
        }
        return endpoint(image, leader, listener).isPresent() ? ErrorCode.NONE : unreachable;
    }
}
