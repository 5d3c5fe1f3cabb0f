package ottla.broker.api;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterableConfig;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;

/** Changes single values of a configuration (KIP-339); the controller decides. */
public final class IncrementalAlterConfigsApi implements Api<IncrementalAlterConfigsRequest> {
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
        List<AlterConfigsResource> decided = request.resources().stream()
                .filter(resource -> reasonRefused(resource).isEmpty())
                .toList();
        var answer = controller.decide(request.withResources(decided), inbound);
        Later.answer(inbound, answer.thenApply(response -> withRefused(request.resources(), response)));
    }

    private IncrementalAlterConfigsResponse withRefused(
            List<AlterConfigsResource> asked, IncrementalAlterConfigsResponse decided) {
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
