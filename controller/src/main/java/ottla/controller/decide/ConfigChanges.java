package ottla.controller.decide;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.controller.image.ConfigResource;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.metadata.ClearElrRecord;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.MetadataRecord;

/** Changes of dynamic configuration: of topics, brokers, groups and client metrics. */
public final class ConfigChanges {
    /** What fits a string of the protocol. */
    private static final int VALUE_LENGTH_MAX = Short.MAX_VALUE;

    private static final String CORDONED = "cordoned.log.dirs";

    private final ClusterFacts facts;

    public ConfigChanges(ClusterFacts facts) {
        this.facts = facts;
    }

    /** IncrementalAlterConfigs: each resource is changed or refused on its own. */
    public Decision<MetadataRecord, IncrementalAlterConfigsResponse> incremental(
            IncrementalAlterConfigsRequest request) {
        Changes changes = new Changes();
        for (IncrementalAlterConfigsRequest.AlterConfigsResource asked : request.resources()) {
            ResourceKey key = new ResourceKey(asked.resourceType(), asked.resourceName());
            changes.add(key, () -> incremental(key, asked.configs()));
        }
        List<MetadataRecord> records = changes.decide();
        return new Decision<>(
                request.validateOnly() ? List.of() : records,
                IncrementalAlterConfigsResponse.DEFAULT.withResponses(
                        changes.answers(IncrementalAlterConfigsResponse.AlterConfigsResourceResponse::new)));
    }

    /** AlterConfigs: what is not named loses its override. */
    public Decision<MetadataRecord, AlterConfigsResponse> legacy(AlterConfigsRequest request) {
        Changes changes = new Changes();
        for (AlterConfigsRequest.AlterConfigsResource asked : request.resources()) {
            ResourceKey key = new ResourceKey(asked.resourceType(), asked.resourceName());
            changes.add(key, () -> legacy(key, asked.configs()));
        }
        List<MetadataRecord> records = changes.decide();
        return new Decision<>(
                request.validateOnly() ? List.of() : records,
                AlterConfigsResponse.DEFAULT.withResponses(
                        changes.answers(AlterConfigsResponse.AlterConfigsResourceResponse::new)));
    }

    /** What a request asks for, resource by resource. One that is named twice is not changed, and answered once. */
    private final class Changes {
        private final Map<ResourceKey, Supplier<Verdict<List<ConfigRecord>>>> asked = new LinkedHashMap<>();
        private final Map<ResourceKey, Verdict<List<ConfigRecord>>> verdicts = new LinkedHashMap<>();

        void add(ResourceKey key, Supplier<Verdict<List<ConfigRecord>>> decision) {
            Supplier<Verdict<List<ConfigRecord>>> before = asked.putIfAbsent(key, decision);
            if (before != null) {
                asked.put(key, () -> Verdict.refused(ErrorCode.INVALID_REQUEST, "Duplicate resource."));
            }
        }

        List<MetadataRecord> decide() {
            List<MetadataRecord> records = new ArrayList<>();
            asked.forEach((key, decision) -> {
                Verdict<List<ConfigRecord>> verdict = decision.get();
                verdicts.put(key, verdict);
                if (verdict instanceof Verdict.Granted<List<ConfigRecord>> granted) {
                    records.addAll(granted.value());
                }
            });
            return withClearedElr(records);
        }

        <T> List<T> answers(AnswerShape<T> shape) {
            List<T> answers = new ArrayList<>();
            verdicts.forEach((key, verdict) -> answers.add(
                    switch (verdict) {
                        case Verdict.Granted<List<ConfigRecord>> granted ->
                            shape.of(ErrorCode.NONE.code(), null, key.type(), key.name());
                        case Verdict.Refused<List<ConfigRecord>> refused ->
                            shape.of(refused.error().code(), refused.message(), key.type(), key.name());
                    }));
            return answers;
        }
    }

    /** The two requests have answers of the same content and of different types. */
    private interface AnswerShape<T> {
        T of(short errorCode, @Nullable String errorMessage, byte resourceType, String resourceName);
    }

    /** The overrides that a topic about to be created is given. */
    Verdict<List<ConfigRecord>> forNewTopic(String topic, Map<String, String> overrides) {
        return checked(ConfigResource.topic(topic), new TreeMap<>(overrides), Existence.IN_THE_MAKING);
    }

    private Verdict<List<ConfigRecord>> incremental(
            ResourceKey key, List<IncrementalAlterConfigsRequest.AlterableConfig> asked) {
        Verdict<ConfigResource> resource = resource(key);
        if (resource instanceof Verdict.Refused<ConfigResource> refused) {
            return refused.as();
        }
        ConfigResource wanted = resource.granted();
        SortedMap<String, Optional<String>> changes = new TreeMap<>();
        // as in Kafka, an operation that does not exist is noticed before one that does not fit its key
        for (IncrementalAlterConfigsRequest.AlterableConfig config : asked) {
            if (Operation.of(config.configOperation()).isEmpty()) {
                return Verdict.refused(
                        ErrorCode.INVALID_REQUEST, "There is no configuration operation " + config.configOperation());
            }
        }
        for (IncrementalAlterConfigsRequest.AlterableConfig config : asked) {
            Verdict<Optional<String>> changed = changed(wanted, config);
            if (changed instanceof Verdict.Refused<Optional<String>> refused) {
                return refused.as();
            }
            changes.put(config.name(), changed.granted());
        }
        // as in Kafka, a wrong operation is noticed before a wrong name
        Optional<String> misnamed = reasonMisnamed(wanted);
        return misnamed.isPresent()
                ? Verdict.refused(ErrorCode.INVALID_REQUEST, misnamed.get())
                : changedAndChecked(wanted, changes, Existence.REQUIRED);
    }

    private Verdict<List<ConfigRecord>> legacy(ResourceKey key, List<AlterConfigsRequest.AlterableConfig> asked) {
        Verdict<ConfigResource> resource = resource(key);
        if (resource instanceof Verdict.Refused<ConfigResource> refused) {
            return refused.as();
        }
        ConfigResource known = resource.granted();
        Optional<String> misnamed = reasonMisnamed(known);
        if (misnamed.isPresent()) {
            return Verdict.refused(ErrorCode.INVALID_REQUEST, misnamed.get());
        }
        SortedMap<String, Optional<String>> changes = new TreeMap<>();
        facts.image().config(known).keySet().forEach(name -> changes.put(name, Optional.empty()));
        List<String> nulls = new ArrayList<>();
        for (AlterConfigsRequest.AlterableConfig config : asked) {
            if (config.value() == null && known.type() != ConfigResource.Type.BROKER) {
                nulls.add(config.name());
            }
            changes.put(config.name(), Optional.ofNullable(config.value()));
        }
        if (!nulls.isEmpty()) {
            return nullsRefused(known, nulls);
        }
        return changedAndChecked(known, changes, Existence.REQUIRED);
    }

    private Verdict<List<ConfigRecord>> checked(
            ConfigResource resource, SortedMap<String, String> overrides, Existence existence) {
        SortedMap<String, Optional<String>> changes = new TreeMap<>();
        overrides.forEach((name, value) -> changes.put(name, Optional.of(value)));
        return changedAndChecked(resource, changes, existence);
    }

    private Verdict<List<ConfigRecord>> changedAndChecked(
            ConfigResource resource, SortedMap<String, Optional<String>> changes, Existence existence) {
        SortedMap<String, String> before = facts.image().config(resource);
        SortedMap<String, String> after = new TreeMap<>(before);
        List<ConfigRecord> records = new ArrayList<>();
        for (Map.Entry<String, Optional<String>> change : changes.entrySet()) {
            String name = change.getKey();
            @Nullable String value = change.getValue().orElse(null);
            if (value != null && value.length() > VALUE_LENGTH_MAX) {
                return Verdict.refused(
                        ErrorCode.INVALID_CONFIG,
                        "The configuration value cannot be added because it exceeds the maximum value size of "
                                + VALUE_LENGTH_MAX + " bytes.");
            }
            // a broker is told again what it has: it may have failed to take it in
            if (!Objects.equals(before.get(name), value) || resource.type() == ConfigResource.Type.BROKER) {
                records.add(new ConfigRecord(resource.type().id(), resource.name(), name, value));
            }
            if (value == null) {
                after.remove(name);
            } else {
                after.put(name, value);
            }
        }
        Optional<Verdict.Refused<List<ConfigRecord>>> invalid = facts.rules()
                .reasonInvalid(resource, after)
                .map(reason -> Verdict.refused(facts.rules().codeOfInvalid(resource, after), reason));
        // as in Kafka, a topic's wrong values are noticed before it is missed, a broker's after
        Optional<Verdict.Refused<List<ConfigRecord>>> refused = resource.type() == ConfigResource.Type.TOPIC
                ? invalid.or(() -> reasonRefused(resource, changes, existence))
                : reasonRefused(resource, changes, existence).or(() -> invalid);
        return refused.isPresent() ? refused.get() : Verdict.granted(records);
    }

    private Optional<Verdict.Refused<List<ConfigRecord>>> reasonRefused(
            ConfigResource resource, SortedMap<String, Optional<String>> changes, Existence existence) {
        boolean knowsCordoned = facts.image().metadataVersion().hasCordonedDirectories();
        if (changes.containsKey(CORDONED) && resource.type() == ConfigResource.Type.BROKER && !knowsCordoned) {
            return Optional.of(Verdict.refused(
                    ErrorCode.INVALID_CONFIG,
                    "The cordoned.log.dirs configuration value cannot be set because it requires metadata.version >="
                            + " 4.3-IV0"));
        }
        Optional<String> minIsr = changes.getOrDefault(ClusterFacts.MIN_INSYNC_REPLICAS, Optional.empty());
        boolean changesMinIsr = changes.containsKey(ClusterFacts.MIN_INSYNC_REPLICAS);
        if (facts.image().elrEnabled() && changesMinIsr && resource.type() == ConfigResource.Type.BROKER) {
            if (!resource.isDefaultBroker()) {
                return Optional.of(Verdict.refused(
                        ErrorCode.INVALID_CONFIG,
                        "Broker-level min.insync.replicas cannot be altered while ELR is enabled."));
            }
            if (minIsr.isEmpty()) {
                return Optional.of(Verdict.refused(
                        ErrorCode.INVALID_CONFIG,
                        "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."));
            }
        }
        return switch (resource.type()) {
            case TOPIC -> {
                if (existence == Existence.REQUIRED
                        && facts.image().topic(resource.name()).isEmpty()) {
                    yield Optional.of(Verdict.refused(
                            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                            "The topic '" + resource.name() + "' does not exist."));
                }
                yield Optional.empty();
            }
            case BROKER -> unknownBroker(resource);
            case BROKER_LOGGER, CLIENT_METRICS, GROUP -> Optional.empty();
        };
    }

    private Optional<Verdict.Refused<List<ConfigRecord>>> unknownBroker(ConfigResource resource) {
        if (resource.isDefaultBroker()) {
            return Optional.empty();
        }
        int id = Integer.parseInt(resource.name());
        boolean known = facts.image().broker(id).isPresent()
                || facts.image().controllers().containsKey(id);
        return known
                ? Optional.empty()
                : Optional.of(Verdict.refused(ErrorCode.BROKER_ID_NOT_REGISTERED, "No node with id " + id + " found."));
    }

    private Verdict<Optional<String>> changed(
            ConfigResource resource, IncrementalAlterConfigsRequest.AlterableConfig asked) {
        @Nullable String value = asked.value();
        Operation operation = Operation.of(asked.configOperation()).orElseThrow();
        if (operation == Operation.DELETE) {
            return Verdict.granted(Optional.empty());
        }
        if (value == null) {
            return nullsRefused(resource, List.of(asked.name()));
        }
        if (operation == Operation.SET) {
            return Verdict.granted(Optional.of(value));
        }
        if (!facts.rules().isList(resource.type(), asked.name())) {
            return Verdict.refused(
                    ErrorCode.INVALID_CONFIG,
                    "Can't " + operation + " to key " + asked.name() + " because its type is not LIST.");
        }
        List<String> elements = new ArrayList<>(elements(
                Optional.ofNullable(facts.image().config(resource).get(asked.name()))
                        .or(() -> facts.rules().defaultValue(resource.type(), asked.name()))
                        .orElse("")));
        for (String element : elements(value)) {
            if (operation == Operation.SUBTRACT) {
                elements.remove(element);
            } else if (!elements.contains(element)) {
                elements.add(element);
            }
        }
        return Verdict.granted(Optional.of(String.join(",", elements)));
    }

    private static List<String> elements(String list) {
        return Arrays.stream(list.split(",", -1))
                .map(String::strip)
                .filter(element -> !element.isEmpty())
                .toList();
    }

    private static Verdict<ConfigResource> resource(ResourceKey key) {
        return ConfigResource.Type.of(key.type())
                .map(type -> Verdict.granted(new ConfigResource(type, key.name())))
                .orElseGet(
                        () -> Verdict.refused(ErrorCode.INVALID_REQUEST, "Unknown resource type " + key.type() + "."));
    }

    private static Optional<String> reasonMisnamed(ConfigResource resource) {
        String name = resource.name();
        return switch (resource.type()) {
            case BROKER_LOGGER -> Optional.of("Unexpected resource type BROKER_LOGGER.");
            case TOPIC ->
                name.isEmpty()
                        ? Optional.of("Default topic resources are not allowed.")
                        : TopicNames.reasonInvalid(name);
            case GROUP -> name.isEmpty() ? Optional.of("Default group resources are not allowed.") : Optional.empty();
            case BROKER -> name.isEmpty() ? Optional.empty() : reasonNotNodeId(name);
            case CLIENT_METRICS -> name.isEmpty() ? Optional.of("Subscription name can't be empty") : Optional.empty();
        };
    }

    private static Optional<String> reasonNotNodeId(String name) {
        try {
            return Integer.parseInt(name) < 0 ? Optional.of("Invalid negative broker ID.") : Optional.empty();
        } catch (NumberFormatException notANumber) {
            return Optional.of("Unable to parse broker name as a base 10 number.");
        }
    }

    private static <T> Verdict<T> nullsRefused(ConfigResource resource, List<String> names) {
        String kind = resource.type().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return Verdict.refused(
                ErrorCode.INVALID_CONFIG,
                "Null value not supported for " + kind + " configs: " + String.join(",", names));
    }

    /** Another minimum changes whom an acknowledgement proves to be complete, so what was concluded from the old one goes. */
    private List<MetadataRecord> withClearedElr(List<MetadataRecord> records) {
        if (!facts.image().elrEnabled()) {
            return records;
        }
        Map<String, ClearElrRecord> cleared = new LinkedHashMap<>();
        for (MetadataRecord record : records) {
            if (record instanceof ConfigRecord config && config.name().equals(ClusterFacts.MIN_INSYNC_REPLICAS)) {
                boolean ofTopic = config.resourceType() == ConfigResource.Type.TOPIC.id();
                String topic = ofTopic ? config.resourceName() : "";
                cleared.put(topic, new ClearElrRecord(topic));
            }
        }
        List<MetadataRecord> all = new ArrayList<>(records);
        all.addAll(cleared.containsKey("") ? List.of(new ClearElrRecord("")) : cleared.values());
        return all;
    }

    private enum Existence {
        REQUIRED,
        IN_THE_MAKING
    }

    private enum Operation {
        SET,
        DELETE,
        APPEND,
        SUBTRACT;

        static Optional<Operation> of(byte id) {
            return switch (id) {
                case 0 -> Optional.of(SET);
                case 1 -> Optional.of(DELETE);
                case 2 -> Optional.of(APPEND);
                case 3 -> Optional.of(SUBTRACT);
                default -> Optional.empty();
            };
        }
    }

    private record ResourceKey(byte type, String name) {}
}
