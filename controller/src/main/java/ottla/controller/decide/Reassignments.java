package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import ottla.wire.message.AlterPartitionReassignmentsResponse;
import ottla.wire.message.AlterPartitionReassignmentsResponse.ReassignablePartitionResponse;
import ottla.wire.message.AlterPartitionReassignmentsResponse.ReassignableTopicResponse;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics;
import ottla.wire.message.ListPartitionReassignmentsResponse;
import ottla.wire.message.ListPartitionReassignmentsResponse.OngoingPartitionReassignment;
import ottla.wire.message.ListPartitionReassignmentsResponse.OngoingTopicReassignment;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;

/**
 * AlterPartitionReassignments and ListPartitionReassignments (KIP-455). While a partition is reassigned it has both its old and its
 * new replicas:
 *
 * <pre>
 *    replicas [1, 2]  --- wanted [3, 1] ---&gt;  [3, 1, 2] adding [3] removing [2]  --- 3 in sync ---&gt;  [3, 1]
 *                                                 |
 *                                                 +------------- cancelled ------------------------&gt;  [1, 2]
 * </pre>
 *
 * The end is {@link PartitionChange}'s: whichever change finds the new replicas in sync finishes it.
 */
public final class Reassignments {
    private static final Logger LOG = LoggerFactory.getLogger(Reassignments.class);

    private final ClusterFacts facts;

    public Reassignments(ClusterFacts facts) {
        this.facts = facts;
    }

    /** Each partition is accepted or refused on its own. */
    public Decision<MetadataRecord, AlterPartitionReassignmentsResponse> alter(
            AlterPartitionReassignmentsRequest request) {
        AlterPartitionReassignmentsResponse answer = AlterPartitionReassignmentsResponse.DEFAULT;
        if (request.topics().isEmpty()) {
            return Decision.of(answer);
        }
        List<MetadataRecord> records = new ArrayList<>();
        List<ReassignableTopicResponse> topics = new ArrayList<>();
        for (ReassignableTopic topic : request.topics()) {
            List<ReassignablePartitionResponse> partitions = new ArrayList<>();
            for (ReassignablePartition partition : topic.partitions()) {
                int index = partition.partitionIndex();
                switch (alter(topic.name(), partition, request)) {
                    case Verdict.Granted<Optional<PartitionChangeRecord>> change -> {
                        change.value().ifPresent(records::add);
                        partitions.add(new ReassignablePartitionResponse(index, ErrorCode.NONE.code(), null));
                    }
                    case Verdict.Refused<Optional<PartitionChangeRecord>> refused -> {
                        LOG.info("{}-{} is not reassigned: {}", topic.name(), index, refused.message());
                        // Kafka leaves out what the error says anyway
                        boolean plain = refused.error() == ErrorCode.NO_REASSIGNMENT_IN_PROGRESS;
                        partitions.add(new ReassignablePartitionResponse(
                                index, refused.error().code(), plain ? null : refused.message()));
                    }
                }
            }
            topics.add(new ReassignableTopicResponse(topic.name(), partitions));
        }
        return new Decision<>(
                records,
                answer.withErrorMessage(null)
                        .withAllowReplicationFactorChange(request.allowReplicationFactorChange())
                        .withResponses(topics));
    }

    private Verdict<Optional<PartitionChangeRecord>> alter(
            String name, ReassignablePartition asked, AlterPartitionReassignmentsRequest request) {
        Optional<TopicImage> topic = facts.image().topic(name);
        if (topic.isEmpty()) {
            return Verdict.refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find a topic named " + name + ".");
        }
        int index = asked.partitionIndex();
        Optional<PartitionRegistration> present = topic.get().partition(index);
        if (present.isEmpty()) {
            return Verdict.refused(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find partition " + name + ":" + index + ".");
        }
        List<Integer> wanted = asked.replicas();
        if (wanted == null) {
            return cancel(topic.get(), index, present.get());
        }
        Optional<Verdict.Refused<Void>> unsound = new ReplicaAssignments(facts).unsound(wanted, OptionalInt.empty());
        if (unsound.isPresent()) {
            return unsound.get().as();
        }
        int factor = factorWhenDone(present.get());
        if (!request.allowReplicationFactorChange() && factor != wanted.size()) {
            return Verdict.refused(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "The replication factor is changed from " + factor + " to " + wanted.size());
        }
        return Verdict.granted(change(topic.get(), index, present.get(), wanted));
    }

    private Optional<PartitionChangeRecord> change(
            TopicImage topic, int index, PartitionRegistration present, List<Integer> wanted) {
        List<Integer> leaving = sortedWithout(present.replicas(), wanted);
        List<Integer> coming = sortedWithout(wanted, present.replicas());
        List<Integer> all = new ArrayList<>(wanted);
        all.addAll(leaving);
        // whoever was on his way in or out before stays so if nobody else is, as in Kafka
        return changeOf(topic, index, present)
                .replicas(
                        all,
                        leaving.isEmpty() ? present.removingReplicas() : leaving,
                        coming.isEmpty() ? present.addingReplicas() : coming)
                .toRecord();
    }

    private Verdict<Optional<PartitionChangeRecord>> cancel(
            TopicImage topic, int index, PartitionRegistration present) {
        if (!present.isReassigning()) {
            return Verdict.refused(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, "No partition reassignment is in progress.");
        }
        List<Integer> replicas = without(present.replicas(), present.addingReplicas());
        List<Integer> isr = without(present.isr(), present.addingReplicas());
        PartitionChange.Election election = facts.electionFor(topic.name());
        if (isr.isEmpty()) {
            if (replicas.isEmpty()) {
                return Verdict.refused(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "Invalid replica assignment: addingReplicas contains all replicas.");
            }
            if (election != PartitionChange.Election.UNCLEAN) {
                return Verdict.refused(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "Unable to revert partition assignment for " + topic.name() + ":" + index
                                + " because it would require an unclean leader election.");
            }
            isr = List.of(replicas.getFirst());
        }
        return Verdict.granted(changeOf(topic, index, present)
                .election(election)
                .isr(isr)
                .replicas(replicas, List.of(), List.of())
                .toRecord());
    }

    private PartitionChange changeOf(TopicImage topic, int index, PartitionRegistration present) {
        return new PartitionChange(
                        topic.id(), index, present, id -> facts.mayLead(present, id), facts.minIsr(topic), facts.elr())
                .newDirectory(facts::defaultDirectory);
    }

    /** How many replicas the partition will have when what is under way has ended. */
    private static int factorWhenDone(PartitionRegistration present) {
        Set<Integer> staying = new HashSet<>(present.replicas());
        staying.addAll(present.addingReplicas());
        present.removingReplicas().forEach(staying::remove);
        return staying.size();
    }

    public ListPartitionReassignmentsResponse list(ListPartitionReassignmentsRequest request) {
        List<OngoingTopicReassignment> topics = new ArrayList<>();
        List<ListPartitionReassignmentsTopics> asked = request.topics();
        if (asked == null) {
            for (TopicImage topic : facts.image().topics().all()) {
                listOf(topic, all(topic)).ifPresent(topics::add);
            }
        } else {
            for (ListPartitionReassignmentsTopics topic : asked) {
                facts.image()
                        .topic(topic.name())
                        .flatMap(known -> listOf(known, topic.partitionIndexes()))
                        .ifPresent(topics::add);
            }
        }
        return ListPartitionReassignmentsResponse.DEFAULT.withErrorMessage(null).withTopics(topics);
    }

    private static Optional<OngoingTopicReassignment> listOf(TopicImage topic, List<Integer> indexes) {
        List<OngoingPartitionReassignment> ongoing = new ArrayList<>();
        for (int index : indexes) {
            topic.partition(index)
                    .filter(PartitionRegistration::isReassigning)
                    .ifPresent(partition -> ongoing.add(new OngoingPartitionReassignment(
                            index, partition.replicas(), partition.addingReplicas(), partition.removingReplicas())));
        }
        return ongoing.isEmpty() ? Optional.empty() : Optional.of(new OngoingTopicReassignment(topic.name(), ongoing));
    }

    private static List<Integer> all(TopicImage topic) {
        return IntStream.range(0, topic.partitionCount()).boxed().toList();
    }

    private static List<Integer> sortedWithout(List<Integer> ids, List<Integer> left) {
        Set<Integer> rest = new TreeSet<>(ids);
        left.forEach(rest::remove);
        return List.copyOf(rest);
    }

    private static List<Integer> without(List<Integer> ids, List<Integer> left) {
        return ids.stream().filter(id -> !left.contains(id)).toList();
    }
}
