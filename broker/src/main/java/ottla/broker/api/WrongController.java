package ottla.broker.api;

import ottla.base.ErrorCode;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.AlterClientQuotasResponse;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.AlterPartitionReassignmentsResponse;
import ottla.wire.message.AlterUserScramCredentialsResponse;
import ottla.wire.message.CreatePartitionsResponse;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.ListPartitionReassignmentsResponse;
import ottla.wire.message.Response;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.UpdateFeaturesResponse;

/** Whether an answer says that another controller is to be asked, wherever the API has its error. */
public final class WrongController {
    private WrongController() {}

    public static boolean isToldBy(Response response) {
        return switch (response) {
            case CreateTopicsResponse answer -> answer.topics().stream().anyMatch(topic -> is(topic.errorCode()));
            case DeleteTopicsResponse answer -> answer.responses().stream().anyMatch(topic -> is(topic.errorCode()));
            case CreatePartitionsResponse answer -> answer.results().stream().anyMatch(topic -> is(topic.errorCode()));
            case AlterConfigsResponse answer ->
                answer.responses().stream().anyMatch(resource -> is(resource.errorCode()));
            case IncrementalAlterConfigsResponse answer ->
                answer.responses().stream().anyMatch(resource -> is(resource.errorCode()));
            case AlterClientQuotasResponse answer -> answer.entries().stream().anyMatch(entry -> is(entry.errorCode()));
            case AlterUserScramCredentialsResponse answer ->
                answer.results().stream().anyMatch(user -> is(user.errorCode()));
            case UpdateFeaturesResponse answer -> is(answer.errorCode());
            case UnregisterBrokerResponse answer -> is(answer.errorCode());
            case ElectLeadersResponse answer -> is(answer.errorCode());
            case AlterPartitionReassignmentsResponse answer -> is(answer.errorCode());
            case ListPartitionReassignmentsResponse answer -> is(answer.errorCode());
            case AllocateProducerIdsResponse answer -> is(answer.errorCode());
            case DescribeQuorumResponse answer -> isOfFollower(answer);
            default -> false;
        };
    }

    private static boolean is(short error) {
        return error == ErrorCode.NOT_CONTROLLER.code();
    }

    /** Only the leader of the quorum knows how far the others are. */
    private static boolean isOfFollower(DescribeQuorumResponse answer) {
        short notLeader = ErrorCode.NOT_LEADER_OR_FOLLOWER.code();
        return answer.errorCode() == notLeader
                || answer.topics().stream()
                        .flatMap(topic -> topic.partitions().stream())
                        .anyMatch(partition -> partition.errorCode() == notLeader);
    }
}
