package ottla.broker.api;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsRequest.AlterConfigsResource;
import ottla.wire.message.AlterConfigsRequest.AlterableConfig;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.AlterConfigsResponse.AlterConfigsResourceResponse;
import ottla.wire.message.ApiKey;

/** Replaces a whole configuration (KIP-133); the controller decides. */
public final class AlterConfigsApi implements Api<AlterConfigsRequest> {
    private final Decider<AlterConfigsRequest, AlterConfigsResponse> controller;
    private final ConfigIntake intake;

    public AlterConfigsApi(Decider<AlterConfigsRequest, AlterConfigsResponse> controller, ConfigIntake intake) {
        this.controller = controller;
        this.intake = intake;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_CONFIGS;
    }

    @Override
    public void serve(AlterConfigsRequest request, InboundRequest inbound) {
        // once, since the answer may have changed what a reason stands on
        Map<AlterConfigsResource, ConfigIntake.Refusal> refused = new HashMap<>();
        request.resources()
                .forEach(resource -> refusal(resource, inbound).ifPresent(reason -> refused.put(resource, reason)));
        List<AlterConfigsResource> decided = request.resources().stream()
                .filter(resource -> !refused.containsKey(resource))
                .toList();
        var answer = controller.decide(request.withResources(decided), inbound);
        Later.answer(inbound, answer.thenApply(response -> withRefused(request.resources(), refused, response)));
    }

    private static AlterConfigsResponse withRefused(
            List<AlterConfigsResource> asked,
            Map<AlterConfigsResource, ConfigIntake.Refusal> refused,
            AlterConfigsResponse decided) {
        Iterator<AlterConfigsResourceResponse> others = decided.responses().iterator();
        List<AlterConfigsResourceResponse> all = new ArrayList<>(asked.size());
        for (AlterConfigsResource resource : asked) {
            ConfigIntake.Refusal refusal = refused.get(resource);
            if (refusal != null) {
                all.add(new AlterConfigsResourceResponse(
                        refusal.error().code(), refusal.reason(), resource.resourceType(), resource.resourceName()));
            } else if (others.hasNext()) {
                all.add(others.next());
            }
        }
        return decided.withResponses(all);
    }

    private Optional<ConfigIntake.Refusal> refusal(AlterConfigsResource resource, InboundRequest inbound) {
        return intake.refusal(
                new ConfigIntake.Change(
                        resource.resourceType(),
                        resource.resourceName(),
                        resource.configs().stream().map(AlterableConfig::name).toList(),
                        set -> replaced(resource)),
                inbound);
    }

    private static Map<String, String> replaced(AlterConfigsResource resource) {
        Map<String, String> after = new HashMap<>();
        for (AlterableConfig config : resource.configs()) {
            if (config.value() != null) {
                after.put(config.name(), config.value());
            }
        }
        return after;
    }
}
