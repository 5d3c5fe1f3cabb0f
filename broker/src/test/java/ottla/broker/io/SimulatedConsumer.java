package ottla.broker.io;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.replication.io.ReplicaContent;
import ottla.replication.io.ReplicaContent.Entry;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;

/**
 * A reader of one partition, from its beginning, record by record: what it is given must be what is committed, without a gap. It says
 * in which rack it is, and goes to the replica that it is sent to, until that one has nothing for it (KIP-392).
 */
final class SimulatedConsumer {
    private static final long TIMEOUT_MS = 2_000;
    private static final long PAUSE_US = 100_000;

    /** What passes, and is asked again. */
    private static final Set<ErrorCode> PASSING = EnumSet.of(
            ErrorCode.NOT_LEADER_OR_FOLLOWER,
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode.UNKNOWN_TOPIC_ID,
            ErrorCode.OFFSET_NOT_AVAILABLE,
            ErrorCode.FENCED_LEADER_EPOCH,
            ErrorCode.UNKNOWN_LEADER_EPOCH,
            ErrorCode.KAFKA_STORAGE_ERROR);

    private final SimulatedClient client;
    private final CommittedHistory history;
    private final SimulatedMetadata metadata;
    private final int partition;
    private final String rack;
    private Optional<Integer> preferred = Optional.empty();
    private int readsElsewhere;
    private final List<Entry> read = new ArrayList<>();

    SimulatedConsumer(
            SimulatedClient client, CommittedHistory history, SimulatedMetadata metadata, int partition, String rack) {
        this.client = client;
        this.history = history;
        this.metadata = metadata;
        this.partition = partition;
        this.rack = rack;
    }

    void start() {
        client.after(0, this::attempt);
    }

    /** Whether it has read all there is. */
    boolean isDone() {
        return read.size() == history.size(metadata.place(partition));
    }

    /** How often another replica than the leader gave it records. */
    int readsElsewhere() {
        return readsElsewhere;
    }

    private void attempt() {
        if (metadata.leader(partition).isEmpty()) {
            metadata.refresh(this::attempt);
            return;
        }
        FetchPartition wanted = FetchPartition.DEFAULT
                .withPartition(partition)
                .withCurrentLeaderEpoch(metadata.leaderEpoch(partition))
                .withFetchOffset(read.size())
                .withPartitionMaxBytes(1 << 16);
        FetchRequest request = FetchRequest.DEFAULT
                .withMaxWaitMs(500)
                .withMinBytes(1)
                .withMaxBytes(1 << 20)
                .withRackId(rack)
                .withTopics(List.of(new FetchTopic(metadata.topic(), metadata.topicId(), List.of(wanted))));
        client.ask(
                preferred
                        .map(SimulatedNode::address)
                        .orElse(metadata.leader(partition).get()),
                request,
                TIMEOUT_MS,
                this::answered);
    }

    private void answered(@Nullable Response response) {
        if (response instanceof FetchResponse fetched
                && ErrorCode.of(fetched.errorCode()) == ErrorCode.NONE
                && !fetched.responses().isEmpty()) {
            PartitionData data = fetched.responses().getFirst().partitions().getFirst();
            ErrorCode error = ErrorCode.of(data.errorCode());
            if (error == ErrorCode.NONE) {
                take(data.records());
                if (data.preferredReadReplica() >= 0) {
                    preferred = Optional.of(data.preferredReadReplica());
                }
                client.after(client.random().nextLong(PAUSE_US), this::attempt);
                return;
            }
            boolean elsewhere = preferred.isPresent() && error == ErrorCode.OFFSET_OUT_OF_RANGE;
            if (!elsewhere && !PASSING.contains(error)) {
                throw new AssertionError("a consumer of " + partition + " at " + read.size() + " was told " + error);
            }
        }
        preferred = Optional.empty();
        metadata.refresh(this::attempt);
    }

    private void take(@Nullable Payload records) {
        if (records == null) {
            return;
        }
        List<Entry> entries = new ArrayList<>();
        ReplicaContent.read(records, read.size(), Long.MAX_VALUE, entries);
        records.release();
        readsElsewhere += preferred.isPresent() && !entries.isEmpty() ? 1 : 0;
        for (Entry entry : entries) {
            history.checkRead(metadata.place(partition), read.size(), entry);
            read.add(entry);
        }
    }
}
