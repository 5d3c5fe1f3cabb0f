package ottla.broker.api;

import java.util.HashMap;
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
                        set -> replaced(resource)),
                inbound);
        return refusal.map(reason -> new AlterConfigsResourceResponse(
                reason.error().code(), reason.reason(), resource.resourceType(), resource.resourceName()));
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
