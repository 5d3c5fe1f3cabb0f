package ottla.broker.api;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterableConfig;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;

/** Changes single values of a configuration (KIP-339); the controller decides. */
public final class IncrementalAlterConfigsApi implements Api<IncrementalAlterConfigsRequest> {
    private static final byte SET = 0;
    private static final byte DELETE = 1;

    private final Decider<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> controller;
    private final ConfigIntake intake;

    public IncrementalAlterConfigsApi(
            Decider<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> controller, ConfigIntake intake) {
        this.controller = controller;
        this.intake = intake;
    }

    @Override
    public ApiKey key() {
        return ApiKey.INCREMENTAL_ALTER_CONFIGS;
    }

    @Override
    public void serve(IncrementalAlterConfigsRequest request, InboundRequest inbound) {
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

    private static IncrementalAlterConfigsResponse withRefused(
            List<AlterConfigsResource> asked,
            Map<AlterConfigsResource, ConfigIntake.Refusal> refused,
            IncrementalAlterConfigsResponse decided) {
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
                        set -> changed(set, resource)),
                inbound);
    }

    private static Map<String, String> changed(Map<String, String> set, AlterConfigsResource resource) {
        Map<String, String> after = new HashMap<>(set);
        for (AlterableConfig config : resource.configs()) {
            // what is added to a list or taken out of it stands in no relation to other keys
            if (config.configOperation() == SET && config.value() != null) {
                after.put(config.name(), config.value());
            } else if (config.configOperation() == DELETE) {
                after.remove(config.name());
            }
        }
        return after;
    }
}
