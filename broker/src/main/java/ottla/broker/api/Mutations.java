package ottla.broker.api;

import ottla.controller.quota.MutationRequest;
import ottla.controller.quota.MutationRequest.Enforcement;
import ottla.controller.quota.QuotaClient;
import ottla.wire.io.InboundRequest;

/** Requests as the controller's quotas see them (KIP-599). */
final class Mutations {
    private Mutations() {}

    /** @param strictVersion the first version that has THROTTLING_QUOTA_EXCEEDED */
    static MutationRequest of(InboundRequest inbound, int strictVersion) {
        return new MutationRequest(
                new QuotaClient(inbound.principal().name(), inbound.clientId()),
                inbound.version() >= strictVersion ? Enforcement.STRICT : Enforcement.PERMISSIVE);
    }
}
