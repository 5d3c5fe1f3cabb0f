package ottla.broker.api;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
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
        List<AlterConfigsResource> decided = request.resources().stream()
                .filter(resource -> reasonRefused(resource).isEmpty())
                .toList();
        var answer = controller.decide(request.withResources(decided), inbound);
        Later.answer(inbound, answer.thenApply(response -> withRefused(request.resources(), response)));
    }

    private AlterConfigsResponse withRefused(List<AlterConfigsResource> asked, AlterConfigsResponse decided) {
        Iterator<AlterConfigsResourceResponse> others = decided.responses().iterator();
        List<AlterConfigsResourceResponse> all = new ArrayList<>(asked.size());
        for (AlterConfigsResource resource : asked) {
            Optional<String> reason = reasonRefused(resource);
            if (reason.isPresent()) {
                all.add(new AlterConfigsResourceResponse(
                        ErrorCode.INVALID_REQUEST.code(),
                        reason.get(),
                        resource.resourceType(),
                        resource.resourceName()));
            } else if (others.hasNext()) {
                all.add(others.next());
            }
        }
        return decided.withResponses(all);
    }

    private Optional<String> reasonRefused(AlterConfigsResource resource) {
        return intake.reasonRefused(
                resource.resourceType(),
                resource.resourceName(),
                resource.configs().stream().map(AlterableConfig::name).toList());
    }
}
