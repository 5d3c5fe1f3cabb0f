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
import ottla.controller.image.ClusterImage;
import ottla.log.io.Background;
import ottla.replication.io.DirectoryAssignments;
import ottla.replication.partition.LogMove;
import ottla.wire.message.AssignReplicasToDirsRequest;
import ottla.wire.message.AssignReplicasToDirsRequest.DirectoryData;
import ottla.wire.message.AssignReplicasToDirsRequest.PartitionData;
import ottla.wire.message.AssignReplicasToDirsRequest.TopicData;
import ottla.wire.message.AssignReplicasToDirsResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Tells the controller in which directories this broker has its replicas (KIP-858), until it knows: what came together since the
 * last request goes in the next, and what was not taken is sent again after a pause.
 *
 * <p>Safe for use by several threads. Lives as long as the node; nothing is sent before {@link #over}.
 */
final class ReplicaDirectories implements DirectoryAssignments {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaDirectories.class);

    private static final long PAUSE_MIN_MS = 100;
    private static final long PAUSE_MAX_MS = 10_000;

    /** A request of this many replicas is about 50 KB. */
    private static final int REPLICAS_MAX = 2_000;

    private final ClusterView cluster;
    private final Background threads;

    private volatile LogMove.Reporting reporting = LogMove.Reporting.NONE;

    // Guarded by this.
    private final Map<Place, Wish> pending = new LinkedHashMap<>();
    private Wire wire = request -> CompletableFuture.failedStage(new IllegalStateException());
    private boolean sending;
    private long pauseMs = PAUSE_MIN_MS;

    /** How a request gets to the controller: {@link BrokerLifecycle#send}. */
    @FunctionalInterface
    interface Wire {
        CompletionStage<Response> send(LongFunction<Request> request);
    }

    private record Place(Uuid topicId, int partition) {}

    private record Wish(Uuid directory, Runnable known) {}

    ReplicaDirectories(ClusterView cluster, Background threads) {
        this.cluster = cluster;
        this.threads = threads;
    }

    /** From now on the controller can be reached. */
    synchronized void over(Wire next) {
        wire = next;
    }

    /**
     * An image is about to be carried out. What other threads are shown is older, and nothing at all at first, when the moves that an
     * earlier process began are gone on with: those must be told, too.
     */
    void carryingOut(ClusterImage image) {
        reporting =
                image.metadataVersion().hasDirectories() ? LogMove.Reporting.BEFORE_EXCHANGE : LogMove.Reporting.NONE;
    }

    @Override
    public LogMove.Reporting reporting() {
        return reporting;
    }

    @Override
    public void assign(Uuid topicId, int partition, Uuid directory, Runnable known) {
        synchronized (this) {
            pending.put(new Place(topicId, partition), new Wish(directory, known));
            if (sending) {
                return;
            }
            sending = true;
        }
        threads.soon(this::send);
    }

    private void send() {
        Map<Place, Wish> sent = new LinkedHashMap<>();
        Wire now;
        synchronized (this) {
            for (Map.Entry<Place, Wish> entry : pending.entrySet()) {
                if (sent.size() == REPLICAS_MAX) {
                    break;
                }
                sent.put(entry.getKey(), entry.getValue());
            }
            now = wire;
            if (sent.isEmpty()) {
                sending = false;
                return;
            }
        }
        List<DirectoryData> directories = directories(sent);
        now.send(epoch -> new AssignReplicasToDirsRequest(cluster.nodeId(), epoch, directories))
                .whenComplete((response, failure) -> {
                    if (failure == null) {
                        taken((AssignReplicasToDirsResponse) response, sent);
                    } else {
                        LOG.debug(
                                "The controller was not told of {} directories: {}", sent.size(), failure.getMessage());
                        again();
                    }
                });
    }

    private static List<DirectoryData> directories(Map<Place, Wish> sent) {
        Map<Uuid, Map<Uuid, List<PartitionData>>> byDirectory = new LinkedHashMap<>();
        sent.forEach((place, wish) -> byDirectory
                .computeIfAbsent(wish.directory, directory -> new LinkedHashMap<>())
                .computeIfAbsent(place.topicId, topic -> new ArrayList<>())
                .add(new PartitionData(place.partition)));
        List<DirectoryData> directories = new ArrayList<>();
        byDirectory.forEach((id, byTopic) -> {
            List<TopicData> topics = new ArrayList<>();
            byTopic.forEach((topic, partitions) -> topics.add(new TopicData(topic, partitions)));
            directories.add(new DirectoryData(id, topics));
        });
        return directories;
    }

    private void taken(AssignReplicasToDirsResponse answer, Map<Place, Wish> sent) {
        ErrorCode error = ErrorCode.of(answer.errorCode());
        if (error != ErrorCode.NONE) {
            LOG.warn("The controller refused to be told of {} directories: {}", sent.size(), error);
            again();
            return;
        }
        Map<Place, ErrorCode> errors = new HashMap<>();
        answer.directories()
                .forEach(directory -> directory
                        .topics()
                        .forEach(topic -> topic.partitions()
                                .forEach(partition -> errors.put(
                                        new Place(topic.topicId(), partition.partitionIndex()),
                                        ErrorCode.of(partition.errorCode())))));
        List<Runnable> known = new ArrayList<>();
        synchronized (this) {
            sent.forEach((place, wish) -> {
                // who is refused is no replica any more, and who has another wish by now is told of that
                boolean present = errors.containsKey(place) && pending.remove(place, wish);
                if (present && errors.get(place) == ErrorCode.NONE) {
                    known.add(wish.known);
                }
            });
            pauseMs = PAUSE_MIN_MS;
        }
        known.forEach(Runnable::run);
        threads.soon(this::send);
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
