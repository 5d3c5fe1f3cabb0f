package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.ElectLeadersResponse.PartitionResult;
import ottla.wire.message.ElectLeadersResponse.ReplicaElectionResult;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;

/** ElectLeaders (KIP-460) on request, and the elections that the controller holds by itself from time to time. */
public final class LeaderElections {
    /** As many changes as Kafka puts into one batch, which keeps the controller free for requests in between. */
    private static final int BATCH = 1000;

    private final ClusterFacts facts;

    public LeaderElections(ClusterFacts facts) {
        this.facts = facts;
    }

    public Decision<MetadataRecord, ElectLeadersResponse> elect(ElectLeadersRequest request) {
        List<ElectLeadersRequest.TopicPartitions> asked = request.topicPartitions();
        if (asked != null && asked.isEmpty()) {
            return Decision.of(ElectLeadersResponse.DEFAULT);
        }
        Optional<PartitionChange.Election> election = election(request.electionType());
        if (election.isEmpty()) {
            return Decision.of(Refusals.of(
                    request,
                    Verdict.refused(ErrorCode.INVALID_REQUEST, "Unknown election type " + request.electionType())));
        }
        List<MetadataRecord> records = new ArrayList<>();
        List<ReplicaElectionResult> results = new ArrayList<>();
        if (asked == null) {
            electAll(election.get(), records, results);
        } else {
            for (ElectLeadersRequest.TopicPartitions topic : asked) {
                List<PartitionResult> partitions = topic.partitions().stream()
                        .map(partition -> elect(topic.topic(), partition, election.get(), records))
                        .toList();
                results.add(new ReplicaElectionResult(topic.topic(), partitions));
            }
        }
        return new Decision<>(records, ElectLeadersResponse.DEFAULT.withReplicaElectionResults(results));
    }

    /** Gives leadership back to preferred leaders, to no more than {@link #BATCH} at a time. */
    public Decision<MetadataRecord, Batch> balance() {
        return batch((topic, index) -> topic.partitions().get(index).leader()
                        != topic.partitions().get(index).preferredLeader()
                ? change(topic, index, PartitionChange.Election.PREFERRED)
                : Optional.empty());
    }

    /** Elects leaders that may miss records for partitions that nobody leads, where the topic allows it. */
    public Decision<MetadataRecord, Batch> electUncleanly() {
        return batch((topic, index) -> !topic.partitions().get(index).hasLeader()
                        && facts.electionFor(topic.name()) == PartitionChange.Election.UNCLEAN
                ? change(topic, index, PartitionChange.Election.UNCLEAN)
                : Optional.empty());
    }

    private Decision<MetadataRecord, Batch> batch(Change change) {
        List<MetadataRecord> records = new ArrayList<>();
        for (TopicImage topic : facts.image().topics().all()) {
            for (int index = 0; index < topic.partitionCount(); index++) {
                if (records.size() >= BATCH) {
                    return new Decision<>(records, Batch.MORE_TO_COME);
                }
                change.of(topic, index).ifPresent(records::add);
            }
        }
        return new Decision<>(records, Batch.LAST);
    }

    /** Whether everything was looked at. */
    public enum Batch {
        LAST,
        MORE_TO_COME
    }

    @FunctionalInterface
    private interface Change {
        Optional<PartitionChangeRecord> of(TopicImage topic, int partition);
    }

    /** Of each topic only those partitions are told that changed, or should have. */
    private void electAll(
            PartitionChange.Election election, List<MetadataRecord> records, List<ReplicaElectionResult> results) {
        for (TopicImage topic : facts.image().topics().all()) {
            List<PartitionResult> partitions = new ArrayList<>();
            for (int index = 0; index < topic.partitionCount(); index++) {
                PartitionResult result = elect(topic.name(), index, election, records);
                if (result.errorCode() != ErrorCode.ELECTION_NOT_NEEDED.code()) {
                    partitions.add(result);
                }
            }
            results.add(new ReplicaElectionResult(topic.name(), partitions));
        }
    }

    private PartitionResult elect(
            String name, int index, PartitionChange.Election election, List<MetadataRecord> records) {
        Optional<TopicImage> topic = facts.image().topic(name);
        if (topic.isEmpty()) {
            return refused(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "No such topic as " + name);
        }
        Optional<PartitionRegistration> known = topic.get().partition(index);
        if (known.isEmpty()) {
            return refused(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as " + name + "-" + index);
        }
        PartitionRegistration partition = known.get();
        boolean preferred = election == PartitionChange.Election.PREFERRED;
        boolean needed = preferred ? partition.leader() != partition.preferredLeader() : !partition.hasLeader();
        if (!needed) {
            return refused(index, ErrorCode.ELECTION_NOT_NEEDED, "Leader election not needed for topic partition.");
        }
        Optional<PartitionChangeRecord> record = change(topic.get(), index, election);
        if (record.isEmpty()) {
            return preferred
                    ? refused(
                            index, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, "The preferred leader was not available.")
                    : refused(
                            index,
                            ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
                            "Eligible topic partition leaders are not available.");
        }
        records.add(record.get());
        return new PartitionResult(index, ErrorCode.NONE.code(), null);
    }

    private Optional<PartitionChangeRecord> change(TopicImage topic, int index, PartitionChange.Election election) {
        PartitionRegistration partition = topic.partitions().get(index);
        return new PartitionChange(
                        topic.id(),
                        index,
                        partition,
                        id -> facts.mayLead(partition, id),
                        facts.minIsr(topic),
                        facts.elr())
                .election(election)
                .newDirectory(facts::defaultDirectory)
                .toRecord();
    }

    private static PartitionResult refused(int index, ErrorCode error, String message) {
        return new PartitionResult(index, error.code(), message);
    }

    private static Optional<PartitionChange.Election> election(byte type) {
        return switch (type) {
            case 0 -> Optional.of(PartitionChange.Election.PREFERRED);
            case 1 -> Optional.of(PartitionChange.Election.UNCLEAN);
            default -> Optional.empty();
        };
    }
}
