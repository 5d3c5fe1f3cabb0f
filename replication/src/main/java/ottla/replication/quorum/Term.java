package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import ottla.base.ErrorCode;
import ottla.replication.quorum.Effect.AnswerFetch;
import ottla.replication.quorum.Effect.Reply;
import ottla.replication.quorum.Input.FetchAsked;

/**
 * One term of this node as the leader: serves fetches, parks those that have nothing to get, and learns from them how far the
 * voters are. Lives from election to resignation; owned by the thread of its {@link Quorum}.
 */
final class Term {
    private final Leadership leadership;
    private final LogShape log;
    private final Progress progress;
    private final Timeouts timeouts;
    private final Consumer<Effect> effects;
    private final List<Parked> parked = new ArrayList<>();
    private final long beganMs;
    private long announcedMs;

    Term(
            Leadership leadership,
            LogShape log,
            Progress progress,
            Timeouts timeouts,
            Consumer<Effect> effects,
            long nowMs) {
        this.leadership = leadership;
        this.log = log;
        this.progress = progress;
        this.timeouts = timeouts;
        this.effects = effects;
        this.beganMs = nowMs;
        this.announcedMs = nowMs - timeouts.announcementMs();
    }

    /** A fetch that waits for records, or for the high watermark to move past what the replica knows. */
    private record Parked(FetchAsked fetch, long deadlineMs) {}

    Progress progress() {
        return progress;
    }

    /** Whether a majority was heard of lately. */
    boolean holdsMajority(VoterSet voters, long nowMs) {
        return nowMs < beganMs + timeouts.checkQuorumMs()
                || progress.heardByMajority(voters, nowMs - timeouts.checkQuorumMs());
    }

    /** When to look again whether the voters are still there. Half a period, since they may have stopped right after the last look. */
    long nextDeadlineMs(VoterSet voters, ReplicaKey self) {
        long deadlineMs = Long.MAX_VALUE;
        for (Parked waiting : parked) {
            deadlineMs = Math.min(deadlineMs, waiting.deadlineMs());
        }
        return voters.isOnly(self) ? deadlineMs : Math.min(deadlineMs, announcedMs + timeouts.announcementMs());
    }

    /** The voters to be told again who leads: all at first, then those who have not fetched lately. */
    List<Voter> dueAnnouncements(VoterSet voters, ReplicaKey self, long nowMs) {
        if (nowMs < announcedMs + timeouts.announcementMs()) {
            return List.of();
        }
        announcedMs = nowMs;
        return voters.voters().stream()
                .filter(voter -> !voter.key().covers(self))
                .filter(voter -> !progress.hasFetchedSince(voter, nowMs - timeouts.announcementMs()))
                .toList();
    }

    /** Takes note of how far the replica is, and answers it or lets it wait. */
    void fetch(FetchAsked fetch, long nowMs) {
        switch (log.check(fetch.lastFetchedEpoch(), fetch.fetchOffset())) {
            case LogShape.FetchCheck.Diverges diverges -> {
                progress.alive(fetch.replica(), nowMs);
                answer(fetch, new Reply.Diverging(diverges.end()));
            }
            case LogShape.FetchCheck.NeedsSnapshot needs -> {
                progress.alive(fetch.replica(), nowMs);
                answer(fetch, new Reply.Snapshot(needs.id()));
            }
            case LogShape.FetchCheck.Valid ignored -> {
                if (fetch.replica().id() >= 0) {
                    progress.fetched(fetch.replica(), fetch.fetchOffset(), log.endOffset(), nowMs);
                }
                parked.add(new Parked(fetch, nowMs + fetch.maxWaitMs()));
            }
        }
    }

    /** Answers the parked fetches that have something to get, or whose time is over. */
    void wake(long highWatermark, long nowMs) {
        if (parked.isEmpty()) {
            return;
        }
        List<Parked> ready = new ArrayList<>(parked);
        ready.removeIf(waiting -> !isReady(waiting, highWatermark, nowMs));
        parked.removeAll(ready);
        for (Parked waiting : ready) {
            answer(waiting.fetch(), new Reply.Records(waiting.fetch().fetchOffset(), highWatermark));
        }
    }

    private boolean isReady(Parked waiting, long highWatermark, long nowMs) {
        return waiting.deadlineMs() <= nowMs
                || log.endOffset() > waiting.fetch().fetchOffset()
                || waiting.fetch().knownHighWatermark() < highWatermark;
    }

    /** The term is over: whoever waits must look for another leader. */
    void end(Leadership next) {
        for (Parked waiting : parked) {
            effects.accept(new AnswerFetch(
                    waiting.fetch().request(), ErrorCode.NOT_LEADER_OR_FOLLOWER, next, new Reply.Nothing()));
        }
        parked.clear();
    }

    private void answer(FetchAsked fetch, Reply reply) {
        effects.accept(new AnswerFetch(fetch.request(), ErrorCode.NONE, leadership, reply));
    }
}
