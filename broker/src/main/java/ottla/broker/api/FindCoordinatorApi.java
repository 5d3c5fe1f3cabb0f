package ottla.broker.api;

import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.coordinator.io.GroupCoordinator;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FindCoordinatorRequest;
import ottla.wire.message.FindCoordinatorResponse;
import ottla.wire.message.FindCoordinatorResponse.Coordinator;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

/** Tells which broker coordinates a group (many at a time: KIP-699). */
public final class FindCoordinatorApi implements Api<FindCoordinatorRequest> {
    private static final int MANY_KEYS_VERSION = 4;
    private static final byte GROUP = 0;
    private static final byte TRANSACTION = 1;
    private static final byte SHARE = 2;

    private final ClusterView cluster;
    private final GroupCoordinator groups;
    private final TopicCreation creation;

    public FindCoordinatorApi(ClusterView cluster, GroupCoordinator groups, TopicCreation creation) {
        this.cluster = cluster;
        this.groups = groups;
        this.creation = creation;
    }

    @Override
    public ApiKey key() {
        return ApiKey.FIND_COORDINATOR;
    }

    @Override
    public void serve(FindCoordinatorRequest request, InboundRequest inbound) {
        String listener = inbound.connection().listenerName();
        if (inbound.version() >= MANY_KEYS_VERSION) {
            List<Coordinator> found = request.coordinatorKeys().stream()
                    .map(key -> find(request.keyType(), key, listener))
                    .toList();
            inbound.answer(FindCoordinatorResponse.DEFAULT.withCoordinators(found));
            return;
        }
        Coordinator found = find(request.keyType(), request.key(), listener);
        inbound.answer(FindCoordinatorResponse.DEFAULT
                .withErrorCode(found.errorCode())
                .withErrorMessage(found.errorMessage())
                .withNodeId(found.nodeId())
                .withHost(found.host())
                .withPort(found.port()));
    }

    private Coordinator find(byte type, String key, String listener) {
        return switch (type) {
            case GROUP -> group(key, listener);
            case TRANSACTION ->
                nobody(key, ErrorCode.UNSUPPORTED_VERSION, "Transactions are not served by this version of Ottla.");
            case SHARE ->
                nobody(key, ErrorCode.UNSUPPORTED_VERSION, "Share groups are not served by this version of Ottla.");
            default -> nobody(key, ErrorCode.INVALID_REQUEST, "There is no coordinator of type " + type + ".");
        };
    }

    private Coordinator group(String key, String listener) {
        ClusterImage image = cluster.image();
        Optional<TopicImage> offsets = image.topic(InternalTopics.OFFSETS);
        if (offsets.isEmpty()) {
            creation.createInternal(InternalTopics.OFFSETS);
            return unavailable(key);
        }
        Optional<BrokerEndpoint> endpoint = offsets.get()
                .partition(groups.partitionFor(key))
                .filter(PartitionRegistration::hasLeader)
                .flatMap(partition -> ClusterView.endpoint(image, partition.leader(), listener));
        int leader = offsets.get()
                .partition(groups.partitionFor(key))
                .map(PartitionRegistration::leader)
                .orElse(-1);
        return endpoint.map(at -> new Coordinator(key, leader, at.host(), at.port(), ErrorCode.NONE.code(), ""))
                .orElseGet(() -> unavailable(key));
    }

    private static Coordinator unavailable(String key) {
        return nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, "The coordinator is not available.");
    }

    private static Coordinator nobody(String key, ErrorCode error, String why) {
        return new Coordinator(key, -1, "", -1, error.code(), why);
    }
}
