package ottla.replication.quorum;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import ottla.base.ErrorCode;

/**
 * Everything that can happen to a quorum. What others ask carries a {@code request}, a number of the shell's choosing that comes
 * back with the answer; what others answer carries the {@code send} of the {@link Effect.Send} that it belongs to.
 */
public sealed interface Input {
    /** Time has passed. */
    record Tick() implements Input {}

    /** A candidate, or with {@link Asking#BEFORE_STANDING} one who thinks of it, asks for this node's vote. */
    record VoteAsked(
            long request,
            ReplicaKey candidate,
            int epoch,
            LogEnd candidateLog,
            Asking asking,
            Optional<ReplicaKey> voter)
            implements Input {}

    /** Whether a vote is for an election or for the question whether to hold one (KIP-996). */
    enum Asking {
        FOR_ELECTION,
        BEFORE_STANDING
    }

    /** A node says that it leads. */
    record LeaderAnnounced(
            long request, int leaderId, int epoch, Map<String, Endpoint> endpoints, Optional<ReplicaKey> voter)
            implements Input {}

    /** A leader says that it leads no more, and who should stand first. */
    record LeaderResigned(
            long request,
            int leaderId,
            int epoch,
            Map<String, Endpoint> endpoints,
            List<ReplicaKey> preferredSuccessors)
            implements Input {}

    /** A replica asks for what follows the end of its log. It knows a high watermark, or one too high to be passed. */
    record FetchAsked(
            long request,
            ReplicaKey replica,
            int currentLeaderEpoch,
            int lastFetchedEpoch,
            long fetchOffset,
            long knownHighWatermark,
            long maxWaitMs)
            implements Input {}

    /** A replica asks for a part of a snapshot. */
    record SnapshotAsked(long request, ReplicaKey replica, int currentLeaderEpoch, SnapshotId snapshot)
            implements Input {}

    /** The leader shall let a replica vote from now on (KIP-853). */
    record VoterAddAsked(long request, ReplicaKey voter, Map<String, Endpoint> endpoints, Acknowledge acknowledge)
            implements Input {}

    /** When a new voter is confirmed to who asked for it. */
    enum Acknowledge {
        WHEN_APPENDED,
        WHEN_COMMITTED
    }

    /** The leader shall let a replica vote no more. */
    record VoterRemoveAsked(long request, ReplicaKey voter) implements Input {}

    /** A voter says where it listens now, and what it speaks. */
    record VoterUpdateAsked(long request, int currentLeaderEpoch, Voter voter) implements Input {}

    /** The controller wants the feature {@code kraft.version} at this level. */
    record KRaftVersionAsked(long request, int epoch, int version, Upgrade upgrade) implements Input {}

    /** Whether a change is to be made, or only whether it could be. */
    enum Upgrade {
        MAKE,
        VALIDATE
    }

    /** Another node's answer. Its {@code error} is that of the partition; one of the whole answer is {@link SendFailed}. */
    sealed interface Answer extends Input {
        long send();

        ErrorCode error();

        /** What the other node knows of the leader. */
        Leadership leadership();
    }

    record VoteAnswered(long send, ErrorCode error, Leadership leadership, Ballot.Vote vote) implements Answer {}

    record AnnouncementAnswered(long send, ErrorCode error, Leadership leadership) implements Answer {}

    record ResignationAnswered(long send, ErrorCode error, Leadership leadership) implements Answer {}

    /** The records themselves stay with the shell until {@link Effect.AppendFetched} or the next input. */
    record FetchAnswered(long send, ErrorCode error, Leadership leadership, Fetched fetched) implements Answer {}

    /** What a fetch brought. */
    sealed interface Fetched {
        record Records(int sizeBytes, long highWatermark) implements Fetched {}

        record Diverging(LogEnd end) implements Fetched {}

        record Snapshot(SnapshotId id) implements Fetched {}
    }

    /** The bytes stay with the shell until {@link Effect.WriteSnapshot} or the next input. */
    record SnapshotAnswered(
            long send,
            ErrorCode error,
            Leadership leadership,
            SnapshotId id,
            long position,
            int sizeBytes,
            long totalBytes)
            implements Answer {}

    record VoterUpdateAnswered(long send, ErrorCode error, Leadership leadership) implements Answer {}

    /** What the leader says of this node's wish to become a voter, or to remove the replica that this node was before. */
    record JoinAnswered(long send, ErrorCode error) implements Input {}

    /** Which levels of {@code kraft.version} a node supports; {@code 0} to {@code 0} if it does not name the feature. */
    record VersionsAnswered(long send, ErrorCode error, int minKRaftVersion, int maxKRaftVersion) implements Input {}

    /** No answer came, or one that says nothing about the quorum. */
    record SendFailed(long send) implements Input {}

    /** No answer came, since nobody listens there: who did has ended. */
    record SendRefused(long send) implements Input {}

    /** The shell appended records of this epoch, with these control records among them, by offset. */
    record Appended(int epoch, long endOffset, Map<Long, ControlRecord> controls) implements Input {
        public Appended {
            controls = Map.copyOf(controls);
        }
    }

    /**
     * Everything below this would survive a power cut, or is in the log of an observer, which nobody counts. Also the report of an
     * {@link Effect.AppendFetched} that brought nothing.
     */
    record Flushed(long endOffset) implements Input {}

    /** The controller wrote a snapshot of what is committed, or a fetched one is whole and checked. */
    record SnapshotCreated(SnapshotId id) implements Input {}

    /** A fetched snapshot has replaced the log; {@code controls} are the voters and the version that it holds. */
    record SnapshotInstalled(SnapshotId id, List<ControlRecord> controls) implements Input {
        public SnapshotInstalled {
            controls = List.copyOf(controls);
        }
    }

    /** Snapshots before {@code oldest} are deleted, and the log starts at {@code startOffset}. */
    record Cleaned(SnapshotId oldest, OptionalLong startOffset) implements Input {}

    /** This node shall not lead in {@code epoch} any more. */
    record ResignAsked(int epoch) implements Input {}

    /** This node is about to stop: a leader resigns so that the others need not wait for it. */
    record ShutdownAsked() implements Input {}
}
