package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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

    /** What a new partition has of its replicas. A large topic has few different ones, which its partitions share. */
    private record Members(List<Integer> replicas, List<Integer> isr, List<Uuid> directories) {}

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
                Map<List<Integer>, Members> known = new HashMap<>();
                for (List<Integer> replicas : placed.byPartition()) {
                    Members members = known.computeIfAbsent(replicas, this::members);
                    if (members.isr().isEmpty()) {
                        yield Verdict.refused(
                                ErrorCode.INVALID_REPLICATION_FACTOR,
                                failure + "All brokers are currently fenced or in controlled shutdown.");
                    }
                    records.add(record(topicId, firstPartition + records.size(), members));
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
        Members members = members(List.copyOf(replicas));
        if (members.isr().isEmpty()) {
            return refused("All brokers specified in the manual partition assignment for partition " + partition
                            + " are fenced or in controlled shutdown.")
                    .as();
        }
        return Verdict.granted(record(topicId, partition, members));
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

    private Members members(List<Integer> replicas) {
        return new Members(
                replicas,
                replicas.stream().filter(facts::isActive).toList(),
                facts.image().metadataVersion().hasDirectories()
                        ? replicas.stream().map(facts::defaultDirectory).toList()
                        : List.of());
    }

    private static PartitionRecord record(Uuid topicId, int partition, Members members) {
        return new PartitionRecord(
                partition,
                topicId,
                members.replicas(),
                members.isr(),
                List.of(),
                List.of(),
                members.isr().getFirst(),
                PartitionRegistration.LeaderRecovery.RECOVERED.id(),
                0,
                0,
                members.directories(),
                null,
                null);
    }

    private static Verdict.Refused<Void> refused(String message) {
        return Verdict.refused(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
}
