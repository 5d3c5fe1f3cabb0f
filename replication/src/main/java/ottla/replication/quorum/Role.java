package ottla.replication.quorum;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What this node is in the current epoch.
 *
 * <pre>
 *            timeout              majority of           majority
 *                                 pre-votes             of votes
 *  Unattached ----> Prospective ------------> Candidate --------> Leader
 *      ^  \           ^   |                       |                  |
 *      |   \  leader  |   | lost or late:         | lost or late:    | majority silent,
 *      |    v known   |   | back                  | Prospective      | or asked to
 *      |   Follower --+   v                       v                  v
 *      +------------ a higher epoch, from any role ------------- Resigned
 * </pre>
 *
 * Whether a node votes at all is not part of the role: it is read from the voters in force at the end of the log, and can change
 * in the middle of an epoch. An observer is an unattached node or a follower that has no deadline after which it would stand.
 */
public sealed interface Role {
    int epoch();

    /** Who leads this epoch, if known. */
    OptionalInt leader();

    /** Who has this node's vote in this epoch. */
    Optional<ReplicaKey> votedFor();

    /** When this role ends by itself, in the clock's milliseconds. */
    long deadlineMs();

    /** No leader is known that can be reached. Observers wait for ever. */
    record Unattached(int epoch, OptionalInt leader, Optional<ReplicaKey> votedFor, long deadlineMs) implements Role {}

    /**
     * Asks whether an election could be won before disturbing anybody with a higher epoch (KIP-996). The leader followed until
     * now is remembered, to go back to it if the answer is no.
     */
    record Prospective(
            int epoch,
            OptionalInt leader,
            Map<String, Endpoint> leaderEndpoints,
            LeaderHeard heard,
            Optional<ReplicaKey> votedFor,
            Ballot ballot,
            long deadlineMs)
            implements Role {
        Prospective count(int voterId, Ballot.Vote vote) {
            return new Prospective(
                    epoch, leader, leaderEndpoints, heard, votedFor, ballot.count(voterId, vote), deadlineMs);
        }

        /** Goes back to its leader as if it had never been heard: no refusal counts until it is. */
        Prospective waitingForSilence() {
            return new Prospective(epoch, leader, leaderEndpoints, LeaderHeard.NOT_YET, votedFor, ballot, deadlineMs);
        }

        Prospective votingFor(ReplicaKey candidate, Ballot next, long nextDeadlineMs) {
            return new Prospective(epoch, leader, leaderEndpoints, heard, Optional.of(candidate), next, nextDeadlineMs);
        }
    }

    /** Stands for election in an epoch that it began, and has voted for itself. */
    record Candidate(int epoch, ReplicaKey self, Ballot ballot, long deadlineMs) implements Role {
        @Override
        public OptionalInt leader() {
            return OptionalInt.empty();
        }

        @Override
        public Optional<ReplicaKey> votedFor() {
            return Optional.of(self);
        }

        Candidate count(int voterId, Ballot.Vote vote) {
            return new Candidate(epoch, self, ballot.count(voterId, vote), deadlineMs);
        }
    }

    /** Fetches from a leader. */
    record Follower(
            int epoch,
            int leaderId,
            Map<String, Endpoint> leaderEndpoints,
            Optional<ReplicaKey> votedFor,
            LeaderHeard heard,
            long deadlineMs)
            implements Role {
        @Override
        public OptionalInt leader() {
            return OptionalInt.of(leaderId);
        }

        /** The leader answered a fetch: it is alive, and need not be doubted until the next deadline. */
        Follower heardUntil(long nextDeadlineMs) {
            return new Follower(epoch, leaderId, leaderEndpoints, votedFor, LeaderHeard.BY_FETCH, nextDeadlineMs);
        }

        /** Nobody listens where the leader was heard: this node may stand from then on, if not earlier. */
        Follower goneAt(long nextDeadlineMs) {
            return new Follower(
                    epoch, leaderId, leaderEndpoints, votedFor, LeaderHeard.GONE, Math.min(deadlineMs, nextDeadlineMs));
        }

        /** The leader says that it resigns: this node may stand from then on, and help others to stand at once. */
        Follower doubtedAt(long nextDeadlineMs) {
            return new Follower(epoch, leaderId, leaderEndpoints, votedFor, LeaderHeard.NOT_YET, nextDeadlineMs);
        }
    }

    /** Whether a follower has seen that its leader really serves: if not, it helps others with pre-votes. */
    enum LeaderHeard {
        NOT_YET,
        BY_FETCH,
        /** It was heard, and now nobody listens where it did. */
        GONE
    }

    /** Leads. What it knows of the other replicas is in {@link Progress}. */
    record Leader(int epoch, int self, long epochStartOffset, Ballot ballot) implements Role {
        @Override
        public OptionalInt leader() {
            return OptionalInt.of(self);
        }

        @Override
        public Optional<ReplicaKey> votedFor() {
            return Optional.empty();
        }

        @Override
        public long deadlineMs() {
            return Long.MAX_VALUE;
        }
    }

    /** Led this epoch and does so no more; tells the voters until they know, and stands in no election of this epoch. */
    record Resigned(int epoch, int self, List<ReplicaKey> preferredSuccessors, List<Integer> notTold, long deadlineMs)
            implements Role {
        public Resigned {
            preferredSuccessors = List.copyOf(preferredSuccessors);
            notTold = List.copyOf(notTold);
        }

        /** Still named as the leader of this epoch, because nobody else ever leads it. */
        @Override
        public OptionalInt leader() {
            return OptionalInt.of(self);
        }

        @Override
        public Optional<ReplicaKey> votedFor() {
            return Optional.empty();
        }

        Resigned told(int voterId) {
            return new Resigned(
                    epoch,
                    self,
                    preferredSuccessors,
                    notTold.stream().filter(id -> id != voterId).toList(),
                    deadlineMs);
        }
    }
}
