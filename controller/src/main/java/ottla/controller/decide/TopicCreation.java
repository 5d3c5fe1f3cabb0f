package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.quota.MutationQuota;
import ottla.replication.machine.Decision;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableReplicaAssignment;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsRequest.CreatableTopicConfig;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.CreateTopicsResponse.CreatableTopicConfigs;
import ottla.wire.message.CreateTopicsResponse.CreatableTopicResult;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionRecord;
import ottla.wire.message.metadata.TopicRecord;

/** CreateTopics: each topic is created or refused on its own; those that are created are written together. */
public final class TopicCreation {
    /** One decision is one batch of the metadata log, which a batch of this many records surely fits. */
    static final int PARTITION_COUNT_MAX = 10_000;

    private static final int FROM_CLUSTER = -1;

    private final ClusterFacts facts;
    private final Supplier<Uuid> ids;
    private final RandomGenerator random;
    private final MutationQuota quota;

    public TopicCreation(ClusterFacts facts, Supplier<Uuid> ids, RandomGenerator random) {
        this(facts, ids, random, MutationQuota.UNLIMITED);
    }

    /** {@code ids} gives ids for topics, {@code random} spreads replicas, {@code quota} counts their partitions. */
    public TopicCreation(ClusterFacts facts, Supplier<Uuid> ids, RandomGenerator random, MutationQuota quota) {
        this.facts = facts;
        this.ids = ids;
        this.random = random;
        this.quota = quota;
    }

    /** {@code describable} says of which topics the caller may see the configuration. */
    public Decision<MetadataRecord, CreateTopicsResponse> create(
            CreateTopicsRequest request, Predicate<String> describable) {
        if (partitionCount(request) > PARTITION_COUNT_MAX) {
            return Decision.of(refuseAll(
                    request, ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request."));
        }
        Set<String> seen = new HashSet<>();
        Set<String> twice = new HashSet<>();
        request.topics().forEach(topic -> {
            if (!seen.add(topic.name())) {
                twice.add(topic.name());
            }
        });
        List<MetadataRecord> records = new ArrayList<>();
        List<CreatableTopicResult> results = new ArrayList<>();
        for (CreatableTopic topic : request.topics()) {
            if (twice.contains(topic.name())) {
                if (seen.remove(topic.name())) {
                    results.add(refused(topic.name(), ErrorCode.INVALID_REQUEST, "Duplicate topic name."));
                }
                continue;
            }
            switch (create(topic)) {
                case Verdict.Granted<Created> created -> {
                    records.addAll(created.value().records());
                    results.add(result(created.value(), describable));
                }
                case Verdict.Refused<Created> refused ->
                    results.add(refused(topic.name(), refused.error(), Refusals.sentence(refused)));
            }
        }
        return new Decision<>(
                request.validateOnly() ? List.of() : records, CreateTopicsResponse.DEFAULT.withTopics(results));
    }

    private Verdict<Created> create(CreatableTopic topic) {
        String name = topic.name();
        if (name.equals(TopicNames.METADATA)) {
            return Verdict.refused(
                    ErrorCode.TOPIC_AUTHORIZATION_FAILED, "Creation of internal topic " + name + " is prohibited.");
        }
        Optional<String> invalid = TopicNames.reasonInvalid(name);
        if (invalid.isPresent()) {
            return Verdict.refused(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid.get());
        }
        if (facts.image().topic(name).isPresent()) {
            return Verdict.refused(ErrorCode.TOPIC_ALREADY_EXISTS, "Topic '" + name + "' already exists.");
        }
        Optional<String> alike = facts.image().topics().lookAlike(name);
        if (alike.isPresent()) {
            return Verdict.refused(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "Topic '" + name + "' collides with existing topic: " + alike.get());
        }
        Verdict<List<ConfigRecord>> configs = configs(topic);
        if (configs instanceof Verdict.Refused<List<ConfigRecord>> refused) {
            return refused.as();
        }
        List<ConfigRecord> overrides = configs.granted();
        Uuid id = ids.get();
        Verdict<List<PartitionRecord>> placed =
                topic.assignments().isEmpty() ? place(topic, id) : placeAsNamed(topic, id);
        if (placed instanceof Verdict.Refused<List<PartitionRecord>> refused) {
            return refused.as();
        }
        List<PartitionRecord> partitions = placed.granted();
        if (!quota.admits(partitions.size())) {
            return Refusals.quotaExceeded();
        }
        return Verdict.granted(new Created(name, id, overrides, partitions));
    }

    private Verdict<List<ConfigRecord>> configs(CreatableTopic topic) {
        Map<String, String> overrides = new TreeMap<>();
        List<String> nulls = new ArrayList<>();
        for (CreatableTopicConfig config : topic.configs()) {
            String value = config.value();
            if (value == null) {
                nulls.add(config.name());
            } else {
                overrides.put(config.name(), value);
            }
        }
        if (!nulls.isEmpty()) {
            return Verdict.refused(
                    ErrorCode.INVALID_CONFIG, "Null value not supported for topic configs: " + String.join(",", nulls));
        }
        return overrides.isEmpty()
                ? Verdict.granted(List.of())
                : new ConfigChanges(facts).forNewTopic(topic.name(), overrides);
    }

    private Verdict<List<PartitionRecord>> place(CreatableTopic topic, Uuid id) {
        if (topic.replicationFactor() < FROM_CLUSTER || topic.replicationFactor() == 0) {
            return Verdict.refused(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "Replication factor must be larger than 0, or -1 to use the default value.");
        }
        if (topic.numPartitions() < FROM_CLUSTER || topic.numPartitions() == 0) {
            return Verdict.refused(
                    ErrorCode.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value.");
        }
        int count = topic.numPartitions() == FROM_CLUSTER
                ? facts.settings().defaultPartitionCount()
                : topic.numPartitions();
        int factor = topic.replicationFactor() == FROM_CLUSTER
                ? facts.settings().defaultReplicationFactor()
                : topic.replicationFactor();
        return new ReplicaAssignments(facts).place(id, 0, count, factor, random);
    }

    private Verdict<List<PartitionRecord>> placeAsNamed(CreatableTopic topic, Uuid id) {
        if (topic.replicationFactor() != FROM_CLUSTER) {
            return Verdict.refused(
                    ErrorCode.INVALID_REQUEST,
                    "A manual partition assignment was specified, but replication factor was not set to -1.");
        }
        if (topic.numPartitions() != FROM_CLUSTER) {
            return Verdict.refused(
                    ErrorCode.INVALID_REQUEST,
                    "A manual partition assignment was specified, but numPartitions was not set to -1.");
        }
        TreeMap<Integer, PartitionRecord> records = new TreeMap<>();
        OptionalInt factor = OptionalInt.empty();
        for (CreatableReplicaAssignment assignment : topic.assignments()) {
            int partition = assignment.partitionIndex();
            if (records.containsKey(partition)) {
                return Verdict.refused(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "Found multiple manual partition assignments for partition " + partition);
            }
            Verdict<PartitionRecord> named =
                    new ReplicaAssignments(facts).named(id, partition, assignment.brokerIds(), factor);
            if (named instanceof Verdict.Refused<PartitionRecord> refused) {
                return refused.as();
            }
            PartitionRecord record = named.granted();
            records.put(partition, record);
            factor = OptionalInt.of(assignment.brokerIds().size());
        }
        if (records.firstKey() != 0 || records.lastKey() != records.size() - 1) {
            return Verdict.refused(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                    "partitions should be a consecutive 0-based integer sequence");
        }
        return Verdict.granted(List.copyOf(records.values()));
    }

    private CreatableTopicResult result(Created created, Predicate<String> describable) {
        CreatableTopicResult result = CreatableTopicResult.DEFAULT
                .withName(created.name())
                .withTopicId(created.id())
                .withErrorCode(ErrorCode.NONE.code());
        if (!describable.test(created.name())) {
            return result.withTopicConfigErrorCode(ErrorCode.TOPIC_AUTHORIZATION_FAILED.code());
        }
        TreeMap<String, String> overrides = new TreeMap<>();
        for (ConfigRecord config : created.configs()) {
            String value = config.value();
            if (value != null) {
                overrides.put(config.name(), value);
            }
        }
        List<CreatableTopicConfigs> configs = facts.rules().effective(facts.image(), overrides).stream()
                .map(config -> new CreatableTopicConfigs(
                        config.name(),
                        config.sensitive() ? null : config.value(),
                        config.readOnly(),
                        config.source(),
                        config.sensitive()))
                .toList();
        return result.withNumPartitions(created.partitions().size())
                .withReplicationFactor(
                        (short) created.partitions().getFirst().replicas().size())
                .withConfigs(configs);
    }

    private int partitionCount(CreateTopicsRequest request) {
        long count = 0;
        for (CreatableTopic topic : request.topics()) {
            if (!topic.assignments().isEmpty()) {
                count += topic.assignments().size();
            } else if (topic.numPartitions() == FROM_CLUSTER) {
                count += facts.settings().defaultPartitionCount();
            } else if (topic.numPartitions() > 0) {
                count += topic.numPartitions();
            }
        }
        return (int) Math.min(count, Integer.MAX_VALUE);
    }

    private static CreateTopicsResponse refuseAll(CreateTopicsRequest request, ErrorCode error, String message) {
        return CreateTopicsResponse.DEFAULT.withTopics(request.topics().stream()
                .map(topic -> refused(topic.name(), error, message))
                .toList());
    }

    private static CreatableTopicResult refused(String name, ErrorCode error, @Nullable String message) {
        return CreatableTopicResult.DEFAULT
                .withName(name)
                .withErrorCode(error.code())
                .withErrorMessage(message);
    }

    private record Created(String name, Uuid id, List<ConfigRecord> configs, List<PartitionRecord> partitions) {
        List<MetadataRecord> records() {
            List<MetadataRecord> records = new ArrayList<>();
            records.add(new TopicRecord(name, id));
            records.addAll(configs);
            records.addAll(partitions);
            return records;
        }
    }
}
