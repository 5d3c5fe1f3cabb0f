package ottla.broker.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.broker.api.ClusterView;
import ottla.log.io.Background;
import ottla.replication.io.Replica;
import ottla.replication.io.ReplicaShell;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.IsrAnswer;
import ottla.replication.partition.IsrChange;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AlterPartitionRequest.BrokerState;
import ottla.wire.message.AlterPartitionResponse;
import ottla.wire.message.AlterPartitionResponse.PartitionData;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Asks the controller for the changes of in-sync sets that this broker's leaders want (AlterPartition, KIP-497, KIP-903).
 *
 * <p>Safe for use by several threads. Lives as long as the node; nothing is sent before {@link #over}.
 */
final class IsrRequests implements ReplicaShell.IsrChanges {
    private static final Logger LOG = LoggerFactory.getLogger(IsrRequests.class);

    private static final long PAUSE_MIN_MS = 50;
    private static final long PAUSE_MAX_MS = 1_000;

    private final ControllerWishes<Replica, IsrChange> wishes;

    private record Place(Uuid topicId, int partition) {}

    IsrRequests(ClusterView cluster, Background threads) {
        wishes = new ControllerWishes<>(new Form(cluster.nodeId()), threads, PAUSE_MIN_MS, PAUSE_MAX_MS);
    }

    /** From now on the controller can be reached. */
    void over(ControllerWishes.Wire wire) {
        wishes.over(wire);
    }

    @Override
    public void ask(Replica replica, IsrChange change) {
        // who asks anew has been told by the controller in between that the older wish is void
        wishes.add(replica, change);
    }

    private record Form(int brokerId) implements ControllerWishes.Form<Replica, IsrChange> {
        @Override
        public Request request(long brokerEpoch, Map<Replica, IsrChange> changes) {
            return new AlterPartitionRequest(brokerId, brokerEpoch, topics(changes));
        }

        @Override
        public Map<Replica, Runnable> settled(Response response, Map<Replica, IsrChange> sent) {
            AlterPartitionResponse answer = (AlterPartitionResponse) response;
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error != ErrorCode.NONE) {
                LOG.warn("The controller refused to change {} in-sync sets: {}", sent.size(), error);
                return Map.of();
            }
            Map<Place, PartitionData> answers = new HashMap<>();
            answer.topics()
                    .forEach(topic -> topic.partitions()
                            .forEach(partition ->
                                    answers.put(new Place(topic.topicId(), partition.partitionIndex()), partition)));
            Map<Replica, Runnable> settled = new HashMap<>();
            sent.forEach((replica, change) -> {
                PartitionData told =
                        answers.get(new Place(replica.topicId(), replica.name().partition()));
                IsrAnswer outcome = told == null ? new IsrAnswer.Outdated() : outcome(replica, told);
                if (!(outcome instanceof IsrAnswer.Unknown)) {
                    settled.put(replica, () -> replica.isrAnswered(change, outcome));
                }
            });
            return settled;
        }
    }

    private static List<AlterPartitionRequest.TopicData> topics(Map<Replica, IsrChange> sent) {
        Map<Uuid, List<AlterPartitionRequest.PartitionData>> byTopic = new LinkedHashMap<>();
        sent.forEach((replica, change) -> byTopic.computeIfAbsent(replica.topicId(), topic -> new ArrayList<>())
                .add(partition(replica, change)));
        List<AlterPartitionRequest.TopicData> topics = new ArrayList<>();
        byTopic.forEach((topic, partitions) -> topics.add(new AlterPartitionRequest.TopicData(topic, partitions)));
        return topics;
    }

    private static AlterPartitionRequest.PartitionData partition(Replica replica, IsrChange change) {
        return AlterPartitionRequest.PartitionData.DEFAULT
                .withPartitionIndex(replica.name().partition())
                .withLeaderEpoch(change.leaderEpoch())
                .withPartitionEpoch(change.partitionEpoch())
                .withNewIsrWithEpochs(change.isr().stream()
                        .map(member -> new BrokerState(member.brokerId(), member.brokerEpoch()))
                        .toList());
    }

    private static IsrAnswer outcome(Replica replica, PartitionData told) {
        return switch (ErrorCode.of(told.errorCode())) {
            case NONE ->
                new IsrAnswer.Changed(new Assignment(
                        told.leaderId(),
                        told.leaderEpoch(),
                        told.partitionEpoch(),
                        replica.leadership().replicas(),
                        told.isr(),
                        told.leaderRecoveryState() == 1
                                ? Assignment.Recovery.RECOVERING
                                : Assignment.Recovery.RECOVERED));
            case OPERATION_NOT_ATTEMPTED, INELIGIBLE_REPLICA -> new IsrAnswer.Rejected();
            case UNKNOWN_TOPIC_OR_PARTITION,
                    UNKNOWN_TOPIC_ID,
                    FENCED_LEADER_EPOCH,
                    INVALID_UPDATE_VERSION,
                    INVALID_REQUEST,
                    NEW_LEADER_ELECTED -> new IsrAnswer.Outdated();
            default -> new IsrAnswer.Unknown();
        };
    }
}
