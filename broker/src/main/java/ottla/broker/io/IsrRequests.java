package ottla.broker.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongFunction;
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
 * Asks the controller for the changes of in-sync sets that this broker's leaders want (AlterPartition, KIP-497, KIP-903): what came
 * together since the last request goes in the next, and what got no answer is asked again after a pause.
 *
 * <p>Safe for use by several threads. Lives as long as the node; nothing is sent before {@link #over}.
 */
final class IsrRequests implements ReplicaShell.IsrChanges {
    private static final Logger LOG = LoggerFactory.getLogger(IsrRequests.class);

    private static final long PAUSE_MIN_MS = 50;
    private static final long PAUSE_MAX_MS = 1_000;

    private final ClusterView cluster;
    private final Background threads;

    // Guarded by this.
    private final Map<Replica, IsrChange> pending = new LinkedHashMap<>();
    private Wire wire = request -> CompletableFuture.failedStage(new IllegalStateException());
    private boolean sending;
    private long pauseMs = PAUSE_MIN_MS;

    /** How a request gets to the controller: {@link BrokerLifecycle#send}. */
    @FunctionalInterface
    interface Wire {
        CompletionStage<Response> send(LongFunction<Request> request);
    }

    private record Place(Uuid topicId, int partition) {}

    IsrRequests(ClusterView cluster, Background threads) {
        this.cluster = cluster;
        this.threads = threads;
    }

    /** From now on the controller can be reached. */
    synchronized void over(Wire next) {
        wire = next;
    }

    @Override
    public void ask(Replica replica, IsrChange change) {
        synchronized (this) {
            // who asks anew has been told by the controller in between that the older wish is void
            pending.put(replica, change);
            if (sending) {
                return;
            }
            sending = true;
        }
        threads.soon(this::send);
    }

    private void send() {
        Map<Replica, IsrChange> sent;
        Wire now;
        synchronized (this) {
            sent = new LinkedHashMap<>(pending);
            now = wire;
            if (sent.isEmpty()) {
                sending = false;
                return;
            }
        }
        List<AlterPartitionRequest.TopicData> topics = topics(sent);
        now.send(epoch -> new AlterPartitionRequest(cluster.nodeId(), epoch, topics))
                .whenComplete((response, failure) -> threads.soon(() -> {
                    if (response instanceof AlterPartitionResponse answer) {
                        taken(answer, sent);
                    } else {
                        LOG.debug(
                                "The controller was not asked for {} in-sync sets: {}",
                                sent.size(),
                                String.valueOf(failure));
                        again();
                    }
                }));
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

    private void taken(AlterPartitionResponse answer, Map<Replica, IsrChange> sent) {
        ErrorCode error = ErrorCode.of(answer.errorCode());
        if (error != ErrorCode.NONE) {
            LOG.warn("The controller refused to change {} in-sync sets: {}", sent.size(), error);
            again();
            return;
        }
        Map<Place, PartitionData> answers = new HashMap<>();
        answer.topics()
                .forEach(topic -> topic.partitions()
                        .forEach(partition ->
                                answers.put(new Place(topic.topicId(), partition.partitionIndex()), partition)));
        Map<Replica, IsrAnswer> outcomes = new LinkedHashMap<>();
        synchronized (this) {
            sent.forEach((replica, change) -> {
                PartitionData told =
                        answers.get(new Place(replica.topicId(), replica.name().partition()));
                IsrAnswer outcome = told == null ? new IsrAnswer.Outdated() : outcome(replica, told);
                boolean settled = !(outcome instanceof IsrAnswer.Unknown);
                if (settled) {
                    pending.remove(replica, change);
                    outcomes.put(replica, outcome);
                }
            });
            pauseMs = outcomes.size() == sent.size() ? PAUSE_MIN_MS : pauseMs;
        }
        outcomes.forEach((replica, outcome) -> {
            IsrChange change = sent.get(replica);
            if (change != null) {
                replica.isrAnswered(change, outcome);
            }
        });
        if (outcomes.size() == sent.size()) {
            send();
        } else {
            again();
        }
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

    private void again() {
        long waitMs;
        synchronized (this) {
            waitMs = pauseMs;
            pauseMs = Math.min(PAUSE_MAX_MS, 2 * pauseMs);
        }
        threads.after(waitMs, this::send);
    }
}
