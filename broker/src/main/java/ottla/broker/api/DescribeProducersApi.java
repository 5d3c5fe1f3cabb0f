package ottla.broker.api;

import java.util.ArrayList;
import java.util.List;
import ottla.base.ErrorCode;
import ottla.controller.decide.TopicNames;
import ottla.replication.io.Replica;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeProducersRequest;
import ottla.wire.message.DescribeProducersRequest.TopicRequest;
import ottla.wire.message.DescribeProducersResponse;
import ottla.wire.message.DescribeProducersResponse.PartitionResponse;
import ottla.wire.message.DescribeProducersResponse.TopicResponse;

/** Shows which producers a partition remembers (KIP-664). */
public final class DescribeProducersApi implements Api<DescribeProducersRequest> {
    private final Partitions partitions;

    public DescribeProducersApi(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_PRODUCERS;
    }

    @Override
    public void serve(DescribeProducersRequest request, InboundRequest inbound) {
        List<TopicResponse> topics = new ArrayList<>();
        for (TopicRequest topic : request.topics()) {
            List<PartitionResponse> answers = new ArrayList<>();
            for (int partition : topic.partitionIndexes()) {
                answers.add(answer(topic.name(), partition));
            }
            topics.add(new TopicResponse(topic.name(), answers));
        }
        inbound.answer(DescribeProducersResponse.DEFAULT.withTopics(topics));
    }

    private PartitionResponse answer(String topic, int partition) {
        if (TopicNames.reasonInvalid(topic).isPresent()) {
            return failed(partition, ErrorCode.INVALID_TOPIC_EXCEPTION);
        }
        return switch (partitions.find(topic, partition)) {
            case Partitions.Found.Nowhere(ErrorCode error) -> failed(partition, error);
            case Partitions.Found.Here(Replica replica) ->
                PartitionResponse.DEFAULT
                        .withPartitionIndex(partition)
                        .withActiveProducers(replica.describeProducers());
        };
    }

    private static PartitionResponse failed(int partition, ErrorCode error) {
        return PartitionResponse.DEFAULT.withPartitionIndex(partition).withErrorCode(error.code());
    }
}
