package ottla.broker.api;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import ottla.base.Check;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.RequestHandler;
import ottla.wire.io.ServedApis;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;

/** What the listeners of one kind serve. Immutable; used by every loop. */
public final class ApiTable implements RequestHandler, ServedApis {
    private final Map<ApiKey, Api<?>> apis = new EnumMap<>(ApiKey.class);

    /** A table of the APIs, together with those that need the table itself, ApiVersions above all. */
    public ApiTable(List<Api<?>> apis, Function<ApiTable, List<Api<?>>> ofTable) {
        List<Api<?>> all = new ArrayList<>(apis);
        all.addAll(ofTable.apply(this));
        for (Api<?> api : all) {
            Check.invariant(this.apis.put(api.key(), api) == null, "an API has one place that serves it");
        }
    }

    Collection<Api<?>> all() {
        return apis.values();
    }

    @Override
    public boolean serves(ApiKey key, int version) {
        Api<?> api = apis.get(key);
        return api != null && version >= api.oldest() && version <= api.newest();
    }

    @Override
    public void handle(InboundRequest inbound) {
        // the network lets in only what is served
        dispatch(Objects.requireNonNull(apis.get(inbound.api())), inbound);
    }

    private static <Q extends Request> void dispatch(Api<Q> api, InboundRequest inbound) {
        if (inbound.isUnsupportedVersion()) {
            ((ApiVersionsApi) api).refuseVersion(inbound);
            return;
        }
        @SuppressWarnings("unchecked") // the API's own key chose the message's type
        Q request = (Q) inbound.readMessage();
        api.serve(request, inbound);
    }
}
