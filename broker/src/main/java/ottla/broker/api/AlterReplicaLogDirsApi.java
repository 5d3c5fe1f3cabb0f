package ottla.broker.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.replication.io.Replicas;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterReplicaLogDirsRequest;
import ottla.wire.message.AlterReplicaLogDirsRequest.AlterReplicaLogDir;
import ottla.wire.message.AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic;
import ottla.wire.message.AlterReplicaLogDirsResponse;
import ottla.wire.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult;
import ottla.wire.message.AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult;
import ottla.wire.message.ApiKey;

/** Moves replicas between the log directories of this broker (KIP-113). Answers when the copies are begun, not when they are done. */
public final class AlterReplicaLogDirsApi implements Api<AlterReplicaLogDirsRequest> {
    private final Replicas replicas;
    private final ClusterView cluster;
    private final Executor diskThreads;

    public AlterReplicaLogDirsApi(Replicas replicas, ClusterView cluster, Executor diskThreads) {
        this.replicas = replicas;
        this.cluster = cluster;
        this.diskThreads = diskThreads;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_REPLICA_LOG_DIRS;
    }

    @Override
    public void serve(AlterReplicaLogDirsRequest request, InboundRequest inbound) {
        // a partition that is named twice goes where it was sent last
        Map<TopicPartition, String> wanted = new LinkedHashMap<>();
        for (AlterReplicaLogDir directory : request.dirs()) {
            for (AlterReplicaLogDirTopic topic : directory.topics()) {
                for (int partition : topic.partitions()) {
                    wanted.put(new TopicPartition(topic.name(), partition), directory.path());
                }
            }
        }
        Later.answer(inbound, CompletableFuture.supplyAsync(() -> answer(wanted), diskThreads));
    }

    private AlterReplicaLogDirsResponse answer(Map<TopicPartition, String> wanted) {
        Map<String, List<AlterReplicaLogDirPartitionResult>> byTopic = new LinkedHashMap<>();
        wanted.forEach((name, path) -> byTopic.computeIfAbsent(name.topic(), topic -> new ArrayList<>())
                .add(new AlterReplicaLogDirPartitionResult(
                        name.partition(), alter(name, path).code())));
        List<AlterReplicaLogDirTopicResult> results = new ArrayList<>();
        byTopic.forEach((topic, partitions) -> results.add(new AlterReplicaLogDirTopicResult(topic, partitions)));
        return AlterReplicaLogDirsResponse.DEFAULT.withResults(results);
    }

    /** What is not here keeps the error that it had before the others were told apart. */
    private ErrorCode alter(TopicPartition name, String path) {
        ErrorCode error = replicas.alterDirectory(name, path);
        if (error != ErrorCode.NOT_LEADER_OR_FOLLOWER) {
            return error;
        }
        return cluster.image()
                        .topics()
                        .partition(name.topic(), name.partition())
                        .isPresent()
                ? ErrorCode.REPLICA_NOT_AVAILABLE
                : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
}
