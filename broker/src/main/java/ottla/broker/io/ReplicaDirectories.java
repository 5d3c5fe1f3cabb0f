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
 * Tells the controller in which directories this broker has its replicas (KIP-858), until it knows.
 *
 * <p>Safe for use by several threads. Lives as long as the node; nothing is sent before {@link #over}.
 */
final class ReplicaDirectories implements DirectoryAssignments {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaDirectories.class);

    private static final long PAUSE_MIN_MS = 100;
    private static final long PAUSE_MAX_MS = 10_000;

    private final ControllerWishes<Place, Wish> wishes;

    private volatile LogMove.Reporting reporting = LogMove.Reporting.NONE;

    private record Place(Uuid topicId, int partition) {}

    private record Wish(Uuid directory, Runnable known) {}

    ReplicaDirectories(ClusterView cluster, Background threads) {
        wishes = new ControllerWishes<>(new Form(cluster.nodeId()), threads, PAUSE_MIN_MS, PAUSE_MAX_MS);
    }

    /** From now on the controller can be reached. */
    void over(ControllerWishes.Wire wire) {
        wishes.over(wire);
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
        wishes.add(new Place(topicId, partition), new Wish(directory, known));
    }

    private record Form(int brokerId) implements ControllerWishes.Form<Place, Wish> {
        @Override
        public Request request(long brokerEpoch, Map<Place, Wish> told) {
            return new AssignReplicasToDirsRequest(brokerId, brokerEpoch, directories(told));
        }

        @Override
        public Map<Place, Runnable> settled(Response response, Map<Place, Wish> sent) {
            AssignReplicasToDirsResponse answer = (AssignReplicasToDirsResponse) response;
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error != ErrorCode.NONE) {
                LOG.warn("The controller refused to be told of {} directories: {}", sent.size(), error);
                return Map.of();
            }
            Map<Place, Runnable> settled = new HashMap<>();
            answer.directories()
                    .forEach(directory -> directory
                            .topics()
                            .forEach(topic -> topic.partitions().forEach(partition -> {
                                Place place = new Place(topic.topicId(), partition.partitionIndex());
                                Wish wish = sent.get(place);
                                // who is refused is no replica any more
                                boolean known = ErrorCode.of(partition.errorCode()) == ErrorCode.NONE;
                                settled.put(place, known && wish != null ? wish.known : () -> {});
                            })));
            return settled;
        }
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
}
