package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.random.RandomGenerator;
import ottla.base.ErrorCode;
import ottla.controller.image.TopicImage;
import ottla.controller.quota.MutationQuota;
import ottla.replication.machine.Decision;
import ottla.wire.message.CreatePartitionsRequest;
import ottla.wire.message.CreatePartitionsRequest.CreatePartitionsAssignment;
import ottla.wire.message.CreatePartitionsRequest.CreatePartitionsTopic;
import ottla.wire.message.CreatePartitionsResponse;
import ottla.wire.message.CreatePartitionsResponse.CreatePartitionsTopicResult;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionRecord;

/** CreatePartitions: gives topics more partitions. */
public final class PartitionGrowth {
    private final ClusterFacts facts;
    private final RandomGenerator random;
    private final MutationQuota quota;

    public PartitionGrowth(ClusterFacts facts, RandomGenerator random) {
        this(facts, random, MutationQuota.UNLIMITED);
    }

    /** {@code random} spreads replicas, {@code quota} counts new partitions. */
    public PartitionGrowth(ClusterFacts facts, RandomGenerator random, MutationQuota quota) {
        this.facts = facts;
        this.random = random;
        this.quota = quota;
    }

    public Decision<MetadataRecord, CreatePartitionsResponse> grow(CreatePartitionsRequest request) {
        Set<String> seen = new HashSet<>();
        Set<String> twice = new HashSet<>();
        request.topics().forEach(topic -> {
            if (!seen.add(topic.name())) {
                twice.add(topic.name());
            }
        });
        List<MetadataRecord> records = new ArrayList<>();
        List<CreatePartitionsTopicResult> results = new ArrayList<>();
        for (CreatePartitionsTopic topic : request.topics()) {
            if (!seen.remove(topic.name())) {
                continue;
            }
            Verdict<List<PartitionRecord>> verdict = twice.contains(topic.name())
                    ? Verdict.refused(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
                    : grow(topic, records.size());
            switch (verdict) {
                case Verdict.Granted<List<PartitionRecord>> added -> {
                    records.addAll(added.value());
                    results.add(new CreatePartitionsTopicResult(topic.name(), ErrorCode.NONE.code(), null));
                }
                case Verdict.Refused<List<PartitionRecord>> refused ->
                    results.add(new CreatePartitionsTopicResult(
                            topic.name(), refused.error().code(), Refusals.sentence(refused)));
            }
        }
        return new Decision<>(
                request.validateOnly() ? List.of() : records, CreatePartitionsResponse.DEFAULT.withResults(results));
    }

    private Verdict<List<PartitionRecord>> grow(CreatePartitionsTopic asked, int addedBefore) {
        Optional<TopicImage> known = facts.image().topic(asked.name());
        if (known.isEmpty()) {
            return Verdict.refused(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition.");
        }
        TopicImage topic = known.get();
        int present = topic.partitionCount();
        if (asked.count() == present) {
            return Verdict.refused(ErrorCode.INVALID_PARTITIONS, "Topic already has " + present + " partition(s).");
        }
        if (asked.count() < present) {
            return Verdict.refused(
                    ErrorCode.INVALID_PARTITIONS,
                    "The topic " + asked.name() + " currently has " + present + " partition(s); " + asked.count()
                            + " would not be an increase.");
        }
        int added = asked.count() - present;
        List<CreatePartitionsAssignment> assignments = asked.assignments();
        if (assignments != null && assignments.size() != added) {
            return Verdict.refused(
                    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                    "Attempted to add " + added + " additional partition(s), but only " + assignments.size()
                            + " assignment(s) were specified.");
        }
        // as in Kafka, what is refused for another reason after this has been counted
        if (!quota.admits(added)) {
            return Refusals.quotaExceeded();
        }
        if (addedBefore + (long) added > TopicCreation.PARTITION_COUNT_MAX) {
            return Verdict.refused(ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request.");
        }
        int factor = topic.partitions().getFirst().replicas().size();
        if (assignments == null) {
            return new ReplicaAssignments(facts).place(topic.id(), present, added, factor, random);
        }
        List<PartitionRecord> records = new ArrayList<>();
        for (CreatePartitionsAssignment assignment : assignments) {
            Verdict<PartitionRecord> named = new ReplicaAssignments(facts)
                    .named(topic.id(), present + records.size(), assignment.brokerIds(), OptionalInt.of(factor));
            if (named instanceof Verdict.Refused<PartitionRecord> refused) {
                return refused.as();
            }
            PartitionRecord record = named.granted();
            records.add(record);
        }
        return Verdict.granted(records);
    }
}
