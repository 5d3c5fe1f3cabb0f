package ottla.broker.api;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ListConfigResourcesRequest;
import ottla.wire.message.ListConfigResourcesResponse;

/** Lists what can have a configuration (KIP-1142); before version 1 only the subscriptions to client metrics (KIP-1000). */
public final class ListConfigResourcesApi implements Api<ListConfigResourcesRequest> {
    private final ClusterView cluster;

    public ListConfigResourcesApi(ClusterView cluster) {
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.LIST_CONFIG_RESOURCES;
    }

    @Override
    public void serve(ListConfigResourcesRequest request, InboundRequest inbound) {
        Set<ConfigResource.Type> types = EnumSet.noneOf(ConfigResource.Type.class);
        if (inbound.version() == 0) {
            types.add(ConfigResource.Type.CLIENT_METRICS);
        } else if (request.resourceTypes().isEmpty()) {
            types.addAll(EnumSet.allOf(ConfigResource.Type.class));
        }
        for (byte id : request.resourceTypes()) {
            Optional<ConfigResource.Type> type = ConfigResource.Type.of(id);
            if (type.isEmpty()) {
                inbound.answer(ListConfigResourcesResponse.DEFAULT.withErrorCode(ErrorCode.UNSUPPORTED_VERSION.code()));
                return;
            }
            types.add(type.get());
        }
        ClusterImage image = cluster.image();
        List<ListConfigResourcesResponse.ConfigResource> found = new ArrayList<>();
        for (ConfigResource.Type type : types) {
            names(image, type)
                    .forEach(name -> found.add(new ListConfigResourcesResponse.ConfigResource(name, type.id())));
        }
        inbound.answer(ListConfigResourcesResponse.DEFAULT.withConfigResources(found));
    }

    private static List<String> names(ClusterImage image, ConfigResource.Type type) {
        return switch (type) {
            case TOPIC ->
                image.topics().all().stream().map(topic -> topic.name()).toList();
            case BROKER, BROKER_LOGGER ->
                image.brokers().keySet().stream().map(String::valueOf).toList();
            case CLIENT_METRICS, GROUP ->
                image.configs().keySet().stream()
                        .filter(resource -> resource.type() == type)
                        .map(resource -> resource.name())
                        .toList();
        };
    }
}
