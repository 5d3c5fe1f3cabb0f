package ottla.controller.io;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import ottla.controller.decide.LeaderElections;
import ottla.controller.decide.LeaderElections.Batch;
import ottla.replication.machine.Command;
import ottla.replication.machine.Decision;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.NoOpRecord;

/** What the active controller does unasked, each thing in its own interval. Made for one term; used by the controller's thread. */
final class Rounds {
    private final ControllerTerm term;
    private final ControllerNode.Timing timing;
    private final long sessionTimeoutMs;

    Rounds(ControllerTerm term, ControllerNode.Timing timing, long sessionTimeoutMs) {
        this.term = term;
        this.timing = timing;
        this.sessionTimeoutMs = sessionTimeoutMs;
    }

    private enum Round {
        IDLE,
        SESSIONS,
        BALANCE,
        UNCLEAN_ELECTION
    }

    void begin(long nowMs) {
        scheduleIdle(nowMs);
        scheduleSessions(nowMs);
        scheduleElections(Round.BALANCE, timing.leaderBalanceInterval(), LeaderElections::balance, nowMs);
        scheduleElections(
                Round.UNCLEAN_ELECTION, timing.uncleanElectionInterval(), LeaderElections::electUncleanly, nowMs);
    }

    /** Brokers compare how far they have read with the log's end, so it must move even when nothing happens. */
    private void scheduleIdle(long nowMs) {
        long intervalMs = timing.idleInterval().toMillis();
        if (intervalMs <= 0) {
            return;
        }
        term.timers.schedule(Round.IDLE, nowMs + intervalMs, firedMs -> {
            boolean idle = firedMs - term.lastAppendMs() >= intervalMs;
            scheduleIdle(idle ? firedMs : term.lastAppendMs());
            return idle ? new Decision<>(List.of(new NoOpRecord()), 0) : Decision.of(0);
        });
    }

    private void scheduleSessions(long nowMs) {
        // a quarter of a session is soon enough, and one timer serves all brokers
        long checkMs = nowMs + Math.max(1, sessionTimeoutMs / 4);
        Command<MetadataRecord, Optional<Integer>> check = firedMs -> {
            scheduleSessions(firedMs);
            return term.heartbeats().fenceStale(firedMs);
        };
        term.timers.schedule(Round.SESSIONS, checkMs, check);
    }

    private void scheduleElections(
            Round round,
            Duration interval,
            Function<LeaderElections, Decision<MetadataRecord, Batch>> elections,
            long nowMs) {
        if (!interval.isZero()) {
            scheduleElections(round, interval.toMillis(), elections, nowMs + interval.toMillis());
        }
    }

    private void scheduleElections(
            Round round,
            long intervalMs,
            Function<LeaderElections, Decision<MetadataRecord, Batch>> elections,
            long atMs) {
        Command<MetadataRecord, Batch> command = firedMs -> {
            Decision<MetadataRecord, Batch> decision = elections.apply(new LeaderElections(term.facts()));
            // what is left comes after the requests that wait
            long pauseMs = decision.answer() == Batch.MORE_TO_COME ? 0 : intervalMs;
            scheduleElections(round, intervalMs, elections, firedMs + pauseMs);
            return decision;
        };
        term.timers.schedule(round, atMs, command);
    }
}
