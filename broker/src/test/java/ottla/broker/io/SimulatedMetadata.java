package ottla.broker.io;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.replication.quorum.Endpoint;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.MetadataRequest.MetadataRequestTopic;
import ottla.wire.message.MetadataResponse;
import ottla.wire.message.MetadataResponse.MetadataResponsePartition;
import ottla.wire.message.MetadataResponse.MetadataResponseTopic;
import ottla.wire.message.Response;

/** What a client knows of a topic: what some broker told it last, be that right or not. */
final class SimulatedMetadata {
    private static final long TIMEOUT_MS = 1_000;
    private static final long PAUSE_US = 50_000;

    private final SimulatedHost host;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final List<Integer> brokers;
    private final String topic;
    private final Map<Integer, Integer> leaders = new HashMap<>();
    private final Map<Integer, Integer> epochs = new HashMap<>();
    private Uuid topicId = Uuid.ZERO;

    SimulatedMetadata(
            SimulatedHost host,
            SimulatedNetwork network,
            SplittableRandom random,
            List<Integer> brokers,
            String topic) {
        this.host = host;
        this.network = network;
        this.random = random;
        this.brokers = brokers;
        this.topic = topic;
    }

    Uuid topicId() {
        return topicId;
    }

    /** Where the leader of a partition is said to be. */
    Optional<Endpoint> leader(TopicPartition partition) {
        return leaderId(partition).map(SimulatedNode::address);
    }

    Optional<Integer> leaderId(TopicPartition partition) {
        return Optional.ofNullable(leaders.get(partition.partition())).filter(leader -> leader >= 0);
    }

    /** The latest epoch of a leader that was ever told; -1 before the first. */
    int leaderEpoch(int partition) {
        return epochs.getOrDefault(partition, -1);
    }

    /** Asks some broker, after a while; then goes on, whatever the answer. */
    void refresh(Runnable next) {
        host.after(PAUSE_US + random.nextLong(PAUSE_US), () -> ask(next));
    }

    private void ask(Runnable next) {
        MetadataRequest request =
                new MetadataRequest(List.of(new MetadataRequestTopic(Uuid.ZERO, topic)), false, false, false);
        int broker = brokers.get(random.nextInt(brokers.size()));
        network.send(host, "client", SimulatedNode.address(broker), request, TIMEOUT_MS)
                .whenComplete((response, failure) -> host.after(0, () -> {
                    told(response);
                    next.run();
                }));
    }

    private void told(@Nullable Response response) {
        leaders.clear();
        if (response instanceof MetadataResponse metadata) {
            MetadataResponseTopic told = metadata.topics().getFirst();
            topicId = told.topicId();
            for (MetadataResponsePartition one : told.partitions()) {
                // who knew of a later leader already is not told of an earlier one (KIP-320)
                if (one.leaderEpoch() >= leaderEpoch(one.partitionIndex())) {
                    epochs.put(one.partitionIndex(), one.leaderEpoch());
                    leaders.put(one.partitionIndex(), one.leaderId());
                }
            }
        }
    }
}
