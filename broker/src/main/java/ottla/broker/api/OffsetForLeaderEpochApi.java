package ottla.broker.api;

import java.util.ArrayList;
import java.util.List;
import ottla.base.ErrorCode;
import ottla.replication.io.EpochEndAnswer;
import ottla.replication.io.Replica;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.OffsetForLeaderEpochRequest;
import ottla.wire.message.OffsetForLeaderEpochRequest.OffsetForLeaderPartition;
import ottla.wire.message.OffsetForLeaderEpochRequest.OffsetForLeaderTopic;
import ottla.wire.message.OffsetForLeaderEpochResponse;
import ottla.wire.message.OffsetForLeaderEpochResponse.EpochEndOffset;
import ottla.wire.message.OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult;

/** Tells where a leader's epoch ended, so that a reader can notice that its records were cut off (KIP-101, KIP-320). */
public final class OffsetForLeaderEpochApi implements Api<OffsetForLeaderEpochRequest> {
    private final Partitions partitions;

    public OffsetForLeaderEpochApi(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public ApiKey key() {
        return ApiKey.OFFSET_FOR_LEADER_EPOCH;
    }

    @Override
    public void serve(OffsetForLeaderEpochRequest request, InboundRequest inbound) {
        List<OffsetForLeaderTopicResult> topics = new ArrayList<>();
        for (OffsetForLeaderTopic topic : request.topics()) {
            List<EpochEndOffset> answers = new ArrayList<>();
            for (OffsetForLeaderPartition partition : topic.partitions()) {
                answers.add(answer(topic.topic(), partition));
            }
            topics.add(new OffsetForLeaderTopicResult(topic.topic(), answers));
        }
        inbound.answer(OffsetForLeaderEpochResponse.DEFAULT.withTopics(topics));
    }

    private EpochEndOffset answer(String topic, OffsetForLeaderPartition asked) {
        return switch (partitions.find(topic, asked.partition())) {
            case Partitions.Found.Nowhere(ErrorCode error) ->
                EpochEndOffset.DEFAULT.withPartition(asked.partition()).withErrorCode(error.code());
            case Partitions.Found.Here(Replica replica) -> {
                EpochEndAnswer end = replica.findEpochEnd(asked.leaderEpoch(), asked.currentLeaderEpoch());
                yield new EpochEndOffset(end.error().code(), asked.partition(), end.epoch(), end.endOffset());
            }
        };
    }
}
