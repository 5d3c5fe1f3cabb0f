package ottla.replication.quorum;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.base.ErrorCode;

/**
 * What the shell must do, in order. An effect may rely on the ones before it being durable: nobody is answered or asked before
 * the election that the words stand on is saved.
 */
public sealed interface Effect {
    /** Make durable what must not be forgotten: the file {@code quorum-state}. */
    record SaveElection(Election election, int kRaftVersion) implements Effect {}

    /** Send a request; what comes of it is an {@link Input} with the same {@code send}. */
    record Send(long send, Peer peer, Outgoing message) implements Effect {}

    /** Whom to send to: a replica with its id, or a bootstrap server whose id is not known. */
    record Peer(OptionalInt id, Endpoint endpoint) {
        static Peer of(int id, Endpoint endpoint) {
            return new Peer(OptionalInt.of(id), endpoint);
        }

        @Override
        public String toString() {
            return id.isPresent() ? id.getAsInt() + "@" + endpoint : endpoint.toString();
        }
    }

    /** What is sent. */
    sealed interface Outgoing {
        record Vote(int epoch, ReplicaKey voter, LogEnd log, Input.Asking asking) implements Outgoing {}

        record AnnounceLeader(int epoch, ReplicaKey voter) implements Outgoing {}

        record AnnounceResignation(int epoch, List<ReplicaKey> preferredSuccessors) implements Outgoing {
            public AnnounceResignation {
                preferredSuccessors = List.copyOf(preferredSuccessors);
            }
        }

        record Fetch(int epoch, LogEnd log, long highWatermark, int maxWaitMs) implements Outgoing {}

        record FetchSnapshot(int epoch, SnapshotId id, long position) implements Outgoing {}

        /** Which levels of {@code kraft.version} does the node support? */
        record AskVersions() implements Outgoing {}

        /** This voter as it is now, to the leader. */
        record UpdateVoter(int epoch, Voter self) implements Outgoing {}

        /** This replica wants to vote; confirmed when appended. */
        record AddVoter(Voter self, int timeoutMs) implements Outgoing {}

        /** The replica that this node was before it lost its disk votes no more. */
        record RemoveVoter(ReplicaKey voter) implements Outgoing {}
    }

    record AnswerVote(long request, ErrorCode error, Leadership leadership, Ballot.Vote vote) implements Effect {}

    /** The answer to {@link Input.LeaderAnnounced} and {@link Input.LeaderResigned}. */
    record AnswerAnnouncement(long request, ErrorCode error, Leadership leadership) implements Effect {}

    record AnswerFetch(long request, ErrorCode error, Leadership leadership, Reply reply) implements Effect {}

    /** What a fetch is answered with. */
    sealed interface Reply {
        /** Records from this offset on, as many as fit; none if there are none. */
        record Records(long fromOffset, long highWatermark) implements Reply {}

        record Diverging(LogEnd end) implements Reply {}

        record Snapshot(SnapshotId id) implements Reply {}

        /** Only the error says something. */
        record Nothing() implements Reply {}
    }

    record AnswerSnapshot(long request, ErrorCode error, Leadership leadership, SnapshotId id) implements Effect {}

    /** The answer to {@link Input.VoterAddAsked} and {@link Input.VoterRemoveAsked}. */
    record AnswerVoterChange(long request, ErrorCode error, Optional<String> message) implements Effect {}

    record AnswerVoterUpdate(long request, ErrorCode error, Leadership leadership) implements Effect {}

    record AnswerKRaftVersion(long request, ErrorCode error, Optional<String> message) implements Effect {}

    /** Append these as one control batch of this epoch, then report it as {@link Input.Appended} and flush. */
    record AppendControl(int epoch, List<ControlRecord> controls) implements Effect {
        public AppendControl {
            controls = List.copyOf(controls);
        }
    }

    /** Append the records that came with this answer, then report them as {@link Input.Appended} and flush. */
    record AppendFetched(long send) implements Effect {}

    /** Write the bytes that came with this answer into the unfinished snapshot. */
    record WriteSnapshot(long send, SnapshotId id, long position) implements Effect {}

    /** The unfinished snapshot is whole: check it, let it replace the log, and report {@link Input.SnapshotInstalled}. */
    record InstallSnapshot(SnapshotId id) implements Effect {}

    /** Cut the log: what is behind this offset was never committed. */
    record Truncate(long endOffset) implements Effect {}

    /** Everything below this is committed. It never goes back while the process lives. */
    record Commit(long highWatermark) implements Effect {}

    /** This node begins to lead; the leader change stands at {@code epochStartOffset}. */
    record BecomeLeader(int epoch, long epochStartOffset) implements Effect {}

    /** This node's leadership of this epoch is over: nothing more may be appended in it. */
    record LoseLeadership(int epoch) implements Effect {}

    /** Who leads, as far as this node knows, has changed. */
    record LeaderKnown(int epoch, OptionalInt leaderId) implements Effect {}
}
