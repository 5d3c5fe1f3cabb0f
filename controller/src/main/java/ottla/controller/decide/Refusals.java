package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.machine.Refusal;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.AlterPartitionResponse;
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
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.UpdateFeaturesResponse;

/** The answer of each API when the whole request was not carried out. */
public final class Refusals {
    private Refusals() {}

    /** What the runtime's refusal means to a client of the controller. */
    public static ErrorCode error(Refusal refusal) {
        return switch (refusal) {
            case NOT_LEADER, LOADING -> ErrorCode.NOT_CONTROLLER;
            case TOO_LARGE -> ErrorCode.POLICY_VIOLATION;
            case NOT_ENOUGH_REPLICAS -> ErrorCode.NOT_ENOUGH_REPLICAS;
            case STORAGE -> ErrorCode.KAFKA_STORAGE_ERROR;
            case TIMED_OUT, OVERLOADED -> ErrorCode.REQUEST_TIMED_OUT;
            case BROKEN -> ErrorCode.UNKNOWN_SERVER_ERROR;
        };
    }

    public static CreateTopicsResponse of(CreateTopicsRequest request, ErrorCode error) {
        return CreateTopicsResponse.DEFAULT.withTopics(request.topics().stream()
                .map(topic -> CreateTopicsResponse.CreatableTopicResult.DEFAULT
                        .withName(topic.name())
                        .withErrorCode(error.code()))
                .toList());
    }

    public static DeleteTopicsResponse of(DeleteTopicsRequest request, ErrorCode error) {
        List<DeleteTopicsResponse.DeletableTopicResult> results = new ArrayList<>();
        request.topics()
                .forEach(topic -> results.add(new DeleteTopicsResponse.DeletableTopicResult(
                        topic.name(), topic.topicId(), error.code(), null)));
        request.topicNames()
                .forEach(name -> results.add(
                        new DeleteTopicsResponse.DeletableTopicResult(name, Uuid.ZERO, error.code(), null)));
        return DeleteTopicsResponse.DEFAULT.withResponses(results);
    }

    public static CreatePartitionsResponse of(CreatePartitionsRequest request, ErrorCode error) {
        return CreatePartitionsResponse.DEFAULT.withResults(request.topics().stream()
                .map(topic ->
                        new CreatePartitionsResponse.CreatePartitionsTopicResult(topic.name(), error.code(), null))
                .toList());
    }

    public static IncrementalAlterConfigsResponse of(IncrementalAlterConfigsRequest request, ErrorCode error) {
        return IncrementalAlterConfigsResponse.DEFAULT.withResponses(request.resources().stream()
                .map(resource -> new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse(
                        error.code(), null, resource.resourceType(), resource.resourceName()))
                .toList());
    }

    public static AlterConfigsResponse of(AlterConfigsRequest request, ErrorCode error) {
        return AlterConfigsResponse.DEFAULT.withResponses(request.resources().stream()
                .map(resource -> new AlterConfigsResponse.AlterConfigsResourceResponse(
                        error.code(), null, resource.resourceType(), resource.resourceName()))
                .toList());
    }

    public static AlterPartitionResponse alterPartition(ErrorCode error) {
        return AlterPartitionResponse.DEFAULT.withErrorCode(error.code());
    }

    public static ElectLeadersResponse electLeaders(ErrorCode error) {
        return ElectLeadersResponse.DEFAULT.withErrorCode(error.code());
    }

    public static BrokerRegistrationResponse registration(ErrorCode error) {
        return BrokerRegistrationResponse.DEFAULT.withErrorCode(error.code());
    }

    public static ControllerRegistrationResponse controllerRegistration(ErrorCode error) {
        return ControllerRegistrationResponse.DEFAULT.withErrorCode(error.code());
    }

    public static BrokerHeartbeatResponse heartbeat(ErrorCode error) {
        return BrokerHeartbeatResponse.DEFAULT.withErrorCode(error.code());
    }

    public static UnregisterBrokerResponse unregistration(ErrorCode error) {
        return UnregisterBrokerResponse.DEFAULT.withErrorCode(error.code());
    }

    public static UpdateFeaturesResponse featureUpdate(ErrorCode error) {
        return UpdateFeaturesResponse.DEFAULT.withErrorCode(error.code());
    }

    public static AssignReplicasToDirsResponse directories(ErrorCode error) {
        return AssignReplicasToDirsResponse.DEFAULT.withErrorCode(error.code());
    }

    public static AllocateProducerIdsResponse producerIds(ErrorCode error) {
        return AllocateProducerIdsResponse.DEFAULT.withErrorCode(error.code());
    }
}
