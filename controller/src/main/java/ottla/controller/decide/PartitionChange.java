package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import ottla.base.Uuid;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.PartitionRegistration.LeaderRecovery;
import ottla.wire.message.metadata.PartitionChangeRecord;

/**
 * Works out the one record that takes a partition from what it is to what it should be: given target replicas and in-sync set,
 * elects a leader, keeps the eligible leader replicas (KIP-966), and finishes a reassignment whose new replicas are in sync.
 *
 * <p>Made for one partition, told the targets, asked once for {@link #toRecord}.
 */
final class PartitionChange {
    private final Uuid topicId;
    private final int partition;
    private final PartitionRegistration present;
    private final IntPredicate mayLead;
    private final int minIsr;
    private final Elr elr;

    private Election election = Election.ONLINE;
    private List<Integer> replicas;
    private List<Integer> isr;
    private List<Integer> removing;
    private List<Integer> adding;
    private List<Integer> eligible;
    private List<Integer> uncleanlyStopped = List.of();
    private LeaderRecovery recovery;
    private IntFunction<Uuid> newDirectory = present -> ottla.controller.image.Directories.UNASSIGNED;
    private Optional<List<Uuid>> directories = Optional.empty();

    /** {@code minIsr} is at most the number of replicas. */
    PartitionChange(
            Uuid topicId, int partition, PartitionRegistration present, IntPredicate mayLead, int minIsr, Elr elr) {
        this.topicId = topicId;
        this.partition = partition;
        this.present = present;
        this.mayLead = mayLead;
        this.minIsr = minIsr;
        this.elr = elr;
        this.replicas = present.replicas();
        this.isr = present.isr();
        this.removing = present.removingReplicas();
        this.adding = present.addingReplicas();
        this.eligible = present.elr();
        this.recovery = present.leaderRecovery();
    }

    /** Which replicas may become leader. */
    enum Election {
        /** The first of the assignment, if it is in sync. */
        PREFERRED,
        /** Any that is in sync. */
        ONLINE,
        /** One that may miss records, if nobody in sync is left. */
        UNCLEAN
    }

    /** Whether eligible leader replicas are on. */
    enum Elr {
        ENABLED,
        DISABLED
    }

    PartitionChange election(Election wanted) {
        this.election = wanted;
        return this;
    }

    PartitionChange isr(List<Integer> target) {
        this.isr = target;
        return this;
    }

    PartitionChange replicas(List<Integer> target, List<Integer> beingRemoved, List<Integer> beingAdded) {
        this.replicas = target;
        this.removing = beingRemoved;
        this.adding = beingAdded;
        return this;
    }

    PartitionChange recovery(LeaderRecovery target) {
        this.recovery = target;
        return this;
    }

    /** These replicas may have lost what they had acknowledged. */
    PartitionChange uncleanlyStopped(List<Integer> ids) {
        this.uncleanlyStopped = ids;
        return this;
    }

    /** Where a replica goes on a broker that had none. */
    PartitionChange newDirectory(IntFunction<Uuid> directoryOf) {
        this.newDirectory = directoryOf;
        return this;
    }

    PartitionChange directory(int brokerId, Uuid directory) {
        List<Uuid> changed = new ArrayList<>(directories.orElse(present.directories()));
        changed.set(present.replicas().indexOf(brokerId), directory);
        directories = Optional.of(changed);
        return this;
    }

    /** The change; empty if nothing would change. */
    Optional<PartitionChangeRecord> toRecord() {
        PartitionChangeRecord record =
                PartitionChangeRecord.DEFAULT.withTopicId(topicId).withPartitionId(partition);
        finishReassignment();
        updateEligible();
        record = elect(record);
        record = bumpEpochForRemovedReplica(record);
        record = eligibleChanges(record);
        // with ELR an empty set is a fact; without, the last member stays in it so that it can be elected again
        if (record.isr() == null && !isr.equals(present.isr()) && (!isr.isEmpty() || elr == Elr.ENABLED)) {
            record = record.withIsr(isr);
        }
        record = lastKnownLeader(record);
        record = assignmentChanges(record);
        if (recovery != present.leaderRecovery()) {
            record = record.withLeaderRecoveryState(recovery.id());
        }
        boolean nothing =
                record.equals(PartitionChangeRecord.DEFAULT.withTopicId(topicId).withPartitionId(partition));
        return nothing ? Optional.empty() : Optional.of(record);
    }

    private void finishReassignment() {
        List<Integer> remaining = without(replicas, removing);
        List<Integer> remainingInSync = without(isr, removing);
        boolean inProgress = !removing.isEmpty() || !adding.isEmpty();
        // where more leave than come, those that stay must make up for it
        boolean enoughInSync = remainingInSync.containsAll(adding)
                && (adding.size() >= removing.size() || remainingInSync.containsAll(remaining));
        if (inProgress && enoughInSync && !remaining.isEmpty() && (removing.isEmpty() || !remainingInSync.isEmpty())) {
            replicas = remaining;
            isr = remainingInSync;
            removing = List.of();
            adding = List.of();
        }
    }

    /** Whoever leaves the in-sync set while it is too small for acknowledgements cannot miss anything that was acknowledged. */
    private void updateEligible() {
        if (elr == Elr.DISABLED) {
            return;
        }
        if (isr.size() >= minIsr) {
            eligible = List.of();
            return;
        }
        // in one order, so that the same set is no change
        Set<Integer> candidates = new TreeSet<>(present.isr());
        candidates.addAll(present.elr());
        candidates.retainAll(replicas);
        eligible = without(without(List.copyOf(candidates), isr), uncleanlyStopped);
    }

    private PartitionChangeRecord elect(PartitionChangeRecord record) {
        Elected elected = anyLeader();
        if (elected.leader() == present.leader()) {
            return record;
        }
        PartitionChangeRecord changed = record.withLeader(elected.leader());
        if (elected.how() == How.UNCLEAN) {
            // what the others have may differ from the new leader's log, so they must come back in one by one
            isr = List.of(elected.leader());
            eligible = List.of();
            if (present.leaderRecovery() != LeaderRecovery.RECOVERING) {
                recovery = LeaderRecovery.RECOVERING;
            }
            return changed.withIsr(isr);
        }
        if (elected.how() == How.ELIGIBLE) {
            isr = List.of(elected.leader());
            eligible = without(eligible, isr);
        }
        return changed;
    }

    private Elected anyLeader() {
        Elected complete = anyComplete();
        if (complete.leader() != PartitionRegistration.NO_LEADER) {
            return complete;
        }
        if (mayElectLastKnown()) {
            return new Elected(present.lastKnownElr().getFirst(), How.UNCLEAN);
        }
        return election == Election.UNCLEAN ? first(replicas, How.UNCLEAN) : Elected.NOBODY;
    }

    /** Somebody who surely has everything: the preferred leader if it is to be him, else the present one, else the first. */
    private Elected anyComplete() {
        boolean fromEligible = elr == Elr.ENABLED && isr.isEmpty();
        How how = fromEligible ? How.ELIGIBLE : How.IN_SYNC;
        List<Integer> complete = fromEligible ? eligible : isr;
        List<Integer> candidates = replicas.stream().filter(complete::contains).toList();
        if (election == Election.PREFERRED
                && !candidates.isEmpty()
                && candidates.getFirst().equals(replicas.getFirst())
                && mayLead.test(candidates.getFirst())) {
            return new Elected(candidates.getFirst(), how);
        }
        if (complete.contains(present.leader()) && mayLead.test(present.leader())) {
            return new Elected(present.leader(), how);
        }
        return first(candidates, how);
    }

    private Elected first(List<Integer> candidates, How how) {
        for (int id : candidates) {
            if (mayLead.test(id)) {
                return new Elected(id, how);
            }
        }
        return Elected.NOBODY;
    }

    /** Nobody surely has everything; who led last has the most, if it is a replica still. */
    private boolean mayElectLastKnown() {
        return elr == Elr.ENABLED
                && isr.isEmpty()
                && eligible.isEmpty()
                && present.lastKnownElr().size() == 1
                && replicas.contains(present.lastKnownElr().getFirst())
                && mayLead.test(present.lastKnownElr().getFirst());
    }

    /** A replica that left must not be followed any more, so those that stay learn it by a new epoch. */
    private PartitionChangeRecord bumpEpochForRemovedReplica(PartitionChangeRecord record) {
        boolean removed = !replicas.containsAll(present.replicas());
        return record.leader() == PartitionRegistration.NO_LEADER_CHANGE && removed
                ? record.withLeader(present.leader())
                : record;
    }

    private PartitionChangeRecord eligibleChanges(PartitionChangeRecord record) {
        if (elr == Elr.DISABLED) {
            eligible = List.of();
        }
        PartitionChangeRecord changed = record;
        if (!eligible.equals(present.elr())) {
            changed = changed.withEligibleLeaderReplicas(eligible);
        }
        if (elr == Elr.DISABLED && !present.lastKnownElr().isEmpty()) {
            changed = changed.withLastKnownElr(List.of());
        }
        return changed;
    }

    private PartitionChangeRecord lastKnownLeader(PartitionChangeRecord record) {
        if (elr == Elr.DISABLED) {
            return record;
        }
        List<Integer> known = present.lastKnownElr();
        if (record.leader() == PartitionRegistration.NO_LEADER && present.hasLeader() && known.isEmpty()) {
            return record.withLastKnownElr(List.of(present.leader()));
        }
        if (record.leader() >= 0 && !known.isEmpty()) {
            return record.withLastKnownElr(List.of());
        }
        return record;
    }

    private PartitionChangeRecord assignmentChanges(PartitionChangeRecord record) {
        PartitionChangeRecord changed = record;
        if (!replicas.isEmpty() && !replicas.equals(present.replicas())) {
            List<Uuid> moved = replicas.stream().map(this::directoryOf).toList();
            changed = changed.withReplicas(replicas);
            if (!moved.equals(present.directories())) {
                changed = changed.withDirectories(moved);
            }
        } else if (directories.isPresent() && !directories.get().equals(present.directories())) {
            changed = changed.withDirectories(directories.get());
        }
        if (!removing.equals(present.removingReplicas())) {
            changed = changed.withRemovingReplicas(removing);
        }
        if (!adding.equals(present.addingReplicas())) {
            changed = changed.withAddingReplicas(adding);
        }
        return changed;
    }

    private Uuid directoryOf(int brokerId) {
        int index = present.replicas().indexOf(brokerId);
        return index < 0
                ? newDirectory.apply(brokerId)
                : directories.orElse(present.directories()).get(index);
    }

    private static List<Integer> without(List<Integer> ids, List<Integer> left) {
        return ids.stream().filter(id -> !left.contains(id)).toList();
    }

    private enum How {
        IN_SYNC,
        ELIGIBLE,
        UNCLEAN
    }

    private record Elected(int leader, How how) {
        static final Elected NOBODY = new Elected(PartitionRegistration.NO_LEADER, How.IN_SYNC);
    }
}
