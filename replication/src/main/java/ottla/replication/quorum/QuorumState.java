package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import ottla.base.Check;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Peer;
import ottla.replication.quorum.Role.LeaderHeard;

/**
 * What a replica is and knows, and the ways from one role to another. It is the only place that changes the role, so that what
 * belongs to a change (saving the election, ending a term, forgetting what was asked in the old role) is never left out.
 *
 * <p>Owned by the thread of its {@link Quorum}.
 */
final class QuorumState {
    final ReplicaKey self;
    final QuorumMembership membership;
    final Timeouts timeouts;
    final LogShape log;
    final VoterHistory voters;
    final Outbox outbox;

    private final RandomGenerator random;
    private final List<Effect> effects = new ArrayList<>();
    private Role role;
    private Optional<Term> term = Optional.empty();
    private Optional<VoterChanges> changes = Optional.empty();
    private Enrolment enrolment;
    private Optional<SnapshotFetch> snapshotFetch = Optional.empty();
    private long highWatermark = -1;
    private long leadersHighWatermark = -1;
    private Leadership reported = Leadership.NONE;
    private LogWork logWork = LogWork.REPORTED;
    private long nowMs;

    /** Whether the log is as the machine believes it to be, or the shell has still to report what it did. */
    private enum LogWork {
        REPORTED,
        AWAITED
    }

    /** A snapshot of the leader's that this replica is fetching, and how much of it is there. */
    record SnapshotFetch(SnapshotId id, long position) {}

    QuorumState(
            QuorumMembership membership,
            Timeouts timeouts,
            RandomGenerator random,
            Election saved,
            LogShape log,
            VoterHistory voters,
            long nowMs) {
        this.self = membership.self();
        this.membership = membership;
        this.timeouts = timeouts;
        this.random = random;
        this.log = log;
        this.voters = voters;
        this.outbox = new Outbox(timeouts);
        this.nowMs = nowMs;
        log.latestSnapshot().ifPresent(snapshot -> highWatermark = snapshot.endOffset());
        enrolment = new Enrolment(membership, timeouts, nowMs);
        role = resume(saved);
    }

    /** The role with which a process begins, after what the one before it has saved. */
    private Role resume(Election saved) {
        if (saved.epoch() < log.lastEpoch()) {
            // The log is ahead of what was saved, as after restoring it elsewhere: nothing is known of its newest
            // epoch.
            return new Role.Unattached(log.lastEpoch(), OptionalInt.empty(), Optional.empty(), standDeadlineMs());
        }
        if (saved.leaderId().isPresent() && saved.leaderId().getAsInt() == self.id()) {
            // Records of this epoch may have been lost before they were flushed, so this epoch cannot be led on.
            return new Role.Resigned(saved.epoch(), self.id(), List.of(), otherVoters(), electionDeadlineMs());
        }
        boolean stood = saved.votedFor().isPresent() && saved.votedFor().get().equals(self);
        // who lost the election of this epoch must not win it later, when the voters are others
        if (stood && saved.leaderId().isEmpty() && mayStand()) {
            return new Role.Candidate(saved.epoch(), self, openBallot(), electionDeadlineMs());
        }
        if (saved.leaderId().isPresent()) {
            Map<String, Endpoint> endpoints = votersEndpoints(saved.leaderId().getAsInt());
            if (!endpoints.isEmpty()) {
                return follower(saved.epoch(), saved.leaderId().getAsInt(), endpoints, saved.votedFor());
            }
        }
        return new Role.Unattached(saved.epoch(), saved.leaderId(), saved.votedFor(), standDeadlineMs());
    }

    Role role() {
        return role;
    }

    int epoch() {
        return role.epoch();
    }

    Optional<Term> term() {
        return term;
    }

    /** What a leader does to change the voters; there is one exactly when there is a {@link #term}. */
    Optional<VoterChanges> changes() {
        return changes;
    }

    Enrolment enrolment() {
        return enrolment;
    }

    Optional<SnapshotFetch> snapshotFetch() {
        return snapshotFetch;
    }

    long highWatermark() {
        return highWatermark;
    }

    /**
     * What a leader tells others of the high watermark: -1 until something of its own epoch is committed. Before that it may know less
     * than who asks, and a replica of Kafka's ends when the high watermark goes back.
     */
    long toldHighWatermark() {
        return role instanceof Role.Leader leader && highWatermark > leader.epochStartOffset() ? highWatermark : -1;
    }

    long nowMs() {
        return nowMs;
    }

    /** A clock that is set back stands still instead. */
    void now(long atMs) {
        nowMs = Math.max(nowMs, atMs);
    }

    void emit(Effect effect) {
        effects.add(effect);
    }

    List<Effect> takeEffects() {
        List<Effect> taken = List.copyOf(effects);
        effects.clear();
        return taken;
    }

    /** Sends, and gives back the number under which the answer comes. */
    long send(Peer peer, Outgoing message) {
        Effect.Send send = outbox.send(peer, message, nowMs);
        effects.add(send);
        return send.send();
    }

    void becomeUnattached(int epoch, OptionalInt leader) {
        Check.invariant(epoch >= role.epoch(), "an epoch is never left for an older one", epoch, role.epoch());
        long deadlineMs = keepsDeadline() ? role.deadlineMs() : electionDeadlineMs();
        change(new Role.Unattached(epoch, leader, voteIn(epoch), mayStand() ? deadlineMs : Long.MAX_VALUE));
        save();
    }

    /** Whoever waits for an election goes on waiting, lest a stream of new epochs from elsewhere keep it from ever standing. */
    private boolean keepsDeadline() {
        boolean waits = switch (role) {
            case Role.Candidate ignored -> true;
            case Role.Unattached ignored -> true;
            case Role.Resigned ignored -> true;
            case Role.Prospective prospective -> !prospective.ballot().lost();
            case Role.Follower ignored -> false;
            case Role.Leader ignored -> false;
        };
        return waits && role.deadlineMs() > nowMs;
    }

    void becomeProspective() {
        LeaderHeard heard = role instanceof Role.Follower follower ? follower.heard() : LeaderHeard.NOT_YET;
        change(new Role.Prospective(
                role.epoch(),
                role.leader(),
                leaderEndpoints(),
                heard,
                role.votedFor(),
                // who is gone need not be waited for
                heard == LeaderHeard.GONE
                        ? openBallot().count(role.leader().orElse(-1), Ballot.Vote.REJECTED)
                        : openBallot(),
                electionDeadlineMs()));
    }

    /** The others do not want an election: back to the leader, if it is known where that is. */
    void giveUpStanding(Role.Prospective prospective) {
        Map<String, Endpoint> endpoints = prospective.leaderEndpoints();
        if (prospective.leader().isEmpty() || endpoints.isEmpty()) {
            becomeUnattached(prospective.epoch(), prospective.leader());
            return;
        }
        becomeFollower(prospective.epoch(), prospective.leader().getAsInt(), endpoints);
        if (prospective.heard() == LeaderHeard.GONE && role instanceof Role.Follower follower) {
            refine(follower.goneAt(fetchDeadlineMs()));
        }
    }

    /**
     * A follower that is told so of its leader need not wait in silence: it stands, and helps others to stand, as if the leader had
     * resigned and named the voters in the order of their ids. The question before the election keeps that harmless: who still hears
     * from the leader says no. A leader that was never heard may only just begin to listen.
     */
    void nobodyListensAt(Endpoint endpoint) {
        if (role instanceof Role.Follower follower
                && follower.heard() != LeaderHeard.NOT_YET
                && address(follower.leaderEndpoints()).equals(Optional.of(endpoint))
                && isVoter()) {
            List<Integer> successors = voters.latest().ids().stream()
                    .filter(id -> id != follower.leaderId())
                    .toList();
            long delayMs = timeouts.successionDelayMs(successors.indexOf(self.id()), successors.size());
            refine(follower.goneAt(nowMs + delayMs));
        }
    }

    void becomeCandidate() {
        change(new Role.Candidate(role.epoch() + 1, self, openBallot(), electionDeadlineMs()));
        save();
    }

    void becomeFollower(int epoch, int leaderId, Map<String, Endpoint> endpoints) {
        Check.invariant(leaderId != self.id(), "nobody follows itself");
        change(follower(epoch, leaderId, endpoints, voteIn(epoch)));
        save();
    }

    private Role.Follower follower(
            int epoch, int leaderId, Map<String, Endpoint> endpoints, Optional<ReplicaKey> votedFor) {
        return new Role.Follower(epoch, leaderId, endpoints, votedFor, LeaderHeard.NOT_YET, fetchDeadlineMs());
    }

    void becomeLeader(Role.Candidate candidate) {
        Check.invariant(candidate.ballot().won(), "a leader has a majority");
        long startOffset = log.endOffset();
        Role.Leader leader = new Role.Leader(candidate.epoch(), self.id(), startOffset, candidate.ballot());
        change(leader);
        save();
        Progress progress = new Progress(self, startOffset);
        term = Optional.of(new Term(leadership(), log, progress, timeouts, effects::add, nowMs));
        changes = Optional.of(new VoterChanges(this, progress));
        emit(new Effect.BecomeLeader(leader.epoch(), startOffset));
        List<ControlRecord> controls = new ArrayList<>();
        controls.add(new ControlRecord.LeaderChange(
                self.id(), voters.latest().ids(), candidate.ballot().granting()));
        controls.addAll(votersToWrite());
        emit(new Effect.AppendControl(leader.epoch(), controls));
    }

    /**
     * Voters that stand only in this node's own bootstrap snapshot have to come into the log, from which the others learn them,
     * and so has this node's own entry if it now listens elsewhere (KIP-853).
     */
    private List<ControlRecord> votersToWrite() {
        Voter own = membership.asVoter();
        boolean unwritten = voters.latestOffset().orElse(0) == VoterHistory.BEFORE_THE_LOG;
        // One that is not there was removed, and does not come back by itself.
        boolean votes = voters.latest().contains(self);
        boolean outdated = votes && !voters.latest().find(self.id()).equals(Optional.of(own));
        return voters.kRaftVersion() > 0 && (unwritten || outdated)
                ? List.of(
                        new ControlRecord.KRaftVersion(voters.kRaftVersion()),
                        new ControlRecord.Voters(votes ? voters.latest().with(own) : voters.latest()))
                : List.of();
    }

    void resign() {
        List<ReplicaKey> successors = term.orElseThrow().progress().successors(voters.latest());
        change(new Role.Resigned(role.epoch(), self.id(), successors, otherVoters(), electionDeadlineMs()));
    }

    /** The vote goes to a candidate of this epoch, for good. */
    void voteFor(ReplicaKey candidate) {
        Check.invariant(role.votedFor().isEmpty(), "one vote in an epoch");
        Optional<ReplicaKey> vote = Optional.of(candidate);
        role = role instanceof Role.Prospective prospective
                ? prospective.votingFor(candidate, openBallot(), electionDeadlineMs())
                : new Role.Unattached(role.epoch(), role.leader(), vote, standDeadlineMs());
        save();
    }

    /** Something within the role has changed: a vote was counted, a leader was heard of. */
    void refine(Role same) {
        Check.invariant(same.getClass() == role.getClass() && same.epoch() == role.epoch(), "the role remains", 0, 0);
        role = same;
    }

    private void change(Role next) {
        Role before = role;
        role = next;
        outbox.forgetFlights();
        snapshotFetch = Optional.empty();
        if (before.epoch() != next.epoch()) {
            leadersHighWatermark = -1;
        }
        if (before instanceof Role.Leader) {
            emit(new Effect.LoseLeadership(before.epoch()));
            term.orElseThrow().end(leadership());
            term = Optional.empty();
            changes.orElseThrow().end();
            changes = Optional.empty();
        }
        if (next instanceof Role.Follower) {
            enrolment = new Enrolment(membership, timeouts, nowMs);
        }
    }

    /** An election that nobody outside has seen yet need not be written by itself: the next one replaces it. */
    private void save() {
        if (!effects.isEmpty() && effects.getLast() instanceof Effect.SaveElection) {
            effects.removeLast();
        }
        Election election = new Election(role.epoch(), role.leader(), role.votedFor());
        emit(new Effect.SaveElection(election, voters.kRaftVersion()));
    }

    /** Until the shell has reported it, the end of the log is not known, and nothing may be fetched behind it. */
    void awaitLog(Effect work) {
        logWork = LogWork.AWAITED;
        emit(work);
    }

    void logReported() {
        logWork = LogWork.REPORTED;
    }

    /** All of the log is reported and flushed: to fetch what follows it is to acknowledge it. */
    boolean isLogSettled() {
        return logWork == LogWork.REPORTED && log.flushedEndOffset() == log.endOffset();
    }

    void fetchSnapshot(Optional<SnapshotFetch> next) {
        snapshotFetch = next;
    }

    void leaderCommitted(long offset) {
        leadersHighWatermark = offset;
    }

    void advance() {
        if (term.isPresent()) {
            term.get()
                    .progress()
                    .majorityOffset(voters.latest(), log.flushedEndOffset())
                    .ifPresent(this::commit);
        } else {
            commit(Math.min(leadersHighWatermark, log.flushedEndOffset()));
        }
    }

    void commit(long offset) {
        if (offset > highWatermark) {
            highWatermark = offset;
            emit(new Effect.Commit(offset));
            changes.ifPresent(change -> change.committed(offset));
        }
    }

    Leadership leadership() {
        return new Leadership(role.epoch(), role.leader(), leaderEndpoints());
    }

    void reportLeader() {
        if (role.epoch() != reported.epoch() || !role.leader().equals(reported.leaderId())) {
            Leadership current = leadership();
            reported = current;
            emit(new Effect.LeaderKnown(current.epoch(), current.leaderId()));
        }
    }

    boolean isVoter() {
        return voters.latest().contains(self);
    }

    /**
     * Whether this replica may stand for election: a voter, or one whose removal is not known to be committed. The log of the removed
     * one may be the only one that has the removal, and then nobody else can be elected before it has passed it on (Raft's section
     * 4.2.2). It does not count its own vote.
     */
    boolean mayStand() {
        return isVoter()
                || (isRemovalOpen()
                        && voters.at(voters.latestOffset().orElse(0)).contains(self));
    }

    private boolean isRemovalOpen() {
        return voters.kRaftVersion() > 0
                && voters.latestOffset().isPresent()
                && voters.latestOffset().getAsLong() >= highWatermark;
    }

    boolean isOnlyVoter() {
        return voters.latest().isOnly(self);
    }

    Map<String, Endpoint> votersEndpoints(int id) {
        return voters.latest().find(id).map(Voter::endpoints).orElse(Map.of());
    }

    Optional<Peer> peer(Voter voter) {
        return address(voter.endpoints()).map(endpoint -> Peer.of(voter.id(), endpoint));
    }

    /** Where controllers talk to each other. */
    Optional<Endpoint> address(Map<String, Endpoint> endpoints) {
        return Optional.ofNullable(endpoints.get(membership.listener()));
    }

    Peer anyOf(List<Peer> peers) {
        return peers.get(random.nextInt(peers.size()));
    }

    long fetchDeadlineMs() {
        return nowMs + timeouts.fetchTimeoutMs();
    }

    private Map<String, Endpoint> leaderEndpoints() {
        if (role.leader().isEmpty()) {
            return Map.of();
        }
        Map<String, Endpoint> told = switch (role) {
            case Role.Follower follower -> follower.leaderEndpoints();
            case Role.Prospective prospective -> prospective.leaderEndpoints();
            case Role.Leader ignored -> membership.endpoints();
            case Role.Resigned ignored -> membership.endpoints();
            case Role.Unattached ignored -> Map.of();
            case Role.Candidate ignored -> Map.of();
        };
        return told.isEmpty() ? votersEndpoints(role.leader().getAsInt()) : told;
    }

    private Optional<ReplicaKey> voteIn(int epoch) {
        return epoch == role.epoch() ? role.votedFor() : Optional.empty();
    }

    private Ballot openBallot() {
        return Ballot.open(voters.latest(), self.id());
    }

    /** In the order of their ids: what is sent must not depend on a hash. */
    private List<Integer> otherVoters() {
        return voters.latest().ids().stream().filter(id -> id != self.id()).toList();
    }

    /** When to stand for election if nothing happens: an observer never does. */
    private long standDeadlineMs() {
        return mayStand() ? electionDeadlineMs() : Long.MAX_VALUE;
    }

    private long electionDeadlineMs() {
        return nowMs + timeouts.electionTimeoutMs() + random.nextInt(timeouts.electionTimeoutMs());
    }
}
