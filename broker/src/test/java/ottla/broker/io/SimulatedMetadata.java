package ottla.broker.io;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.broker.io.CommittedHistory.Place;
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

    private final SimulatedClient client;
    private final String topic;
    private final Map<Integer, Integer> leaders = new HashMap<>();
    private final Map<Integer, Integer> epochs = new HashMap<>();
    private Uuid topicId = Uuid.ZERO;

    SimulatedMetadata(SimulatedClient client, String topic) {
        this.client = client;
        this.topic = topic;
    }

    String topic() {
        return topic;
    }

    Uuid topicId() {
        return topicId;
    }

    Place place(int partition) {
        return new Place(topicId, partition);
    }

    /** Where the leader of a partition is said to be. */
    Optional<Endpoint> leader(int partition) {
        return leaderId(partition).map(SimulatedNode::address);
    }

    Optional<Integer> leaderId(int partition) {
        return Optional.ofNullable(leaders.get(partition)).filter(leader -> leader >= 0);
    }

    /** The latest epoch of a leader that was ever told; -1 before the first. */
    int leaderEpoch(int partition) {
        return epochs.getOrDefault(partition, -1);
    }

    /** Asks some broker, after a while; then goes on, whatever the answer. */
    void refresh(Runnable next) {
        client.after(PAUSE_US + client.random().nextLong(PAUSE_US), () -> ask(next));
    }

    private void ask(Runnable next) {
        MetadataRequest request =
                new MetadataRequest(List.of(new MetadataRequestTopic(Uuid.ZERO, topic)), false, false, false);
        client.ask(client.someBroker(), request, TIMEOUT_MS, response -> {
            told(response);
            next.run();
        });
    }

    private void told(@Nullable Response response) {
        leaders.clear();
        if (!(response instanceof MetadataResponse metadata)) {
            return;
        }
        MetadataResponseTopic told = metadata.topics().getFirst();
        if (ErrorCode.of(told.errorCode()) != ErrorCode.NONE) {
            return;
        }
        if (!told.topicId().equals(topicId)) {
            // another topic of the same name
            topicId = told.topicId();
            epochs.clear();
        }
        for (MetadataResponsePartition one : told.partitions()) {
            // who knew of a later leader already is not told of an earlier one (KIP-320)
            if (one.leaderEpoch() >= leaderEpoch(one.partitionIndex())) {
                epochs.put(one.partitionIndex(), one.leaderEpoch());
                leaders.put(one.partitionIndex(), one.leaderId());
            }
        }
    }
}
