package ottla.replication.quorum;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The votes of one election among the voters that were in force when it began. Immutable. */
public record Ballot(VoterSet voters, SortedMap<Integer, Vote> votes) {
    /** What a voter said so far. */
    public enum Vote {
        PENDING,
        GRANTED,
        REJECTED
    }

    /** An election in which the candidate itself has voted for itself. */
    static Ballot open(VoterSet voters, int self) {
        SortedMap<Integer, Vote> votes = new TreeMap<>();
        voters.ids().forEach(id -> votes.put(id, id == self ? Vote.GRANTED : Vote.PENDING));
        return new Ballot(voters, votes);
    }

    /** Counts a voter's first word; others, and nodes that do not vote, change nothing. */
    Ballot count(int voterId, Vote vote) {
        if (votes.get(voterId) != Vote.PENDING) {
            return this;
        }
        SortedMap<Integer, Vote> counted = new TreeMap<>(votes);
        counted.put(voterId, vote);
        return new Ballot(voters, counted);
    }

    boolean won() {
        return count(Vote.GRANTED) >= voters.majority();
    }

    /** Even if all the silent ones granted, it would not be a majority. */
    boolean lost() {
        return voters.size() - count(Vote.REJECTED) < voters.majority();
    }

    List<Integer> granting() {
        return with(Vote.GRANTED);
    }

    List<Integer> pending() {
        return with(Vote.PENDING);
    }

    private List<Integer> with(Vote wanted) {
        return votes.entrySet().stream()
                .filter(entry -> entry.getValue() == wanted)
                .map(Map.Entry::getKey)
                .toList();
    }

    private int count(Vote wanted) {
        return with(wanted).size();
    }
}
