package ottla.broker.api;

import java.util.HashMap;
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
        Sifted<AlterConfigsResource, AlterConfigsResourceResponse> sifted =
                new Sifted<>(request.resources(), resource -> refusal(resource, inbound));
        var answer = controller.decide(request.withResources(sifted.rest()), inbound);
        Later.answer(inbound, answer.thenApply(decided -> decided.withResponses(sifted.answers(decided.responses()))));
    }

    private Optional<AlterConfigsResourceResponse> refusal(AlterConfigsResource resource, InboundRequest inbound) {
        Optional<ConfigIntake.Refusal> refusal = intake.refusal(
                new ConfigIntake.Change(
                        resource.resourceType(),
                        resource.resourceName(),
                        resource.configs().stream().map(AlterableConfig::name).toList(),
                        set -> changed(set, resource)),
                inbound);
        return refusal.map(reason -> new AlterConfigsResourceResponse(
                reason.error().code(), reason.reason(), resource.resourceType(), resource.resourceName()));
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
