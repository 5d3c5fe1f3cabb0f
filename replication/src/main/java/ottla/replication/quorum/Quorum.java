package ottla.replication.quorum;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Reply;
import ottla.replication.quorum.Input.Asking;
import ottla.replication.quorum.QuorumState.SnapshotFetch;
import ottla.replication.quorum.Role.LeaderHeard;

/**
 * One replica of the metadata log, as voter or observer: elects (KIP-595, with the question before it of KIP-996), replicates,
 * commits, and tells its shell what to do. See {@link Role} for the states.
 *
 * <p>Owned by one thread, its shell's. Every {@link #step} takes one input and gives back all that follows from it; the shell
 * carries the effects out in order before the next step, and steps with {@link Input.Tick} at {@link #nextDeadlineMs} at the
 * latest. Two replicas that saw the same inputs at the same times with the same random numbers are in the same state.
 */
public final class Quorum {
    private final QuorumState state;
    private final Duties duties;

    /** Begins where the process that ran before has left off: with what it saved of the last election, and its log. */
    public Quorum(
            QuorumMembership membership,
            Timeouts timeouts,
            RandomGenerator random,
            Election saved,
            LogFacts facts,
            VoterHistory voters,
            long nowMs) {
        state = new QuorumState(membership, timeouts, random, saved, new LogShape(facts), voters, nowMs);
        duties = new Duties(state);
    }

    /** Takes one input and returns what the shell must do, in order. */
    public List<Effect> step(long nowMs, Input input) {
        state.now(nowMs);
        switch (input) {
            case Input.Tick ignored -> {}
            case Input.VoteAsked ask -> voteAsked(ask);
            case Input.LeaderAnnounced ask -> leaderAnnounced(ask);
            case Input.LeaderResigned ask -> leaderResigned(ask);
            case Input.FetchAsked ask -> fetchAsked(ask);
            case Input.SnapshotAsked ask -> snapshotAsked(ask);
            case Input.VoterAddAsked ask -> voterAddAsked(ask);
            case Input.VoterRemoveAsked ask -> voterRemoveAsked(ask);
            case Input.VoterUpdateAsked ask -> voterUpdateAsked(ask);
            case Input.KRaftVersionAsked ask -> kRaftVersionAsked(ask);
            case Input.Answer answer -> answered(answer);
            case Input.JoinAnswered answer -> joinAnswered(answer);
            case Input.VersionsAnswered answer -> versionsAnswered(answer);
            case Input.SendFailed failed -> sendFailed(failed.send());
            case Input.SendRefused refused -> sendFailed(refused.send()).ifPresent(this::nobodyListens);
            case Input.Appended appended -> appended(appended);
            case Input.Flushed flushed -> {
                state.logReported();
                state.log.flushed(flushed.endOffset());
                state.advance();
            }
            case Input.SnapshotCreated created -> state.log.snapshotCreated(created.id());
            case Input.SnapshotInstalled installed -> snapshotInstalled(installed);
            case Input.Cleaned cleaned -> {
                state.log.cleaned(cleaned.oldest(), cleaned.startOffset());
                state.voters.startAt(cleaned.oldest().endOffset());
            }
            case Input.ResignAsked ask -> {
                if (state.role() instanceof Role.Leader && state.epoch() == ask.epoch()) {
                    state.resign();
                }
            }
            case Input.ShutdownAsked ignored -> duties.stop();
        }
        duties.perform();
        return state.takeEffects();
    }

    /** When something happens by itself, in the clock of the inputs. */
    public long nextDeadlineMs() {
        long deadlineMs = Math.min(duties.deadlineMs(), state.outbox.nextDeadlineMs());
        if (state.role() instanceof Role.Follower && state.isLogSettled()) {
            return Math.min(deadlineMs, state.enrolment().nextDeadlineMs(state.nowMs()));
        }
        long pendingMs = state.changes().map(VoterChanges::deadlineOfPendingMs).orElse(Long.MAX_VALUE);
        return state.term()
                .map(term -> Math.min(deadlineMs, term.nextDeadlineMs(state.voters.latest(), state.self)))
                .map(termMs -> Math.min(termMs, pendingMs))
                .orElse(deadlineMs);
    }

    public Role role() {
        return state.role();
    }

    /** Whether this replica's log counts when it is asked what is committed. */
    public boolean isVoter() {
        return state.isVoter();
    }

    /** The voters that this replica acts on; to be read between steps only. */
    public VoterHistory voters() {
        return state.voters;
    }

    public LogEnd logEnd() {
        return state.log.end();
    }

    /** Everything below this is known to be committed; -1 before anything is known. */
    public long highWatermark() {
        return state.highWatermark();
    }

    /** Who leads, as far as this node knows. */
    public Leadership leadership() {
        return state.leadership();
    }

    /** What a leader knows of the others; empty on every other node. */
    public Optional<QuorumStatus> status() {
        return state.term()
                .map(term -> QuorumStatus.of(
                        term.progress(),
                        state.self,
                        state.log,
                        state.voters.latest(),
                        state.toldHighWatermark(),
                        state.nowMs()));
    }

    private Optional<Outbox.Flight> sendFailed(long send) {
        Optional<Outbox.Flight> failed = state.outbox.failed(send, state.nowMs());
        state.changes().ifPresent(changes -> changes.failed(send));
        return failed;
    }

    private void voteAsked(Input.VoteAsked ask) {
        ErrorCode refusal = refuseOlder(ask.epoch());
        if (refusal == ErrorCode.NONE && ask.epoch() > state.epoch()) {
            state.becomeUnattached(ask.epoch(), OptionalInt.empty());
        }
        if (refusal == ErrorCode.NONE) {
            refusal = refuseOtherVoter(ask.voter());
        }
        Ballot.Vote vote = Ballot.Vote.REJECTED;
        if (refusal == ErrorCode.NONE && grants(ask)) {
            vote = Ballot.Vote.GRANTED;
            if (ask.asking() == Asking.FOR_ELECTION && state.role().votedFor().isEmpty()) {
                state.voteFor(ask.candidate());
            }
        }
        state.emit(new Effect.AnswerVote(ask.request(), refusal, leadership(), vote));
    }

    private boolean grants(Input.VoteAsked ask) {
        boolean upToDate = ask.candidateLog().compareTo(state.log.end()) >= 0;
        boolean before = ask.asking() == Asking.BEFORE_STANDING;
        Role role = state.role();
        return switch (role) {
            case Role.Leader ignored -> false;
            case Role.Follower follower -> before && upToDate && follower.heard() != LeaderHeard.BY_FETCH;
            case Role.Candidate ignored -> before && upToDate;
            case Role.Resigned ignored -> before && upToDate;
            case Role.Unattached ignored -> before ? upToDate : votes(role, ask.candidate(), upToDate);
            case Role.Prospective ignored -> before ? upToDate : votes(role, ask.candidate(), upToDate);
        };
    }

    /** A vote stands until the epoch has a leader: if that is another one, the vote was given in vain and counts for nobody any more. */
    private static boolean votes(Role role, ReplicaKey candidate, boolean upToDate) {
        if (role.leader().isPresent() && role.leader().getAsInt() != candidate.id()) {
            return false;
        }
        return role.votedFor()
                .map(chosen -> chosen.covers(candidate))
                .orElse(role.leader().isEmpty() && upToDate);
    }

    private void leaderAnnounced(Input.LeaderAnnounced ask) {
        ErrorCode refusal = refuseOlder(ask.epoch());
        if (refusal == ErrorCode.NONE && !learn(ask.epoch(), OptionalInt.of(ask.leaderId()), ask.endpoints())) {
            refusal = ErrorCode.INVALID_REQUEST;
        }
        if (refusal == ErrorCode.NONE) {
            refusal = refuseOtherVoter(ask.voter());
        }
        state.emit(new Effect.AnswerAnnouncement(ask.request(), refusal, leadership()));
    }

    private void leaderResigned(Input.LeaderResigned ask) {
        ErrorCode refusal = refuseOlder(ask.epoch());
        if (refusal == ErrorCode.NONE && !learn(ask.epoch(), OptionalInt.of(ask.leaderId()), ask.endpoints())) {
            refusal = ErrorCode.INVALID_REQUEST;
        }
        if (refusal == ErrorCode.NONE && state.role() instanceof Role.Follower follower && state.isVoter()) {
            state.refine(follower.doubtedAt(state.nowMs() + successionDelayMs(ask.preferredSuccessors())));
        }
        state.emit(new Effect.AnswerAnnouncement(ask.request(), refusal, leadership()));
    }

    private long successionDelayMs(List<ReplicaKey> successors) {
        for (int index = 0; index < successors.size(); index++) {
            if (successors.get(index).covers(state.self)) {
                return state.timeouts.successionDelayMs(index, successors.size());
            }
        }
        return 0;
    }

    private void fetchAsked(Input.FetchAsked ask) {
        ErrorCode refusal = refuseUnlessLeading(ask.currentLeaderEpoch());
        if (refusal == ErrorCode.NONE) {
            state.term().orElseThrow().fetch(ask, state.nowMs());
            state.advance();
        } else {
            state.emit(new Effect.AnswerFetch(ask.request(), refusal, leadership(), new Reply.Nothing()));
        }
    }

    private void snapshotAsked(Input.SnapshotAsked ask) {
        ErrorCode refusal = refuseUnlessLeading(ask.currentLeaderEpoch());
        if (refusal == ErrorCode.NONE && !state.log.hasSnapshot(ask.snapshot())) {
            refusal = ErrorCode.SNAPSHOT_NOT_FOUND;
        }
        if (refusal == ErrorCode.NONE) {
            state.term().orElseThrow().progress().alive(ask.replica(), state.nowMs());
        }
        state.emit(new Effect.AnswerSnapshot(ask.request(), refusal, leadership(), ask.snapshot()));
    }

    private void voterAddAsked(Input.VoterAddAsked ask) {
        state.changes().ifPresentOrElse(changes -> changes.add(ask), () -> refuseChange(ask.request()));
    }

    private void voterRemoveAsked(Input.VoterRemoveAsked ask) {
        state.changes().ifPresentOrElse(changes -> changes.remove(ask), () -> refuseChange(ask.request()));
    }

    private void refuseChange(long request) {
        state.emit(new Effect.AnswerVoterChange(request, ErrorCode.NOT_LEADER_OR_FOLLOWER, Optional.empty()));
    }

    private void voterUpdateAsked(Input.VoterUpdateAsked ask) {
        ErrorCode refusal = refuseUnlessLeading(ask.currentLeaderEpoch());
        if (refusal == ErrorCode.NONE) {
            state.changes().orElseThrow().update(ask);
        } else {
            state.emit(new Effect.AnswerVoterUpdate(ask.request(), refusal, leadership()));
        }
    }

    private void kRaftVersionAsked(Input.KRaftVersionAsked ask) {
        if (state.role() instanceof Role.Leader && state.epoch() == ask.epoch()) {
            state.changes().orElseThrow().upgrade(ask);
        } else {
            state.emit(new Effect.AnswerKRaftVersion(
                    ask.request(),
                    ErrorCode.NOT_CONTROLLER,
                    Optional.of("Upgrade kraft version failed because the replica is not the current leader")));
        }
    }

    private ErrorCode refuseOlder(int epoch) {
        return epoch < state.epoch() ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.NONE;
    }

    private ErrorCode refuseOtherVoter(Optional<ReplicaKey> meant) {
        return meant.isEmpty() || meant.get().covers(state.self) ? ErrorCode.NONE : ErrorCode.INVALID_VOTER_KEY;
    }

    private ErrorCode refuseUnlessLeading(int epoch) {
        if (epoch != state.epoch()) {
            return epoch < state.epoch() ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH;
        }
        return state.role() instanceof Role.Leader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
    }

    private void answered(Input.Answer answer) {
        Optional<Outbox.Flight> landed = state.outbox.landed(answer.send());
        if (landed.isEmpty()) {
            return;
        }
        Outbox.Flight flight = landed.get();
        Leadership theirs = answer.leadership();
        if (answer instanceof Input.VoteAnswered && answer.error() == ErrorCode.UNSUPPORTED_VERSION) {
            state.outbox.pause(flight.peer(), state.nowMs());
            if (state.role() instanceof Role.Prospective prospective) {
                voterBeforePreVotes(prospective);
            }
            return;
        }
        if (answer instanceof Input.VoterUpdateAnswered && answer.error() == ErrorCode.UNSUPPORTED_VERSION) {
            // A leader from before KIP-853 cannot be told, and will never ask.
            voterUpdated();
            return;
        }
        if (answer.error() == ErrorCode.UNKNOWN_LEADER_EPOCH || theirs.epoch() < state.epoch()) {
            state.outbox.pause(flight.peer(), state.nowMs());
            return;
        }
        boolean newer = theirs.epoch() > state.epoch();
        learn(theirs.epoch(), theirs.leaderId(), theirs.endpoints());
        if (newer) {
            return;
        }
        if (answer.error() != ErrorCode.NONE) {
            state.outbox.pause(flight.peer(), state.nowMs());
            if (answer instanceof Input.SnapshotAnswered) {
                state.fetchSnapshot(Optional.empty());
            }
            return;
        }
        switch (answer) {
            case Input.VoteAnswered vote -> voteAnswered(vote, flight);
            case Input.AnnouncementAnswered ignored -> {}
            case Input.ResignationAnswered ignored -> resignationTold(flight);
            case Input.FetchAnswered fetched -> fetchAnswered(fetched);
            case Input.VoterUpdateAnswered ignored -> voterUpdated();
            case Input.SnapshotAnswered part -> snapshotAnswered(part);
        }
    }

    /**
     * A voter from before KIP-996 cannot be asked beforehand, and must not be able to prevent elections. But one that is held only
     * because a connection was refused could disturb a leader that the others hear: then it is silence that decides.
     */
    private void voterBeforePreVotes(Role.Prospective prospective) {
        if (prospective.heard() == LeaderHeard.GONE) {
            state.giveUpStanding(prospective.waitingForSilence());
        } else {
            state.becomeCandidate();
        }
    }

    private void nobodyListens(Outbox.Flight flight) {
        state.nobodyListensAt(flight.peer().endpoint());
        if (flight.message() instanceof Outgoing.AnnounceResignation) {
            // who begins anew finds out by itself
            resignationTold(flight);
        }
    }

    private void resignationTold(Outbox.Flight flight) {
        if (state.role() instanceof Role.Resigned resigned) {
            state.refine(resigned.told(flight.peer().id().orElse(-1)));
        }
    }

    private void voteAnswered(Input.VoteAnswered answer, Outbox.Flight flight) {
        if (!(flight.message() instanceof Outgoing.Vote asked)) {
            return;
        }
        int voterId = flight.peer().id().orElse(-1);
        if (state.role() instanceof Role.Prospective prospective && asked.asking() == Asking.BEFORE_STANDING) {
            state.refine(prospective.count(voterId, answer.vote()));
        } else if (state.role() instanceof Role.Candidate candidate && asked.asking() == Asking.FOR_ELECTION) {
            state.refine(candidate.count(voterId, answer.vote()));
        }
    }

    private void voterUpdated() {
        if (state.role() instanceof Role.Follower follower) {
            state.enrolment().told();
            state.refine(follower.heardUntil(state.fetchDeadlineMs()));
        }
    }

    private void joinAnswered(Input.JoinAnswered answer) {
        Optional<Outbox.Flight> landed = state.outbox.landed(answer.send());
        if (landed.isEmpty()) {
            return;
        }
        boolean expected = switch (answer.error()) {
            case NONE, REQUEST_TIMED_OUT -> true;
            case DUPLICATE_VOTER -> landed.get().message() instanceof Outgoing.AddVoter;
            case VOTER_NOT_FOUND -> landed.get().message() instanceof Outgoing.RemoveVoter;
            default -> false;
        };
        if (expected) {
            state.enrolment().asked(state.nowMs());
        } else {
            state.outbox.pause(landed.get().peer(), state.nowMs());
        }
    }

    private void versionsAnswered(Input.VersionsAnswered answer) {
        state.outbox.landed(answer.send()).ifPresent(flight -> {
            if (answer.error() != ErrorCode.NONE) {
                state.outbox.pause(flight.peer(), state.nowMs());
            }
            state.changes().ifPresent(changes -> changes.versions(answer));
        });
    }

    private void fetchAnswered(Input.FetchAnswered answer) {
        if (!(state.role() instanceof Role.Follower follower)) {
            return;
        }
        state.refine(follower.heardUntil(state.fetchDeadlineMs()));
        switch (answer.fetched()) {
            case Input.Fetched.Records records -> {
                state.leaderCommitted(records.highWatermark());
                if (records.sizeBytes() > 0) {
                    state.awaitLog(new Effect.AppendFetched(answer.send()));
                } else {
                    state.advance();
                }
            }
            case Input.Fetched.Diverging diverging -> {
                long endOffset = state.log.truncationPoint(diverging.end());
                long committed = state.highWatermark();
                Check.invariant(endOffset >= committed, "what is committed is not cut off", endOffset, committed);
                state.log.truncateTo(endOffset);
                state.voters.truncateTo(endOffset);
                state.emit(new Effect.Truncate(endOffset));
            }
            case Input.Fetched.Snapshot snapshot ->
                state.fetchSnapshot(Optional.of(new SnapshotFetch(snapshot.id(), 0)));
        }
    }

    private void snapshotAnswered(Input.SnapshotAnswered answer) {
        Optional<SnapshotFetch> wanted = state.snapshotFetch();
        if (wanted.isEmpty() || !(state.role() instanceof Role.Follower follower)) {
            return;
        }
        SnapshotFetch fetch = wanted.get();
        state.refine(follower.heardUntil(state.fetchDeadlineMs()));
        if (!fetch.id().equals(answer.id()) || fetch.position() != answer.position()) {
            state.fetchSnapshot(Optional.empty());
            return;
        }
        state.emit(new Effect.WriteSnapshot(answer.send(), fetch.id(), fetch.position()));
        long position = fetch.position() + answer.sizeBytes();
        if (position < answer.totalBytes()) {
            state.fetchSnapshot(Optional.of(new SnapshotFetch(fetch.id(), position)));
        } else {
            state.fetchSnapshot(Optional.empty());
            state.awaitLog(new Effect.InstallSnapshot(fetch.id()));
        }
    }

    /** Takes in what another node says about the leader; false if it contradicts what is known of this epoch. */
    private boolean learn(int epoch, OptionalInt leader, Map<String, Endpoint> told) {
        if (epoch < state.epoch()) {
            return true;
        }
        if (leader.isPresent() && leader.getAsInt() == state.self.id()) {
            // An epoch that this node led before it forgot it. It must not be led again.
            if (epoch > state.epoch()) {
                state.becomeUnattached(epoch, OptionalInt.empty());
            }
            return true;
        }
        boolean newer = epoch > state.epoch();
        OptionalInt known = newer ? OptionalInt.empty() : state.role().leader();
        if (leader.isPresent() && known.isPresent() && known.getAsInt() != leader.getAsInt()) {
            return false;
        }
        Map<String, Endpoint> endpoints =
                leader.isPresent() && told.isEmpty() ? state.votersEndpoints(leader.getAsInt()) : told;
        if (leader.isPresent() && !endpoints.isEmpty()) {
            if (known.isEmpty() || knowsMoreThanRole(endpoints)) {
                state.becomeFollower(epoch, leader.getAsInt(), endpoints);
            }
        } else if (newer) {
            state.becomeUnattached(epoch, leader);
        }
        return true;
    }

    private boolean knowsMoreThanRole(Map<String, Endpoint> endpoints) {
        return state.role() instanceof Role.Unattached
                || (state.role() instanceof Role.Follower follower
                        && follower.leaderEndpoints().size() < endpoints.size());
    }

    private void appended(Input.Appended appended) {
        state.logReported();
        state.log.appended(appended.epoch(), appended.endOffset());
        appended.controls().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(control -> state.voters.record(control.getValue(), control.getKey()));
        state.changes().ifPresent(changes -> changes.appended(appended.controls()));
    }

    private void snapshotInstalled(Input.SnapshotInstalled installed) {
        SnapshotId id = installed.id();
        state.logReported();
        state.log.replaceBy(id);
        state.voters.clear();
        installed.controls().forEach(control -> state.voters.record(control, id.endOffset() - 1));
        state.commit(id.endOffset());
    }
}
