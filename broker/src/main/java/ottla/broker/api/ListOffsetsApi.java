package ottla.broker.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FoundOffset;
import ottla.replication.io.OffsetQuestion;
import ottla.replication.io.OffsetQuestion.Reader;
import ottla.replication.io.Replica;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ListOffsetsRequest;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsPartition;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsTopic;
import ottla.wire.message.ListOffsetsResponse;
import ottla.wire.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import ottla.wire.message.ListOffsetsResponse.ListOffsetsTopicResponse;

/** Finds offsets by time, and the special ones: first, last, of the largest timestamp (KIP-734). */
public final class ListOffsetsApi implements Api<ListOffsetsRequest> {
    private static final int DEBUGGING_REPLICA = -2;
    private static final int LEADER_EPOCH_VERSION = 4;

    private final Partitions partitions;

    public ListOffsetsApi(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public ApiKey key() {
        return ApiKey.LIST_OFFSETS;
    }

    @Override
    public void serve(ListOffsetsRequest request, InboundRequest inbound) {
        Set<TopicPartition> repeated = repeated(request);
        Set<TopicPartition> refused = new HashSet<>();
        Map<String, List<CompletableFuture<ListOffsetsPartitionResponse>>> pending = new LinkedHashMap<>();
        for (ListOffsetsTopic topic : request.topics()) {
            for (ListOffsetsPartition partition : topic.partitions()) {
                TopicPartition name = new TopicPartition(topic.name(), partition.partitionIndex());
                List<CompletableFuture<ListOffsetsPartitionResponse>> answers =
                        pending.computeIfAbsent(topic.name(), ignored -> new ArrayList<>());
                if (!repeated.contains(name)) {
                    answers.add(find(request, topic.name(), partition, inbound.version()));
                } else if (refused.add(name)) {
                    // whoever asks twice is answered once
                    answers.add(done(partition, ErrorCode.INVALID_REQUEST));
                }
            }
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(
                pending.values().stream().flatMap(List::stream).toArray(CompletableFuture[]::new));
        Later.answer(inbound, all.thenApply(nothing -> answer(pending)));
    }

    private CompletableFuture<ListOffsetsPartitionResponse> find(
            ListOffsetsRequest request, String topic, ListOffsetsPartition partition, int version) {
        if (partition.timestamp() < 0 && version < firstVersionOf(partition.timestamp())) {
            return done(partition, ErrorCode.UNSUPPORTED_VERSION);
        }
        return switch (partitions.find(topic, partition.partitionIndex())) {
            case Partitions.Found.Nowhere(ErrorCode error) -> done(partition, error);
            case Partitions.Found.Here(Replica replica) -> {
                Reader reader = request.replicaId() >= 0
                        ? Reader.REPLICA
                        : request.isolationLevel() == 1 ? Reader.COMMITTED_CONSUMER : Reader.CONSUMER;
                From from = request.replicaId() == DEBUGGING_REPLICA ? From.ANY_REPLICA : From.LEADER;
                yield replica.findOffset(
                                OffsetQuestion.of(partition.timestamp(), reader), partition.currentLeaderEpoch(), from)
                        .thenApply(found -> answer(partition.partitionIndex(), found, version))
                        .toCompletableFuture();
            }
        };
    }

    /** Since when a negative timestamp has a meaning; those without one never get it. */
    private static int firstVersionOf(long timestamp) {
        return switch (Math.clamp(timestamp, -7, -1)) {
            case -1, -2 -> 1;
            case -3 -> 7;
            case -4 -> 8;
            case -5 -> 9;
            case -6 -> 11;
            default -> Integer.MAX_VALUE;
        };
    }

    private static Set<TopicPartition> repeated(ListOffsetsRequest request) {
        Set<TopicPartition> seen = new HashSet<>();
        Set<TopicPartition> repeated = new HashSet<>();
        for (ListOffsetsTopic topic : request.topics()) {
            for (ListOffsetsPartition partition : topic.partitions()) {
                TopicPartition name = new TopicPartition(topic.name(), partition.partitionIndex());
                if (!seen.add(name)) {
                    repeated.add(name);
                }
            }
        }
        return repeated;
    }

    private static CompletableFuture<ListOffsetsPartitionResponse> done(ListOffsetsPartition asked, ErrorCode error) {
        return CompletableFuture.completedFuture(ListOffsetsPartitionResponse.DEFAULT
                .withPartitionIndex(asked.partitionIndex())
                .withErrorCode(error.code()));
    }

    private static ListOffsetsPartitionResponse answer(int partition, FoundOffset found, int version) {
        return new ListOffsetsPartitionResponse(
                partition,
                found.error().code(),
                found.timestampMs(),
                found.offset(),
                version >= LEADER_EPOCH_VERSION ? found.leaderEpoch() : -1);
    }

    private static ListOffsetsResponse answer(Map<String, List<CompletableFuture<ListOffsetsPartitionResponse>>> done) {
        List<ListOffsetsTopicResponse> topics = new ArrayList<>();
        done.forEach((topic, answers) -> topics.add(new ListOffsetsTopicResponse(
                topic, answers.stream().map(CompletableFuture::join).toList())));
        return ListOffsetsResponse.DEFAULT.withTopics(topics);
    }
}
