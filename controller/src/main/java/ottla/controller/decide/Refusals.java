package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.machine.Refusal;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterClientQuotasResponse;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsResponse;
import ottla.wire.message.AlterPartitionReassignmentsResponse.ReassignablePartitionResponse;
import ottla.wire.message.AlterPartitionReassignmentsResponse.ReassignableTopicResponse;
import ottla.wire.message.AlterPartitionResponse;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.AlterUserScramCredentialsResponse;
import ottla.wire.message.AssignReplicasToDirsResponse;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.ControllerRegistrationResponse;
import ottla.wire.message.CreatePartitionsRequest;
import ottla.wire.message.CreatePartitionsResponse;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics;
import ottla.wire.message.ListPartitionReassignmentsResponse;
import ottla.wire.message.ListPartitionReassignmentsResponse.OngoingPartitionReassignment;
import ottla.wire.message.ListPartitionReassignmentsResponse.OngoingTopicReassignment;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.UpdateFeaturesResponse;

/** The answer of each API when the whole request was not carried out. */
public final class Refusals {
    private Refusals() {}

    /** The node is not the active controller; whoever is told by name who seems to be, is told in Kafka's words. */
    public static Verdict.Refused<Void> notActive(OptionalInt activeId) {
        return Verdict.refused(
                ErrorCode.NOT_CONTROLLER,
                activeId.isPresent()
                        ? "The active controller appears to be node " + activeId.getAsInt() + "."
                        : "No controller appears to be active.");
    }

    static <T> Verdict.Refused<T> quotaExceeded() {
        return Verdict.refused(ErrorCode.THROTTLING_QUOTA_EXCEEDED, "The throttling quota has been exceeded.");
    }

    /** What is sent of a message: nothing if it says no more than its error, as in Kafka. Clients know those words themselves. */
    static @Nullable String sentence(Verdict.Refused<?> refused) {
        return refused.error() == ErrorCode.THROTTLING_QUOTA_EXCEEDED ? null : refused.message();
    }

    /** What the runtime's refusal means to a client of the controller. */
    public static Verdict.Refused<Void> of(Refusal refusal, OptionalInt activeId) {
        return switch (refusal) {
            case NOT_LEADER, LOADING -> notActive(activeId);
            case TOO_LARGE ->
                Verdict.refused(
                        ErrorCode.POLICY_VIOLATION, "The change does not fit into one batch of the metadata log.");
            case NOT_ENOUGH_REPLICAS ->
                Verdict.refused(ErrorCode.NOT_ENOUGH_REPLICAS, "Too few controllers have the metadata log.");
            case STORAGE -> Verdict.refused(ErrorCode.KAFKA_STORAGE_ERROR, "The metadata log cannot be written.");
            case TIMED_OUT, OVERLOADED ->
                Verdict.refused(
                        ErrorCode.REQUEST_TIMED_OUT,
                        "The change was not committed in time; it may still be carried out.");
            case BROKEN -> Verdict.refused(ErrorCode.UNKNOWN_SERVER_ERROR, "The controller failed inside.");
        };
    }

    public static CreateTopicsResponse of(CreateTopicsRequest request, Verdict.Refused<Void> why) {
        return CreateTopicsResponse.DEFAULT.withTopics(request.topics().stream()
                .map(topic -> CreateTopicsResponse.CreatableTopicResult.DEFAULT
                        .withName(topic.name())
                        .withErrorCode(why.error().code())
                        .withErrorMessage(why.message()))
                .toList());
    }

    public static DeleteTopicsResponse of(DeleteTopicsRequest request, Verdict.Refused<Void> why) {
        List<DeleteTopicsResponse.DeletableTopicResult> results = new ArrayList<>();
        request.topics()
                .forEach(topic -> results.add(new DeleteTopicsResponse.DeletableTopicResult(
                        topic.name(), topic.topicId(), why.error().code(), null)));
        request.topicNames()
                .forEach(name -> results.add(new DeleteTopicsResponse.DeletableTopicResult(
                        name, Uuid.ZERO, why.error().code(), null)));
        return DeleteTopicsResponse.DEFAULT.withResponses(results);
    }

    public static CreatePartitionsResponse of(CreatePartitionsRequest request, Verdict.Refused<Void> why) {
        return CreatePartitionsResponse.DEFAULT.withResults(request.topics().stream()
                .map(topic -> new CreatePartitionsResponse.CreatePartitionsTopicResult(
                        topic.name(), why.error().code(), why.message()))
                .toList());
    }

    public static IncrementalAlterConfigsResponse of(
            IncrementalAlterConfigsRequest request, Verdict.Refused<Void> why) {
        return IncrementalAlterConfigsResponse.DEFAULT.withResponses(request.resources().stream()
                .map(resource -> new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse(
                        why.error().code(), why.message(), resource.resourceType(), resource.resourceName()))
                .toList());
    }

    public static AlterConfigsResponse of(AlterConfigsRequest request, Verdict.Refused<Void> why) {
        return AlterConfigsResponse.DEFAULT.withResponses(request.resources().stream()
                .map(resource -> new AlterConfigsResponse.AlterConfigsResourceResponse(
                        why.error().code(), why.message(), resource.resourceType(), resource.resourceName()))
                .toList());
    }

    public static AlterClientQuotasResponse of(AlterClientQuotasRequest request, Verdict.Refused<Void> why) {
        return AlterClientQuotasResponse.DEFAULT.withEntries(request.entries().stream()
                .map(entry -> new AlterClientQuotasResponse.EntryData(
                        why.error().code(),
                        why.message(),
                        entry.entity().stream()
                                .map(part ->
                                        new AlterClientQuotasResponse.EntityData(part.entityType(), part.entityName()))
                                .toList()))
                .toList());
    }

    public static AlterUserScramCredentialsResponse of(
            AlterUserScramCredentialsRequest request, Verdict.Refused<Void> why) {
        Stream<String> deleted = request.deletions().stream().map(deletion -> deletion.name());
        Stream<String> upserted = request.upsertions().stream().map(upsertion -> upsertion.name());
        return AlterUserScramCredentialsResponse.DEFAULT.withResults(Stream.concat(deleted, upserted)
                .distinct()
                .map(user -> new AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult(
                        user, why.error().code(), why.message()))
                .toList());
    }

    public static AlterPartitionResponse alterPartition(Verdict.Refused<Void> why) {
        return AlterPartitionResponse.DEFAULT.withErrorCode(why.error().code());
    }

    public static ElectLeadersResponse of(ElectLeadersRequest request, Verdict.Refused<Void> why) {
        List<ElectLeadersRequest.TopicPartitions> asked = request.topicPartitions();
        List<ElectLeadersResponse.ReplicaElectionResult> results = new ArrayList<>();
        if (asked != null) {
            asked.forEach(topic -> results.add(new ElectLeadersResponse.ReplicaElectionResult(
                    topic.topic(),
                    topic.partitions().stream()
                            .map(partition -> new ElectLeadersResponse.PartitionResult(
                                    partition, why.error().code(), why.message()))
                            .toList())));
        }
        return ElectLeadersResponse.DEFAULT.withErrorCode(why.error().code()).withReplicaElectionResults(results);
    }

    public static AlterPartitionReassignmentsResponse of(
            AlterPartitionReassignmentsRequest request, Verdict.Refused<Void> why) {
        List<ReassignableTopicResponse> topics = request.topics().stream()
                .map(topic -> new ReassignableTopicResponse(
                        topic.name(),
                        topic.partitions().stream()
                                .map(partition -> new ReassignablePartitionResponse(
                                        partition.partitionIndex(), why.error().code(), why.message()))
                                .toList()))
                .toList();
        return AlterPartitionReassignmentsResponse.DEFAULT
                .withErrorCode(why.error().code())
                .withErrorMessage(why.message())
                .withResponses(topics);
    }

    public static ListPartitionReassignmentsResponse of(
            ListPartitionReassignmentsRequest request, Verdict.Refused<Void> why) {
        List<ListPartitionReassignmentsTopics> asked = request.topics();
        List<OngoingTopicReassignment> topics = new ArrayList<>();
        if (asked != null) {
            asked.forEach(topic -> topics.add(new OngoingTopicReassignment(
                    topic.name(),
                    topic.partitionIndexes().stream()
                            .map(OngoingPartitionReassignment.DEFAULT::withPartitionIndex)
                            .toList())));
        }
        return ListPartitionReassignmentsResponse.DEFAULT
                .withErrorCode(why.error().code())
                .withErrorMessage(why.message())
                .withTopics(topics);
    }

    public static BrokerRegistrationResponse registration(Verdict.Refused<Void> why) {
        return BrokerRegistrationResponse.DEFAULT.withErrorCode(why.error().code());
    }

    public static ControllerRegistrationResponse controllerRegistration(Verdict.Refused<Void> why) {
        return ControllerRegistrationResponse.DEFAULT
                .withErrorCode(why.error().code())
                .withErrorMessage(
                        why.error() == ErrorCode.NOT_CONTROLLER
                                ? "This is not the correct controller for this cluster."
                                : why.message());
    }

    public static BrokerHeartbeatResponse heartbeat(Verdict.Refused<Void> why) {
        return BrokerHeartbeatResponse.DEFAULT.withErrorCode(why.error().code());
    }

    public static UnregisterBrokerResponse unregistration(Verdict.Refused<Void> why) {
        return UnregisterBrokerResponse.DEFAULT
                .withErrorCode(why.error().code())
                .withErrorMessage(why.message());
    }

    public static UpdateFeaturesResponse featureUpdate(Verdict.Refused<Void> why) {
        return UpdateFeaturesResponse.DEFAULT.withErrorCode(why.error().code()).withErrorMessage(why.message());
    }

    public static AssignReplicasToDirsResponse directories(Verdict.Refused<Void> why) {
        return AssignReplicasToDirsResponse.DEFAULT.withErrorCode(why.error().code());
    }

    public static AllocateProducerIdsResponse producerIds(Verdict.Refused<Void> why) {
        return AllocateProducerIdsResponse.DEFAULT.withErrorCode(why.error().code());
    }
}
