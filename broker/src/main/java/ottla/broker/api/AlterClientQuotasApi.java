package ottla.broker.api;

import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import ottla.controller.decide.ClientQuotaChanges;
import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.ApiKey;

/** Sets and removes client quotas (KIP-546); the controller decides, after the names of hosts have been looked up. */
public final class AlterClientQuotasApi implements Api<AlterClientQuotasRequest> {
    private final ControllerRequests controller;
    private final Function<Set<String>, CompletionStage<Set<String>>> unknown;

    /** @param unknown which of these hosts nobody can find; may take its time */
    public AlterClientQuotasApi(
            ControllerRequests controller, Function<Set<String>, CompletionStage<Set<String>>> unknown) {
        this.controller = controller;
        this.unknown = unknown;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_CLIENT_QUOTAS;
    }

    @Override
    public void serve(AlterClientQuotasRequest request, InboundRequest inbound) {
        Set<String> hosts = hosts(request);
        Later.answer(
                inbound,
                hosts.isEmpty()
                        ? controller.alterClientQuotas(request, Set.of())
                        : unknown.apply(hosts)
                                .thenCompose(notFound -> controller.alterClientQuotas(request, notFound)));
    }

    /** Those of the addresses that are names. */
    private static Set<String> hosts(AlterClientQuotasRequest request) {
        return request.entries().stream()
                .flatMap(entry -> entry.entity().stream())
                .filter(part -> part.entityType().equals(ClientQuotaChanges.IP))
                .map(AlterClientQuotasRequest.EntityData::entityName)
                .filter(name -> name != null && !name.isEmpty() && !isLiteral(name))
                .collect(Collectors.toSet());
    }

    private static boolean isLiteral(String name) {
        try {
            InetAddress unused = InetAddress.ofLiteral(name);
            return true;
        } catch (IllegalArgumentException aName) {
            return false;
        }
    }
}
