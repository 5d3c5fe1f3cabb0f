package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.base.Check;

/** Who votes. Immutable; in the order of node ids, of which each occurs once. */
public record VoterSet(SortedMap<Integer, Voter> byId) {
    /** A quorum that no voter is known of: nobody can be elected. */
    public static final VoterSet EMPTY = of(List.of());

    public VoterSet {
        byId = Collections.unmodifiableSortedMap(new TreeMap<>(byId));
    }

    public static VoterSet of(Collection<Voter> voters) {
        SortedMap<Integer, Voter> byId = new TreeMap<>();
        for (Voter voter : voters) {
            Check.invariant(byId.put(voter.id(), voter) == null, "a node votes once");
        }
        return new VoterSet(byId);
    }

    public int size() {
        return byId.size();
    }

    public boolean isEmpty() {
        return byId.isEmpty();
    }

    public Collection<Voter> voters() {
        return byId.values();
    }

    public List<Integer> ids() {
        return List.copyOf(byId.keySet());
    }

    public Optional<Voter> find(int id) {
        return Optional.ofNullable(byId.get(id));
    }

    public boolean contains(ReplicaKey replica) {
        return find(replica.id()).filter(voter -> voter.key().covers(replica)).isPresent();
    }

    public boolean isOnly(ReplicaKey replica) {
        return size() == 1 && contains(replica);
    }

    /** The smallest number of voters that are more than half. */
    public int majority() {
        return size() / 2 + 1;
    }

    /** With one voter more, or with another description of a voter that is there. */
    public VoterSet with(Voter voter) {
        Map<Integer, Voter> changed = new TreeMap<>(byId);
        changed.put(voter.id(), voter);
        return of(changed.values());
    }

    public VoterSet without(int id) {
        return of(voters().stream().filter(voter -> voter.id() != id).toList());
    }

    /** Whether every majority of this set shares a voter with every majority of the other, so that both may decide meanwhile. */
    public boolean overlaps(VoterSet other) {
        List<ReplicaKey> ours =
                new ArrayList<>(voters().stream().map(Voter::key).toList());
        List<ReplicaKey> theirs =
                new ArrayList<>(other.voters().stream().map(Voter::key).toList());
        List<ReplicaKey> shared = ours.stream().filter(theirs::contains).toList();
        return ours.size() - shared.size() <= 1
                && theirs.size() - shared.size() <= 1
                && ours.size() + theirs.size() - 2 * shared.size() <= 1;
    }
}
