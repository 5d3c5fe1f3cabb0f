package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import ottla.base.Uuid;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.wire.message.metadata.MetadataRecord;

/** What becomes of partitions when a broker leaves or comes back. Each looks at every partition once. */
final class LeaderChanges {
    private final ClusterFacts facts;

    LeaderChanges(ClusterFacts facts) {
        this.facts = facts;
    }

    /** The broker leaves every in-sync set, and others take over what it led. */
    List<MetadataRecord> onLeft(int brokerId) {
        return changes(
                partition -> partition.isr().contains(brokerId),
                id -> id != brokerId && facts.isActive(id),
                brokerId,
                List.of());
    }

    /** As {@link #onLeft}. It stays eligible until the next broker of its id tells whether it has what this one had. */
    List<MetadataRecord> onUnregistered(int brokerId) {
        return changes(
                partition ->
                        partition.isr().contains(brokerId) || partition.elr().contains(brokerId),
                id -> id != brokerId && facts.isActive(id),
                brokerId,
                List.of());
    }

    /** The broker stopped without saying so, and may have lost what was not yet on disk. */
    List<MetadataRecord> onStoppedUncleanly(int brokerId) {
        return changes(
                partition ->
                        partition.isr().contains(brokerId) || partition.elr().contains(brokerId),
                id -> id != brokerId && facts.isActive(id),
                brokerId,
                List.of(brokerId));
    }

    /** The broker can lead again what nobody leads; whatever else is without a leader gets one if it can, too. */
    List<MetadataRecord> onReturned(int brokerId) {
        return changes(
                partition -> !partition.hasLeader(),
                id -> id == brokerId || facts.isActive(id),
                PartitionRegistration.NO_LEADER,
                List.of());
    }

    /** The replicas in those directories of the broker are gone: it leaves their in-sync sets. */
    List<MetadataRecord> onDirectoriesLost(int brokerId, List<Uuid> lost) {
        return changes(
                partition -> partition.hasReplica(brokerId) && lost.contains(partition.directory(brokerId)),
                id -> id != brokerId && facts.isActive(id),
                brokerId,
                List.of());
    }

    /** One partition, as a broker has it. */
    record Replica(Uuid topicId, int partition) {}

    /** These replicas of the broker are in a directory that failed: it leaves their in-sync sets. */
    List<MetadataRecord> onReplicasLost(int brokerId, List<Replica> lost) {
        if (lost.isEmpty()) {
            return List.of();
        }
        Set<Replica> concerned = Set.copyOf(lost);
        return changes(
                (replica, partition) -> concerned.contains(replica),
                id -> id != brokerId && facts.isActive(id),
                brokerId,
                List.of());
    }

    private List<MetadataRecord> changes(
            Predicate<PartitionRegistration> concerned,
            IntPredicate active,
            int leavesIsr,
            List<Integer> uncleanlyStopped) {
        return changes((replica, partition) -> concerned.test(partition), active, leavesIsr, uncleanlyStopped);
    }

    private List<MetadataRecord> changes(
            BiPredicate<Replica, PartitionRegistration> concerned,
            IntPredicate active,
            int leavesIsr,
            List<Integer> uncleanlyStopped) {
        List<MetadataRecord> records = new ArrayList<>();
        for (TopicImage topic : facts.image().topics().all()) {
            int minIsr = facts.minIsr(topic);
            PartitionChange.Election election = facts.electionFor(topic.name());
            for (int index = 0; index < topic.partitionCount(); index++) {
                PartitionRegistration partition = topic.partitions().get(index);
                if (concerned.test(new Replica(topic.id(), index), partition)) {
                    List<Integer> isr = partition.isr().stream()
                            .filter(id -> id != leavesIsr)
                            .toList();
                    new PartitionChange(
                                    topic.id(),
                                    index,
                                    partition,
                                    id -> active.test(id) && facts.hasOnlineReplica(partition, id),
                                    minIsr,
                                    facts.elr())
                            .election(election)
                            .isr(isr)
                            .uncleanlyStopped(uncleanlyStopped)
                            .newDirectory(facts::defaultDirectory)
                            .toRecord()
                            .ifPresent(records::add);
                }
            }
        }
        return records;
    }
}
