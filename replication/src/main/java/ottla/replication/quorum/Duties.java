package ottla.replication.quorum;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Peer;
import ottla.replication.quorum.Input.Asking;

/** What each role does by itself, when its time has come. Owned by the thread of its {@link Quorum}. */
final class Duties {
    private final QuorumState state;
    private Phase phase = Phase.RUNNING;

    private enum Phase {
        RUNNING,
        STOPPING
    }

    Duties(QuorumState state) {
        this.state = state;
    }

    /** From now on the replica stands in no election, and a leader resigns. */
    void stop() {
        phase = Phase.STOPPING;
        if (state.role() instanceof Role.Leader) {
            state.resign();
        }
    }

    /** When the role ends by itself; one that is about to stop has no more plans. */
    long deadlineMs() {
        return phase == Phase.RUNNING ? state.role().deadlineMs() : Long.MAX_VALUE;
    }

    /** Lets everything happen that is due, until nothing is. */
    void perform() {
        state.outbox.expire(state.nowMs());
        Role before;
        do {
            before = state.role();
            switch (before) {
                case Role.Unattached unattached -> asUnattached(unattached);
                case Role.Resigned resigned -> asResigned(resigned);
                case Role.Prospective prospective -> asProspective(prospective);
                case Role.Candidate candidate -> asCandidate(candidate);
                case Role.Follower follower -> asFollower(follower);
                case Role.Leader leader -> asLeader(leader);
            }
        } while (!before.equals(state.role()));
        state.reportLeader();
    }

    private void asUnattached(Role.Unattached unattached) {
        boolean stands = unattached.deadlineMs() <= state.nowMs() || state.isOnlyVoter();
        if (stands && state.mayStand() && phase == Phase.RUNNING) {
            state.becomeProspective();
        } else {
            fetchFromAnyBootstrap();
        }
    }

    private void asResigned(Role.Resigned resigned) {
        if (phase == Phase.RUNNING && state.isOnlyVoter()) {
            // Nobody else can lead, so there is nobody to wait for.
            state.becomeProspective();
            return;
        }
        if (phase == Phase.RUNNING && resigned.deadlineMs() <= state.nowMs()) {
            state.becomeUnattached(resigned.epoch() + 1, OptionalInt.empty());
            return;
        }
        Outgoing message = new Outgoing.AnnounceResignation(resigned.epoch(), resigned.preferredSuccessors());
        for (int id : resigned.notTold()) {
            state.voters.latest().find(id).ifPresent(voter -> sendIfReady(voter, message));
        }
    }

    private void asProspective(Role.Prospective prospective) {
        if (prospective.ballot().won()) {
            state.becomeCandidate();
        } else if (prospective.ballot().lost() || prospective.deadlineMs() <= state.nowMs()) {
            state.giveUpStanding(prospective);
        } else {
            askForVotes(prospective.ballot(), Asking.BEFORE_STANDING);
        }
    }

    private void asCandidate(Role.Candidate candidate) {
        if (candidate.ballot().won()) {
            state.becomeLeader(candidate);
        } else if (candidate.deadlineMs() <= state.nowMs() && phase == Phase.RUNNING) {
            if (state.mayStand()) {
                state.becomeProspective();
            } else {
                state.becomeUnattached(candidate.epoch() + 1, OptionalInt.empty());
            }
        } else {
            askForVotes(candidate.ballot(), Asking.FOR_ELECTION);
        }
    }

    private void askForVotes(Ballot ballot, Asking asking) {
        for (int id : ballot.pending()) {
            Voter voter = ballot.voters().find(id).orElseThrow();
            sendIfReady(voter, new Outgoing.Vote(state.epoch(), voter.key(), state.log.end(), asking));
        }
    }

    private void asFollower(Role.Follower follower) {
        if (follower.deadlineMs() <= state.nowMs() && phase == Phase.RUNNING) {
            if (state.mayStand()) {
                state.becomeProspective();
            } else {
                state.becomeUnattached(follower.epoch(), follower.leader());
            }
            return;
        }
        Optional<Peer> leader =
                state.address(follower.leaderEndpoints()).map(endpoint -> Peer.of(follower.leaderId(), endpoint));
        if (leader.isEmpty() || isFetching() || !state.isLogSettled()) {
            return;
        }
        if (state.outbox.paused(leader.get(), state.nowMs())) {
            fetchFromAnyBootstrap();
        } else if (state.outbox.ready(leader.get(), state.nowMs())) {
            Optional<Outgoing> own = state.enrolment().due(follower.epoch(), state.voters, state.nowMs());
            if (own.isPresent()) {
                state.send(leader.get(), own.get());
                return;
            }
            Optional<Outgoing> snapshot = state.snapshotFetch()
                    .map(fetch -> new Outgoing.FetchSnapshot(follower.epoch(), fetch.id(), fetch.position()));
            state.send(leader.get(), snapshot.orElseGet(this::nextFetch));
        }
    }

    private boolean isFetching() {
        return state.outbox.anyFlight(Outgoing.Fetch.class) || state.outbox.anyFlight(Outgoing.FetchSnapshot.class);
    }

    /** Whoever is asked answers who leads. */
    private void fetchFromAnyBootstrap() {
        List<Peer> ready = state.membership.bootstrap().stream()
                .map(endpoint -> new Peer(OptionalInt.empty(), endpoint))
                .filter(peer -> state.outbox.ready(peer, state.nowMs()))
                .toList();
        if (!ready.isEmpty() && !isFetching() && state.isLogSettled()) {
            state.send(state.anyOf(ready), nextFetch());
        }
    }

    private Outgoing nextFetch() {
        return new Outgoing.Fetch(state.epoch(), state.log.end(), state.highWatermark(), Timeouts.FETCH_MAX_WAIT_MS);
    }

    private void asLeader(Role.Leader leader) {
        Term term = state.term().orElseThrow();
        VoterSet voters = state.voters.latest();
        VoterChanges changes = state.changes().orElseThrow();
        changes.expire();
        if (changes.isLeaderRemoved()) {
            // The others learn here that the change is committed, and need not find out in the next epoch.
            term.wake(state.toldHighWatermark(), state.nowMs());
            state.resign();
            return;
        }
        if (!term.holdsMajority(voters, state.nowMs())) {
            state.resign();
            return;
        }
        for (Voter voter : term.dueAnnouncements(voters, state.self, state.nowMs())) {
            sendIfReady(voter, new Outgoing.AnnounceLeader(leader.epoch(), voter.key()));
        }
        term.wake(state.toldHighWatermark(), state.nowMs());
    }

    private void sendIfReady(Voter voter, Outgoing message) {
        state.peer(voter).ifPresent(peer -> {
            if (state.outbox.ready(peer, state.nowMs())) {
                state.send(peer, message);
            }
        });
    }
}
