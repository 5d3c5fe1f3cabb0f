package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.AssignReplicasToDirsRequest;
import ottla.wire.message.AssignReplicasToDirsResponse;
import ottla.wire.message.metadata.MetadataRecord;

/** AssignReplicasToDirs (KIP-858): a broker tells in which of its directories its replicas are. */
public final class DirectoryAssignment {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryAssignment.class);

    private final ClusterFacts facts;

    public DirectoryAssignment(ClusterFacts facts) {
        this.facts = facts;
    }

    /** Each partition is accepted or refused on its own. */
    public Decision<MetadataRecord, AssignReplicasToDirsResponse> assign(AssignReplicasToDirsRequest request) {
        Optional<ErrorCode> refused = reasonRefused(request);
        if (refused.isPresent()) {
            return Decision.of(AssignReplicasToDirsResponse.DEFAULT.withErrorCode(
                    refused.get().code()));
        }
        BrokerRegistration broker = facts.image().broker(request.brokerId()).orElseThrow();
        List<MetadataRecord> records = new ArrayList<>();
        List<LeaderChanges.Replica> lost = new ArrayList<>();
        List<AssignReplicasToDirsResponse.DirectoryData> directories = new ArrayList<>();
        for (AssignReplicasToDirsRequest.DirectoryData directory : request.directories()) {
            boolean online = broker.hasOnlineDirectory(directory.id());
            List<AssignReplicasToDirsResponse.TopicData> topics = new ArrayList<>();
            for (AssignReplicasToDirsRequest.TopicData topic : directory.topics()) {
                List<AssignReplicasToDirsResponse.PartitionData> partitions = new ArrayList<>();
                for (AssignReplicasToDirsRequest.PartitionData partition : topic.partitions()) {
                    int index = partition.partitionIndex();
                    ErrorCode error = assign(broker.id(), directory.id(), topic.topicId(), index, records);
                    if (error == ErrorCode.NONE && !online) {
                        lost.add(new LeaderChanges.Replica(topic.topicId(), index));
                    }
                    partitions.add(new AssignReplicasToDirsResponse.PartitionData(index, error.code()));
                }
                topics.add(new AssignReplicasToDirsResponse.TopicData(topic.topicId(), partitions));
            }
            directories.add(new AssignReplicasToDirsResponse.DirectoryData(directory.id(), topics));
        }
        records.addAll(new LeaderChanges(facts).onReplicasLost(broker.id(), lost));
        return new Decision<>(records, AssignReplicasToDirsResponse.DEFAULT.withDirectories(directories));
    }

    private Optional<ErrorCode> reasonRefused(AssignReplicasToDirsRequest request) {
        if (!facts.image().metadataVersion().hasDirectories()) {
            return Optional.of(ErrorCode.UNSUPPORTED_VERSION);
        }
        boolean current = facts.image()
                .broker(request.brokerId())
                .filter(broker -> broker.epoch() == request.brokerEpoch())
                .isPresent();
        return current ? Optional.empty() : Optional.of(ErrorCode.STALE_BROKER_EPOCH);
    }

    private ErrorCode assign(int brokerId, Uuid directory, Uuid topicId, int index, List<MetadataRecord> records) {
        Optional<TopicImage> topic = facts.image().topic(topicId);
        if (topic.isEmpty()) {
            LOG.warn("broker {} has a replica of a topic that does not exist, {}", brokerId, topicId);
            return ErrorCode.UNKNOWN_TOPIC_ID;
        }
        Optional<PartitionRegistration> known = topic.get().partition(index);
        if (known.isEmpty()) {
            LOG.warn(
                    "broker {} has a replica of {}-{}, which does not exist",
                    brokerId,
                    topic.get().name(),
                    index);
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        }
        PartitionRegistration present = known.get();
        if (!present.hasReplica(brokerId)) {
            LOG.warn("broker {} is no replica of {}-{}", brokerId, topic.get().name(), index);
            return ErrorCode.NOT_LEADER_OR_FOLLOWER;
        }
        new PartitionChange(
                        topicId,
                        index,
                        present,
                        id -> facts.mayLead(present, id),
                        facts.minIsr(topic.get()),
                        facts.elr())
                .directory(brokerId, directory)
                .newDirectory(facts::defaultDirectory)
                .toRecord()
                .ifPresent(records::add);
        return ErrorCode.NONE;
    }
}
