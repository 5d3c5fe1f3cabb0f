package ottla.broker.api;

import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.replication.io.Replica;
import ottla.replication.io.Replicas;

/** Finds the replica that a request means, or the error that tells the client where it went wrong. */
public final class Partitions {
    private final Replicas replicas;
    private final ClusterView cluster;

    public Partitions(Replicas replicas, ClusterView cluster) {
        this.replicas = replicas;
        this.cluster = cluster;
    }

    /** What was found. */
    public sealed interface Found {
        record Here(Replica replica) implements Found {}

        record Nowhere(ErrorCode error) implements Found {}
    }

    public Found find(String topic, int partition) {
        Optional<Replica> replica = replicas.find(topic, partition);
        if (replica.isPresent()) {
            return new Found.Here(replica.get());
        }
        return absent(
                new TopicPartition(topic, partition), cluster.image().topics().partition(topic, partition));
    }

    public Found find(Uuid topicId, int partition) {
        Optional<Replica> replica = replicas.find(topicId, partition);
        if (replica.isPresent()) {
            return new Found.Here(replica.get());
        }
        ClusterImage image = cluster.image();
        return image.topic(topicId)
                .map(topic -> absent(
                        new TopicPartition(topic.name(), partition),
                        image.topics().partition(topicId, partition)))
                .orElse(new Found.Nowhere(ErrorCode.UNKNOWN_TOPIC_ID));
    }

    private Found absent(TopicPartition name, Optional<PartitionRegistration> registered) {
        if (replicas.isOffline(name)) {
            return new Found.Nowhere(ErrorCode.KAFKA_STORAGE_ERROR);
        }
        return new Found.Nowhere(
                registered.isPresent() ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
}
