package ottla.broker.io.cluster;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import ottla.replication.io.PeerLink;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.EventLoops;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.PeerLimits;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.MetadataResponse;
import ottla.wire.message.MetadataResponse.MetadataResponsePartition;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * What the nodes that run say of the cluster, as any client would be told.
 *
 * @param leader the node that leads the quorum; empty if nobody is known to
 * @param partitions how many there are
 * @param underReplicated those with a replica that is not in sync
 * @param leaderless those that nobody leads
 */
record ClusterHealth(OptionalInt leader, int partitions, int underReplicated, int leaderless) {
    private static final int LIMIT_MS = 3_000;
    private static final int NOBODY = -1;

    /** As told by the first of the nodes that answers; empty if none does. */
    static Optional<ClusterHealth> of(List<LocalNode> running) {
        try (EventLoops loops = new EventLoops(1)) {
            NetworkClient client = new NetworkClient(
                    loops, PeerLimits.DEFAULT.withConnectTimeoutMs(LIMIT_MS).withRequestTimeoutMs(LIMIT_MS));
            for (LocalNode node : running) {
                Response metadata = ask(client, node.port(), MetadataRequest.DEFAULT.withTopics(null));
                if (metadata instanceof MetadataResponse told) {
                    return Optional.of(health(leader(client, running), told));
                }
            }
        }
        return Optional.empty();
    }

    /** The one that the newest epoch knows: who was cut off, or has just begun, may still believe in another. */
    private static OptionalInt leader(NetworkClient client, List<LocalNode> running) {
        int newest = -1;
        OptionalInt leader = OptionalInt.empty();
        for (LocalNode node : running) {
            Response quorum = ask(client, node.controllerPort(), quorumRequest());
            if (quorum instanceof DescribeQuorumResponse told && !told.topics().isEmpty()) {
                DescribeQuorumResponse.PartitionData partition =
                        told.topics().getFirst().partitions().getFirst();
                if (partition.leaderEpoch() > newest) {
                    newest = partition.leaderEpoch();
                    leader =
                            partition.leaderId() == NOBODY ? OptionalInt.empty() : OptionalInt.of(partition.leaderId());
                }
            }
        }
        return leader;
    }

    private static DescribeQuorumRequest quorumRequest() {
        return DescribeQuorumRequest.DEFAULT.withTopics(List.of(new DescribeQuorumRequest.TopicData(
                "__cluster_metadata", List.of(new DescribeQuorumRequest.PartitionData(0)))));
    }

    private static ClusterHealth health(OptionalInt leader, MetadataResponse metadata) {
        List<MetadataResponsePartition> partitions = metadata.topics().stream()
                .flatMap(topic -> topic.partitions().stream())
                .toList();
        return new ClusterHealth(
                leader,
                partitions.size(),
                count(
                        partitions,
                        partition -> partition.isrNodes().size()
                                < partition.replicaNodes().size()),
                count(partitions, partition -> partition.leaderId() == NOBODY));
    }

    private static int count(
            List<MetadataResponsePartition> partitions, Predicate<MetadataResponsePartition> condition) {
        return (int) partitions.stream().filter(condition).count();
    }

    private static @Nullable Response ask(NetworkClient client, int port, Request request) {
        PeerLink link = new PeerLink(
                client, new ClientSoftware("ottla", "cluster"), "cluster", new Endpoint(LocalNode.HOST, port));
        try {
            return link.send(request, LIMIT_MS).toCompletableFuture().join();
        } catch (CompletionException noAnswer) {
            return null;
        } finally {
            link.close();
        }
    }
}
