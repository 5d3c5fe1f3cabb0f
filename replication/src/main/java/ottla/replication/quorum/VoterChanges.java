package ottla.replication.quorum;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import ottla.base.ErrorCode;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Peer;
import ottla.replication.quorum.Input.Acknowledge;

/**
 * What a leader does to change the voters (KIP-853). One change at a time, and only when the one before it is committed, in whatever
 * epoch that was: two sets of voters that differ by one replica have a voter of every majority in common, which is what makes it safe
 * that each set is acted on as soon as it stands in the log.
 *
 * <p>Lives as long as one term; owned by the thread of its {@link Quorum}.
 */
final class VoterChanges {
    /** A replica that has not fetched for an hour is not worth a voter's place, whatever it had then. */
    private static final long FETCHED_WITHIN_MS = 3_600_000;

    private static final String FEATURE = "kraft.version";
    private static final String TIMED_OUT = "The request timed out.";
    private static final String NOT_LEADER =
            "For requests intended only for the leader, this error indicates that the broker is not the current leader."
                    + " For requests intended for any replica, this error indicates that the broker is not a replica"
                    + " of the topic partition.";

    private final QuorumState state;
    private final Progress progress;
    private Optional<Pending> pending = Optional.empty();
    private boolean unwritten;

    /** The voters of {@code kraft.version} 0 with all that they have said of themselves; they would be the first in the log. */
    private Optional<VoterSet> described;

    VoterChanges(QuorumState state, Progress progress) {
        this.state = state;
        this.progress = progress;
        this.described = state.voters.kRaftVersion() > 0
                ? Optional.empty()
                : Optional.of(state.voters.latest().with(state.membership.asVoter()));
    }

    /** A change that was begun and is not committed. */
    private sealed interface Pending {
        long request();

        long deadlineMs();

        /** The new voter is asked whether it understands what voters have to understand. */
        record Versions(
                long request,
                ReplicaKey voter,
                Map<String, Endpoint> endpoints,
                Acknowledge acknowledge,
                long send,
                long deadlineMs)
                implements Pending {}

        /** The voters are in the log, or on the way to it as long as their offset is not known. */
        record Commit(long request, Acknowledge acknowledge, OptionalLong offset, long deadlineMs) implements Pending {}
    }

    private record Refusal(ErrorCode error, String message) {}

    void add(Input.VoterAddAsked ask) {
        Optional<Endpoint> address = state.address(ask.endpoints());
        if (ask.voter().id() < 0 || ask.voter().directoryId().isZero()) {
            refuse(ask.request(), ErrorCode.INVALID_REQUEST, "Add voter request didn't include a valid voter");
            return;
        }
        if (address.isEmpty()) {
            refuse(
                    ask.request(),
                    ErrorCode.INVALID_REQUEST,
                    "Add voter request didn't include the endpoint (%s) for the default listener %s"
                            .formatted(VoterText.of(ask.endpoints()), VoterText.listener(state.membership.listener())));
            return;
        }
        Optional<Refusal> refusal = refusal("adding");
        if (refusal.isEmpty() && state.voters.latest().find(ask.voter().id()).isPresent()) {
            refusal = Optional.of(new Refusal(
                    ErrorCode.DUPLICATE_VOTER,
                    "The voter id for %s is already part of the set of voters %s."
                            .formatted(VoterText.of(ask.voter()), VoterText.of(state.voters.latest()))));
        }
        Peer peer = Peer.of(ask.voter().id(), address.get());
        if (refusal.isEmpty() && !state.outbox.ready(peer, state.nowMs())) {
            refusal = Optional.of(new Refusal(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "New voter %s is not ready to receive requests".formatted(VoterText.of(ask.voter()))));
        }
        if (refusal.isPresent()) {
            refuse(ask.request(), refusal.get().error(), refusal.get().message());
            return;
        }
        long send = state.send(peer, new Outgoing.AskVersions());
        pending = Optional.of(new Pending.Versions(
                ask.request(), ask.voter(), ask.endpoints(), ask.acknowledge(), send, deadlineMs()));
    }

    void remove(Input.VoterRemoveAsked ask) {
        if (ask.voter().id() < 0 || ask.voter().directoryId().isZero()) {
            refuse(ask.request(), ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter");
            return;
        }
        Optional<Refusal> refusal = refusal("removing");
        VoterSet voters = state.voters.latest();
        boolean removable = voters.size() > 1
                && voters.find(ask.voter().id())
                        .filter(voter -> voter.key().equals(ask.voter()))
                        .isPresent();
        if (refusal.isEmpty() && !removable) {
            refusal = Optional.of(new Refusal(
                    ErrorCode.VOTER_NOT_FOUND,
                    "Cannot remove voter %s from the set of voters %s"
                            .formatted(VoterText.of(ask.voter()), VoterText.of(voters))));
        }
        if (refusal.isPresent()) {
            refuse(ask.request(), refusal.get().error(), refusal.get().message());
            return;
        }
        append(List.of(new ControlRecord.Voters(voters.without(ask.voter().id()))));
        pending = Optional.of(
                new Pending.Commit(ask.request(), Acknowledge.WHEN_COMMITTED, OptionalLong.empty(), deadlineMs()));
    }

    void update(Input.VoterUpdateAsked ask) {
        ErrorCode error = updated(ask.voter());
        if (error == ErrorCode.NONE) {
            progress.alive(ask.voter().key(), state.nowMs());
        }
        state.emit(new Effect.AnswerVoterUpdate(ask.request(), error, state.leadership()));
    }

    /** Takes in a voter's description of itself, or says why not. */
    private ErrorCode updated(Voter voter) {
        boolean possible = voter.id() >= 0
                && !voter.key().directoryId().isZero()
                && state.address(voter.endpoints()).isPresent()
                && voter.minKRaftVersion() >= 0
                && voter.maxKRaftVersion() >= voter.minKRaftVersion();
        if (!possible) {
            return ErrorCode.INVALID_REQUEST;
        }
        expire();
        int kRaftVersion = state.voters.kRaftVersion();
        boolean inTheLog = kRaftVersion > 0;
        if (pending.isPresent() || !isEstablished() || (inTheLog ? isChanging() : described.isEmpty())) {
            return ErrorCode.REQUEST_TIMED_OUT;
        }
        if (!voter.supports(kRaftVersion)) {
            return ErrorCode.INVALID_REQUEST;
        }
        VoterSet voters = inTheLog ? state.voters.latest() : described.orElseThrow();
        Optional<Voter> known = voters.find(voter.id());
        if (known.isEmpty() || (inTheLog && !known.get().key().covers(voter.key()))) {
            return ErrorCode.VOTER_NOT_FOUND;
        }
        if (inTheLog) {
            append(List.of(new ControlRecord.Voters(voters.with(voter))));
        } else {
            described = Optional.of(voters.with(voter));
        }
        return ErrorCode.NONE;
    }

    /** Puts the voters into the log, as soon as each has said that it understands that. */
    void upgrade(Input.KRaftVersionAsked ask) {
        Optional<Refusal> refusal = upgraded(ask);
        state.emit(new Effect.AnswerKRaftVersion(
                ask.request(), refusal.map(Refusal::error).orElse(ErrorCode.NONE), refusal.map(Refusal::message)));
    }

    private Optional<Refusal> upgraded(Input.KRaftVersionAsked ask) {
        int present = state.voters.kRaftVersion();
        if (ask.version() == present || (described.isEmpty() && present == 0)) {
            return Optional.empty();
        }
        String name = "KRAFT_VERSION_" + ask.version();
        if (ask.version() < present) {
            return Optional.of(new Refusal(
                    ErrorCode.INVALID_UPDATE_VERSION,
                    "Invalid upgrade of %s from version KRAFT_VERSION_%d to %s because the new version is a downgrade"
                            .formatted(FEATURE, present, name)));
        }
        VoterSet voters = described.orElseThrow();
        if (voters.voters().stream().anyMatch(voter -> !voter.supports(ask.version()))) {
            return Optional.of(new Refusal(
                    ErrorCode.INVALID_UPDATE_VERSION,
                    "Invalid upgrade of %s to %s because not all of the voters support it".formatted(FEATURE, name)));
        }
        if (ask.upgrade() == Input.Upgrade.MAKE) {
            described = Optional.empty();
            append(List.of(new ControlRecord.KRaftVersion(ask.version()), new ControlRecord.Voters(voters)));
        }
        return Optional.empty();
    }

    /** The new voter said what it understands. */
    void versions(Input.VersionsAnswered answer) {
        if (!(pending.orElse(null) instanceof Pending.Versions add) || add.send() != answer.send()) {
            return;
        }
        Voter voter = new Voter(add.voter(), add.endpoints(), answer.minKRaftVersion(), answer.maxKRaftVersion());
        int kRaftVersion = state.voters.kRaftVersion();
        if (answer.error() != ErrorCode.NONE) {
            end(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "Aborted add voter operation for since API_VERSIONS returned an error " + answer.error());
        } else if (!voter.supports(kRaftVersion)) {
            end(
                    ErrorCode.INVALID_REQUEST,
                    "Aborted add voter operation for %s since the %s range %s doesn't support the finalized version %d"
                            .formatted(VoterText.of(add.voter()), FEATURE, VoterText.versions(voter), kRaftVersion));
        } else if (!progress.isCaughtUp(add.voter(), state.nowMs() - FETCHED_WITHIN_MS)) {
            end(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "Aborted add voter operation for %s since it is lagging behind"
                            .formatted(VoterText.of(add.voter())));
        } else {
            append(List.of(new ControlRecord.Voters(state.voters.latest().with(voter))));
            pending = Optional.of(
                    new Pending.Commit(add.request(), add.acknowledge(), OptionalLong.empty(), add.deadlineMs()));
            if (add.acknowledge() == Acknowledge.WHEN_APPENDED) {
                state.emit(new Effect.AnswerVoterChange(add.request(), ErrorCode.NONE, Optional.empty()));
            }
        }
    }

    /** What was sent to a new voter brought no answer. */
    void failed(long send) {
        versions(new Input.VersionsAnswered(send, ErrorCode.BROKER_NOT_AVAILABLE, 0, 0));
    }

    /** Control records of this term stand in the log now. */
    void appended(Map<Long, ControlRecord> controls) {
        for (Map.Entry<Long, ControlRecord> control : controls.entrySet()) {
            if (control.getValue() instanceof ControlRecord.Voters) {
                unwritten = false;
                if (pending.orElse(null) instanceof Pending.Commit change
                        && change.offset().isEmpty()) {
                    pending = Optional.of(new Pending.Commit(
                            change.request(),
                            change.acknowledge(),
                            OptionalLong.of(control.getKey()),
                            change.deadlineMs()));
                }
            }
        }
    }

    /** Everything below {@code highWatermark} is committed. */
    void committed(long highWatermark) {
        boolean done = pending.orElse(null) instanceof Pending.Commit change
                && change.offset().isPresent()
                && change.offset().getAsLong() < highWatermark;
        if (done) {
            end(ErrorCode.NONE, "");
        }
    }

    /** Whether this node leads a quorum in which it no longer votes: then another one has to lead. */
    boolean isLeaderRemoved() {
        return !state.isVoter() && !isChanging();
    }

    /** Gives up on what has taken too long. What is in the log already may still be committed. */
    void expire() {
        if (deadlineOfPendingMs() <= state.nowMs()) {
            end(ErrorCode.REQUEST_TIMED_OUT, TIMED_OUT);
        }
    }

    long deadlineOfPendingMs() {
        return pending.map(Pending::deadlineMs).orElse(Long.MAX_VALUE);
    }

    /** The term is over. */
    void end() {
        end(ErrorCode.NOT_LEADER_OR_FOLLOWER, NOT_LEADER);
    }

    private void end(ErrorCode error, String message) {
        pending.ifPresent(change -> {
            boolean answered =
                    change instanceof Pending.Commit commit && commit.acknowledge() == Acknowledge.WHEN_APPENDED;
            if (!answered) {
                state.emit(new Effect.AnswerVoterChange(
                        change.request(), error, error == ErrorCode.NONE ? Optional.empty() : Optional.of(message)));
            }
        });
        pending = Optional.empty();
    }

    /** Why no voter can be added or removed now. */
    private Optional<Refusal> refusal(String what) {
        expire();
        if (pending.isPresent()) {
            return Optional.of(new Refusal(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "Request timed out waiting for leader to handle previous voter change request"));
        }
        if (!isEstablished()) {
            return Optional.of(new Refusal(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "Request timed out waiting for leader to establish HWM and fence previous voter changes"));
        }
        if (state.voters.kRaftVersion() == 0) {
            return Optional.of(new Refusal(
                    ErrorCode.UNSUPPORTED_VERSION,
                    "Cluster doesn't support %s voter because the %s feature is 0".formatted(what, FEATURE)));
        }
        if (isChanging()) {
            return Optional.of(new Refusal(
                    ErrorCode.REQUEST_TIMED_OUT,
                    "Request timed out waiting for voters to commit the latest voter change at %s with HWM %d"
                            .formatted(VoterText.of(state.voters.latestOffset()), state.highWatermark())));
        }
        return Optional.empty();
    }

    /** Whether something of this term is committed, and with it all that leaders before have left in this log. */
    private boolean isEstablished() {
        return state.toldHighWatermark() >= 0;
    }

    private boolean isChanging() {
        return unwritten
                || state.voters.latestOffset().isEmpty()
                || state.voters.latestOffset().getAsLong() >= state.highWatermark();
    }

    private void append(List<ControlRecord> controls) {
        unwritten = true;
        state.emit(new Effect.AppendControl(state.epoch(), controls));
    }

    private void refuse(long request, ErrorCode error, String message) {
        state.emit(new Effect.AnswerVoterChange(request, error, Optional.of(message)));
    }

    private long deadlineMs() {
        return state.nowMs() + state.timeouts.requestTimeoutMs();
    }
}
