package ottla.broker.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.controller.image.ConfigResource;
import ottla.replication.io.ParkedProgress;
import ottla.replication.io.RecordsDeletion;
import ottla.replication.io.Replica;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DeleteRecordsRequest;
import ottla.wire.message.DeleteRecordsRequest.DeleteRecordsPartition;
import ottla.wire.message.DeleteRecordsRequest.DeleteRecordsTopic;
import ottla.wire.message.DeleteRecordsResponse;
import ottla.wire.message.DeleteRecordsResponse.DeleteRecordsPartitionResult;
import ottla.wire.message.DeleteRecordsResponse.DeleteRecordsTopicResult;

/** Gives up the records before an offset (KIP-107), on all replicas before it answers. */
public final class DeleteRecordsApi implements Api<DeleteRecordsRequest> {
    private static final long NO_LOW_WATERMARK = -1;

    private final Partitions partitions;
    private final ClusterView cluster;

    public DeleteRecordsApi(Partitions partitions, ClusterView cluster) {
        this.partitions = partitions;
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DELETE_RECORDS;
    }

    @Override
    public void serve(DeleteRecordsRequest request, InboundRequest inbound) {
        Deletion deletion = new Deletion(inbound);
        // a partition that is named twice counts with what was said last
        Map<String, Map<Integer, DeleteRecordsPartition>> asked = new LinkedHashMap<>();
        for (DeleteRecordsTopic topic : request.topics()) {
            for (DeleteRecordsPartition partition : topic.partitions()) {
                asked.computeIfAbsent(topic.name(), name -> new LinkedHashMap<>())
                        .put(partition.partitionIndex(), partition);
            }
        }
        asked.forEach((topic, wanted) -> deletion.topic(topic, List.copyOf(wanted.values())));
        if (deletion.parked == null) {
            inbound.answer(DeleteRecordsResponse.DEFAULT.withTopics(deletion.topics));
        } else {
            deletion.parked.start(request.timeoutMs());
        }
    }

    /** One request. Owned by its loop. */
    private final class Deletion {
        private final InboundRequest inbound;
        private final List<DeleteRecordsTopicResult> topics = new ArrayList<>();
        private final List<Waiting> waiting = new ArrayList<>(0);
        private @Nullable ParkedProgress parked;

        private record Waiting(List<DeleteRecordsPartitionResult> answers, int index, Replica replica) {}

        Deletion(InboundRequest inbound) {
            this.inbound = inbound;
        }

        void topic(String topic, List<DeleteRecordsPartition> wanted) {
            List<DeleteRecordsPartitionResult> answers = new ArrayList<>();
            for (DeleteRecordsPartition asked : wanted) {
                switch (partitions.find(topic, asked.partitionIndex())) {
                    case Partitions.Found.Nowhere(ErrorCode error) ->
                        answers.add(failed(asked.partitionIndex(), error));
                    case Partitions.Found.Here(Replica replica) -> delete(topic, asked, replica, answers);
                }
            }
            topics.add(new DeleteRecordsTopicResult(topic, answers));
        }

        private void delete(
                String topic,
                DeleteRecordsPartition asked,
                Replica replica,
                List<DeleteRecordsPartitionResult> answers) {
            if (InternalTopics.contains(topic)) {
                answers.add(failed(asked.partitionIndex(), ErrorCode.INVALID_TOPIC_EXCEPTION));
                return;
            }
            String policy = cluster.image().config(ConfigResource.topic(topic)).getOrDefault("cleanup.policy", "");
            if (policy.equals("compact")) {
                answers.add(failed(asked.partitionIndex(), ErrorCode.POLICY_VIOLATION));
                return;
            }
            RecordsDeletion result = replica.deleteRecords(asked.offset());
            if (result.error() != ErrorCode.NONE) {
                answers.add(failed(asked.partitionIndex(), result.error()));
                return;
            }
            if (!result.isDone()) {
                if (parked == null) {
                    parked = new ParkedProgress(inbound.connection().loop(), this::answerAfter);
                }
                parked.add(replica, ParkedProgress.Kind.LOW_WATERMARK, result.offset());
                waiting.add(new Waiting(answers, answers.size(), replica));
            }
            answers.add(new DeleteRecordsPartitionResult(
                    asked.partitionIndex(), result.lowWatermark(), ErrorCode.NONE.code()));
        }

        private void answerAfter(List<ErrorCode> errors) {
            for (int i = 0; i < errors.size(); i++) {
                Waiting goal = waiting.get(i);
                int partition = goal.answers.get(goal.index).partitionIndex();
                DeleteRecordsPartitionResult answer = errors.get(i) == ErrorCode.NONE
                        ? new DeleteRecordsPartitionResult(
                                partition, goal.replica.lowWatermark(), ErrorCode.NONE.code())
                        : failed(partition, errors.get(i));
                goal.answers.set(goal.index, answer);
            }
            inbound.answer(DeleteRecordsResponse.DEFAULT.withTopics(topics));
        }

        private static DeleteRecordsPartitionResult failed(int partition, ErrorCode error) {
            return new DeleteRecordsPartitionResult(partition, NO_LOW_WATERMARK, error.code());
        }
    }
}
