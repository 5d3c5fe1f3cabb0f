package ottla.controller.decide;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ClusterImage.QuotaEntity;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterClientQuotasRequest.EntityData;
import ottla.wire.message.AlterClientQuotasRequest.OpData;
import ottla.wire.message.AlterClientQuotasResponse;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.MetadataRecord;

/** AlterClientQuotas (KIP-546): each entity's limits are changed, or refused together. */
public final class ClientQuotaChanges {
    public static final String USER = "user";
    public static final String CLIENT_ID = "client-id";
    public static final String IP = "ip";

    private static final Map<String, Kind> OF_CLIENTS = Map.of(
            "producer_byte_rate", Kind.LONG,
            "consumer_byte_rate", Kind.LONG,
            "request_percentage", Kind.DOUBLE,
            "controller_mutation_rate", Kind.DOUBLE);

    private static final Map<String, Kind> OF_ADDRESSES = Map.of("connection_creation_rate", Kind.INT);

    /** What a whole number may be off by, as it travels as a floating-point one. */
    private static final double FRACTION_MAX = 1e-6;

    private final ClusterImage image;
    private final Set<String> unknownHosts;

    /** @param unknownHosts the names among the request's addresses that nobody could find */
    public ClientQuotaChanges(ClusterImage image, Set<String> unknownHosts) {
        this.image = image;
        this.unknownHosts = unknownHosts;
    }

    public Decision<MetadataRecord, AlterClientQuotasResponse> alter(AlterClientQuotasRequest request) {
        Map<QuotaEntity, Optional<String>> refusals = new LinkedHashMap<>();
        List<MetadataRecord> records = new ArrayList<>();
        for (AlterClientQuotasRequest.EntryData entry : request.entries()) {
            QuotaEntity entity = entity(entry.entity());
            if (refusals.containsKey(entity)) {
                // as in Kafka, the first of them is carried out all the same
                refusals.put(entity, Optional.of("Ignoring duplicate entity: it is named twice in the request."));
                continue;
            }
            switch (changes(entity, entry.ops())) {
                case Verdict.Granted<List<MetadataRecord>>(List<MetadataRecord> changes) -> {
                    records.addAll(changes);
                    refusals.put(entity, Optional.empty());
                }
                case Verdict.Refused<List<MetadataRecord>> refused ->
                    refusals.put(entity, Optional.of(refused.message()));
            }
        }
        List<AlterClientQuotasResponse.EntryData> entries = new ArrayList<>();
        refusals.forEach((entity, reason) -> entries.add(answer(entity, reason)));
        return new Decision<>(
                request.validateOnly() ? List.of() : records, AlterClientQuotasResponse.DEFAULT.withEntries(entries));
    }

    private static QuotaEntity entity(List<EntityData> parts) {
        SortedMap<String, Optional<String>> names = new TreeMap<>();
        parts.forEach(part -> names.put(part.entityType(), Optional.ofNullable(part.entityName())));
        return new QuotaEntity(names);
    }

    private static AlterClientQuotasResponse.EntryData answer(QuotaEntity entity, Optional<String> reason) {
        ErrorCode error = reason.isPresent() ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE;
        List<AlterClientQuotasResponse.EntityData> parts = new ArrayList<>();
        entity.parts()
                .forEach((type, name) -> parts.add(new AlterClientQuotasResponse.EntityData(type, name.orElse(null))));
        return new AlterClientQuotasResponse.EntryData(error.code(), reason.orElse(null), parts);
    }

    private Verdict<List<MetadataRecord>> changes(QuotaEntity entity, List<OpData> ops) {
        Map<String, OpData> byKey = new TreeMap<>();
        for (OpData op : ops) {
            if (byKey.put(op.key(), op) != null) {
                return invalid("The quota " + op.key() + " is named twice for one entity.");
            }
        }
        Optional<String> invalid = reasonInvalid(entity);
        if (invalid.isPresent()) {
            return invalid(invalid.get());
        }
        Map<String, Kind> known = entity.parts().containsKey(IP) ? OF_ADDRESSES : OF_CLIENTS;
        SortedMap<String, Double> before = image.quotas().getOrDefault(entity, new TreeMap<>());
        List<ClientQuotaRecord.EntityData> parts = new ArrayList<>();
        entity.parts().forEach((type, name) -> parts.add(new ClientQuotaRecord.EntityData(type, name.orElse(null))));
        List<MetadataRecord> records = new ArrayList<>();
        for (OpData op : byKey.values()) {
            Double present = before.get(op.key());
            if (op.remove()) {
                if (present != null) {
                    records.add(new ClientQuotaRecord(parts, op.key(), 0, true));
                }
                continue;
            }
            Optional<String> wrong = reasonInvalid(known, op.key(), op.value());
            if (wrong.isPresent()) {
                return invalid(wrong.get());
            }
            if (!Double.valueOf(op.value()).equals(present)) {
                records.add(new ClientQuotaRecord(parts, op.key(), op.value(), false));
            }
        }
        return Verdict.granted(records);
    }

    private Optional<String> reasonInvalid(QuotaEntity entity) {
        SortedMap<String, Optional<String>> parts = entity.parts();
        if (parts.isEmpty()) {
            return Optional.of("Invalid empty client quota entity");
        }
        for (Map.Entry<String, Optional<String>> part : parts.entrySet()) {
            String type = part.getKey();
            if (!type.equals(USER) && !type.equals(CLIENT_ID) && !type.equals(IP)) {
                return Optional.of("Unhandled client quota entity type: " + type);
            }
            if (part.getValue().filter(String::isEmpty).isPresent()) {
                return Optional.of("Empty " + type + " not supported");
            }
        }
        Optional<String> address = parts.getOrDefault(IP, Optional.empty());
        if (parts.containsKey(IP) && parts.size() > 1) {
            return Optional.of(
                    "Invalid quota entity combination: an IP entity stands alone, without user or client id.");
        }
        return address.filter(unknownHosts::contains).map(host -> host + " is not a valid IP or resolvable host.");
    }

    private static Optional<String> reasonInvalid(Map<String, Kind> known, String key, double value) {
        Kind kind = known.get(key);
        if (kind == null) {
            return Optional.of("Invalid configuration key " + key);
        }
        if (value <= 0) {
            return Optional.of("Quota " + key + " must be greater than 0");
        }
        if (value > kind.max) {
            return Optional.of("Proposed value for " + key + " is too large for " + kind.described + ".");
        }
        if (kind != Kind.DOUBLE && Math.abs(value % 1) > FRACTION_MAX) {
            return Optional.of(key + " cannot be a fractional value.");
        }
        return Optional.empty();
    }

    private static <T> Verdict<T> invalid(String reason) {
        return Verdict.refused(ErrorCode.INVALID_REQUEST, reason);
    }

    private enum Kind {
        INT(Integer.MAX_VALUE, "an INT"),
        LONG(Long.MAX_VALUE, "a LONG"),
        DOUBLE(Double.POSITIVE_INFINITY, "a DOUBLE");

        private final double max;
        private final String described;

        Kind(double max, String described) {
            this.max = max;
            this.described = described;
        }
    }
}
