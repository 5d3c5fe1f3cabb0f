package ottla.broker.api;

import static ottla.controller.decide.ClientQuotaChanges.CLIENT_ID;
import static ottla.controller.decide.ClientQuotaChanges.IP;
import static ottla.controller.decide.ClientQuotaChanges.USER;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.controller.decide.Verdict;
import ottla.controller.image.ClusterImage.QuotaEntity;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeClientQuotasRequest;
import ottla.wire.message.DescribeClientQuotasRequest.ComponentData;
import ottla.wire.message.DescribeClientQuotasResponse;
import ottla.wire.message.DescribeClientQuotasResponse.EntityData;
import ottla.wire.message.DescribeClientQuotasResponse.EntryData;
import ottla.wire.message.DescribeClientQuotasResponse.ValueData;

/** Shows the client quotas of the entities that fit a filter (KIP-546). */
public final class DescribeClientQuotasApi implements Api<DescribeClientQuotasRequest> {
    private static final byte EXACT = 0;
    private static final byte DEFAULT_ENTITY = 1;
    private static final byte ANY_SPECIFIED = 2;

    private final ClusterView cluster;

    public DescribeClientQuotasApi(ClusterView cluster) {
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_CLIENT_QUOTAS;
    }

    @Override
    public void serve(DescribeClientQuotasRequest request, InboundRequest inbound) {
        switch (filter(request)) {
            case Verdict.Granted<Filter>(Filter filter) -> {
                List<EntryData> entries = new ArrayList<>();
                cluster.image().quotas().forEach((entity, limits) -> {
                    if (filter.fits(entity)) {
                        List<EntityData> parts = new ArrayList<>();
                        entity.parts().forEach((type, name) -> parts.add(new EntityData(type, name.orElse(null))));
                        List<ValueData> values = new ArrayList<>();
                        limits.forEach((key, value) -> values.add(new ValueData(key, value)));
                        entries.add(new EntryData(parts, values));
                    }
                });
                inbound.answer(DescribeClientQuotasResponse.DEFAULT
                        .withErrorMessage(null)
                        .withEntries(entries));
            }
            case Verdict.Refused<Filter>(ErrorCode error, String message) ->
                inbound.answer(DescribeClientQuotasResponse.DEFAULT
                        .withErrorCode(error.code())
                        .withErrorMessage(message)
                        .withEntries(null));
        }
    }

    private static Verdict<Filter> filter(DescribeClientQuotasRequest request) {
        Map<String, Wanted> wanted = new HashMap<>();
        for (ComponentData component : request.components()) {
            String type = component.entityType();
            if (type.isEmpty()) {
                return invalid("Invalid empty entity type.");
            }
            if (wanted.containsKey(type)) {
                return invalid("Entity type " + type + " cannot appear more than once in the filter.");
            }
            if (!type.equals(USER) && !type.equals(CLIENT_ID) && !type.equals(IP)) {
                return Verdict.refused(ErrorCode.UNSUPPORTED_VERSION, "Unsupported entity type " + type);
            }
            Optional<String> name = Optional.ofNullable(component.match());
            switch (component.matchType()) {
                case EXACT -> {
                    if (name.isEmpty()) {
                        return invalid("An exact match was asked for, without a name to match.");
                    }
                    wanted.put(type, new Wanted.Named(name));
                }
                case DEFAULT_ENTITY, ANY_SPECIFIED -> {
                    if (name.isPresent()) {
                        return invalid("A name was given where none is to be matched.");
                    }
                    wanted.put(
                            type,
                            component.matchType() == DEFAULT_ENTITY
                                    ? new Wanted.Named(Optional.empty())
                                    : new Wanted.Any());
                }
                default -> {
                    return invalid("Unknown match type " + component.matchType());
                }
            }
        }
        if (wanted.containsKey(IP) && wanted.size() > 1) {
            return invalid(
                    "Invalid entity filter component combination: an IP stands alone, without user or client id.");
        }
        return Verdict.granted(new Filter(wanted, request.strict() ? Others.EXCLUDED : Others.ALLOWED));
    }

    private static Verdict<Filter> invalid(String reason) {
        return Verdict.refused(ErrorCode.INVALID_REQUEST, reason);
    }

    /** What one part of an entity must be. */
    private sealed interface Wanted {
        /** The empty name is that of the default entity. */
        record Named(Optional<String> name) implements Wanted {}

        record Any() implements Wanted {}
    }

    /** Whether an entity may have parts that the filter does not name. */
    private enum Others {
        ALLOWED,
        EXCLUDED
    }

    private record Filter(Map<String, Wanted> wanted, Others others) {
        boolean fits(QuotaEntity entity) {
            if (others == Others.EXCLUDED && entity.parts().size() != wanted.size()) {
                return false;
            }
            return wanted.entrySet().stream().allMatch(want -> {
                Optional<String> name = entity.parts().get(want.getKey());
                return name != null
                        && switch (want.getValue()) {
                            case Wanted.Named(Optional<String> asked) -> asked.equals(name);
                            case Wanted.Any() -> true;
                        };
            });
        }
    }
}
