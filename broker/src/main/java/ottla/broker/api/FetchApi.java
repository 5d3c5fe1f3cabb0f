package ottla.broker.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.replication.io.FetchSessionCache;
import ottla.replication.io.FetchTerms;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.io.Near;
import ottla.replication.io.ReplicaFetch;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.io.ReplicaShell;
import ottla.replication.session.FetchContext;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.replication.session.SessionPartition;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.FetchableTopicResponse;
import ottla.wire.message.FetchResponse.LeaderIdAndEpoch;
import ottla.wire.message.FetchResponse.NodeEndpoint;
import ottla.wire.message.FetchResponse.PartitionData;

/** Reads records for consumers and followers, in sessions (KIP-227), waiting for them if there are too few. */
public final class FetchApi implements Api<FetchRequest> {
    private static final int ANY_REPLICA_VERSION = 11;
    private static final int TOPIC_ID_VERSION = 13;
    private static final int REPLICA_STATE_VERSION = 15;
    private static final int LEADER_HINT_VERSION = 16;

    private final Partitions partitions;
    private final ClusterView cluster;
    private final FetchSessionCache sessions;
    private final ReplicaShell shell;
    private final ReadFrom readFrom;
    private final int maxBytes;
    private final LongSupplier clockMs;

    /** Where consumers are told to read, as {@code replica.selector.class} has it. */
    public enum ReadFrom {
        LEADER,
        /** From a replica in the consumer's own rack, if it says which that is (KIP-392). */
        SAME_RACK
    }

    /** @param maxBytes {@code fetch.max.bytes} */
    public FetchApi(
            Partitions partitions,
            ClusterView cluster,
            FetchSessionCache sessions,
            ReplicaShell shell,
            ReadFrom readFrom,
            int maxBytes,
            LongSupplier clockMs) {
        this.partitions = partitions;
        this.cluster = cluster;
        this.sessions = sessions;
        this.shell = shell;
        this.readFrom = readFrom;
        this.maxBytes = maxBytes;
        this.clockMs = clockMs;
    }

    @Override
    public ApiKey key() {
        return ApiKey.FETCH;
    }

    @Override
    public void serve(FetchRequest request, InboundRequest inbound) {
        FetchTerms terms = terms(request, inbound);
        Fetcher fetcher = terms.isFollower() ? Fetcher.FOLLOWER : Fetcher.CONSUMER;
        FetchSessionCache.Opened opened = sessions.open(request, inbound.version(), fetcher, clockMs.getAsLong());
        if (opened.context() instanceof FetchContext.Refused(ErrorCode error)) {
            inbound.answer(FetchResponse.DEFAULT.withErrorCode(error.code()));
            return;
        }
        List<SessionPartition> asked = opened.context().partitions();
        List<Wanted> wanted = new ArrayList<>(asked.size());
        for (SessionPartition partition : asked) {
            wanted.add(wanted(partition, inbound.version()));
        }
        ReplicaFetch fetch =
                ReplicaFetch.start(shell, terms, wanted, inbound.connection().loop(), answers -> {
                    FetchResponse response = sessions.close(opened, answers, clockMs.getAsLong());
                    inbound.answer(
                            inbound.version() >= LEADER_HINT_VERSION ? withLeaders(response, inbound) : response);
                });
        if (!fetch.isAnswered()) {
            inbound.whenLeaving(fetch::stopWaiting);
        }
    }

    private Wanted wanted(SessionPartition partition, int version) {
        Partitions.Found found = version < TOPIC_ID_VERSION
                ? partitions.find(partition.topic(), partition.partition())
                : partitions.find(partition.topicId(), partition.partition());
        return switch (found) {
            case Partitions.Found.Here here -> new Wanted.Here(here.replica(), partition.asked());
            case Partitions.Found.Nowhere(ErrorCode error) ->
                error == ErrorCode.NOT_LEADER_OR_FOLLOWER
                        ? new Wanted.Failed(partition.asked(), error)
                        : new Wanted.Refused(partition.asked(), error);
        };
    }

    private FetchTerms terms(FetchRequest request, InboundRequest inbound) {
        int version = inbound.version();
        int replicaId =
                version >= REPLICA_STATE_VERSION ? request.replicaState().replicaId() : request.replicaId();
        int bytesMax = replicaId >= 0 ? request.maxBytes() : Math.min(request.maxBytes(), maxBytes);
        return new FetchTerms(
                replicaId,
                request.replicaState().replicaEpoch(),
                request.maxWaitMs(),
                Math.min(request.minBytes(), bytesMax),
                bytesMax,
                request.isolationLevel() == 1 ? Isolation.READ_COMMITTED : Isolation.READ_UNCOMMITTED,
                replicaId < 0 && version >= ANY_REPLICA_VERSION ? From.ANY_REPLICA : From.LEADER,
                Size.AT_LEAST_ONE_BATCH,
                replicaId < 0 && version >= ANY_REPLICA_VERSION ? near(request.rackId(), inbound) : Near.NOBODY);
    }

    private Near near(String rack, InboundRequest inbound) {
        if (readFrom == ReadFrom.LEADER || rack.isEmpty()) {
            return Near.NOBODY;
        }
        ClusterImage image = cluster.image();
        String listener = inbound.connection().listenerName();
        return brokerId -> image.broker(brokerId)
                .filter(broker -> !broker.fenced() && broker.endpoint(listener).isPresent())
                .flatMap(BrokerRegistration::rack)
                .filter(rack::equals)
                .isPresent();
    }

    /** Tells a client that came to the wrong broker whom to ask. Most answers have nothing to tell and stay as they are. */
    private FetchResponse withLeaders(FetchResponse response, InboundRequest inbound) {
        if (!anyMisled(response)) {
            return response;
        }
        LeaderHints<NodeEndpoint> hints = new LeaderHints<>(
                cluster.image(),
                inbound.connection().listenerName(),
                (id, at) -> new NodeEndpoint(id, at.host(), at.port(), at.rack().orElse(null)));
        List<FetchableTopicResponse> topics = response.responses().stream()
                .map(topic -> topic.withPartitions(topic.partitions().stream()
                        .map(partition -> isMisled(partition) ? withLeader(topic, partition, hints) : partition)
                        .toList()))
                .toList();
        return response.withResponses(topics)
                .withNodeEndpoints(List.copyOf(hints.nodes().values()));
    }

    private PartitionData withLeader(
            FetchableTopicResponse topic, PartitionData partition, LeaderHints<NodeEndpoint> hints) {
        String name = cluster.image()
                .topic(topic.topicId())
                .map(known -> known.name())
                .orElse(topic.topic());
        Optional<PartitionRegistration> leader = hints.leaderOf(name, partition.partitionIndex());
        return leader.map(
                        known -> partition.withCurrentLeader(new LeaderIdAndEpoch(known.leader(), known.leaderEpoch())))
                .orElse(partition);
    }

    /** Without a stream: every answer is looked at. */
    private static boolean anyMisled(FetchResponse response) {
        for (FetchableTopicResponse topic : response.responses()) {
            for (PartitionData partition : topic.partitions()) {
                if (isMisled(partition)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isMisled(PartitionData partition) {
        return partition.errorCode() == ErrorCode.NOT_LEADER_OR_FOLLOWER.code()
                || partition.errorCode() == ErrorCode.FENCED_LEADER_EPOCH.code();
    }
}
