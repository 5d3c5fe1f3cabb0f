package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.random.RandomGenerator;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.place.StripedPlacement;
import ottla.controller.place.StripedPlacement.Placed;
import ottla.controller.place.StripedPlacement.Standing;
import ottla.controller.place.UsableBroker;
import ottla.wire.message.metadata.PartitionRecord;

/** The replicas of new partitions, as somebody wants them or as placement finds them. */
final class ReplicaAssignments {
    private final ClusterFacts facts;

    ReplicaAssignments(ClusterFacts facts) {
        this.facts = facts;
    }

    /** Places so many partitions over all brokers; the answer is one record for each, numbered from {@code firstPartition}. */
    Verdict<List<PartitionRecord>> place(
            Uuid topicId, int firstPartition, int count, int replicationFactor, RandomGenerator random) {
        String failure = "Unable to replicate the partition " + replicationFactor + " time(s): ";
        List<UsableBroker> usable = facts.image().brokers().values().stream()
                .filter(broker -> !broker.isWhollyCordoned())
                .map(broker -> new UsableBroker(
                        broker.id(), broker.rack(), broker.fenced() ? Standing.FENCED : Standing.UNFENCED))
                .sorted((left, right) -> Integer.compare(left.id(), right.id()))
                .toList();
        return switch (StripedPlacement.place(usable, count, replicationFactor, random)) {
            case Placed.Impossible impossible ->
                Verdict.refused(ErrorCode.INVALID_REPLICATION_FACTOR, failure + impossible.reason());
            case Placed.Replicas placed -> {
                List<PartitionRecord> records = new ArrayList<>(count);
                for (List<Integer> replicas : placed.byPartition()) {
                    List<Integer> isr =
                            replicas.stream().filter(facts::isActive).toList();
                    if (isr.isEmpty()) {
                        yield Verdict.refused(
                                ErrorCode.INVALID_REPLICATION_FACTOR,
                                failure + "All brokers are currently fenced or in controlled shutdown.");
                    }
                    records.add(record(topicId, firstPartition + records.size(), replicas, isr));
                }
                yield Verdict.granted(records);
            }
        };
    }

    /** A partition whose replicas somebody named; {@code factor} is how many those of the same topic have, if any is known. */
    Verdict<PartitionRecord> named(Uuid topicId, int partition, List<Integer> replicas, OptionalInt factor) {
        Optional<Verdict.Refused<Void>> unsound = unsound(replicas, factor);
        if (unsound.isPresent()) {
            return unsound.get().as();
        }
        List<Integer> isr = replicas.stream().filter(facts::isActive).toList();
        if (isr.isEmpty()) {
            return refused("All brokers specified in the manual partition assignment for partition " + partition
                            + " are fenced or in controlled shutdown.")
                    .as();
        }
        return Verdict.granted(record(topicId, partition, replicas, isr));
    }

    /** Why these replicas, which somebody named, cannot be those of one partition. */
    Optional<Verdict.Refused<Void>> unsound(List<Integer> replicas, OptionalInt factor) {
        if (replicas.isEmpty()) {
            return Optional.of(refused("The manual partition assignment includes an empty replica list."));
        }
        Set<Integer> seen = new HashSet<>();
        for (int id : replicas.stream().sorted().toList()) {
            if (facts.image().broker(id).isEmpty()) {
                return Optional.of(refused("The manual partition assignment includes broker " + id
                        + ", but no such broker is registered."));
            }
            if (!seen.add(id)) {
                return Optional.of(
                        refused("The manual partition assignment includes the broker " + id + " more than once."));
            }
        }
        if (factor.isPresent() && replicas.size() != factor.getAsInt()) {
            return Optional.of(refused("The manual partition assignment includes a partition with " + replicas.size()
                    + " replica(s), but this is not consistent with previous partitions, which have "
                    + factor.getAsInt() + " replica(s)."));
        }
        return Optional.empty();
    }

    private PartitionRecord record(Uuid topicId, int partition, List<Integer> replicas, List<Integer> isr) {
        PartitionRecord record = PartitionRecord.DEFAULT
                .withTopicId(topicId)
                .withPartitionId(partition)
                .withReplicas(replicas)
                .withIsr(isr)
                .withLeader(isr.getFirst())
                .withLeaderRecoveryState(PartitionRegistration.LeaderRecovery.RECOVERED.id())
                .withLeaderEpoch(0)
                .withPartitionEpoch(0);
        return facts.image().metadataVersion().hasDirectories()
                ? record.withDirectories(
                        replicas.stream().map(facts::defaultDirectory).toList())
                : record;
    }

    private static Verdict.Refused<Void> refused(String message) {
        return Verdict.refused(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
}
