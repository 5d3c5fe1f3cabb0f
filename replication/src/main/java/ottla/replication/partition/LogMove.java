package ottla.replication.partition;

import ottla.base.Check;

/**
 * The way of a replica's log into another directory of its broker (KIP-113, KIP-858): a copy there follows the log as a follower
 * follows its leader, until it can take its place.
 *
 * <pre>
 *   COPYING -- level with the log --> ASKED -- the controller knows --> SETTLED -- level again --> ARRIVED
 *      |                                |                                  |
 *      +------------------ not wanted any more, or impossible -------------+--> GIVEN_UP
 * </pre>
 *
 * <p>The controller learns of the new directory before the log is there, so that it never takes a directory for lost that holds the
 * log. Level means that the copy has all that the log had when it was last looked at: the rest fits into the moment of the exchange.
 *
 * <p>Owned by its shell, which asks what is {@link #next}, does it, and asks again.
 */
public final class LogMove {
    private static final long NOT_LOOKED = Long.MAX_VALUE;

    private final Reporting reporting;
    private Phase phase = Phase.COPYING;
    private long endSeen = NOT_LOOKED;

    /** Whether the controller keeps the directories of replicas. */
    public enum Reporting {
        BEFORE_EXCHANGE,
        NONE
    }

    /** How far a move has come. */
    public enum Phase {
        COPYING,
        ASKED,
        SETTLED,
        ARRIVED,
        GIVEN_UP
    }

    /**
     * Where the log and its copy begin and end.
     *
     * @param commonEnd up to where the copy has the log's history, by their leader epochs; never beyond the copy's end
     */
    public record Standing(long logStart, long logEnd, long copyStart, long copyEnd, long commonEnd) {}

    /** What is to be done next. */
    public sealed interface Step {
        /** The log was cut, or has another history from here on: the copy is cut as well. */
        record Cut(long endOffset) implements Step {}

        /** What would come next in the copy is gone from the log, or what the log begins with from the copy: it is begun anew. */
        record BeginAt(long offset) implements Step {}

        /** The log's start has moved. */
        record StartAt(long offset) implements Step {}

        record Copy(long fromOffset) implements Step {}

        /** All of the copy is made durable, then the controller is told where the log will be; then {@link LogMove#known}. */
        record Ask() implements Step {}

        /** The rest is copied and the copy takes the log's place, in one step for everybody else; then {@link LogMove#arrived}. */
        record Exchange() implements Step {}

        /** Nothing, until something happens. */
        record Rest() implements Step {}

        record Done() implements Step {}
    }

    private static final Step ASK = new Step.Ask();
    private static final Step EXCHANGE = new Step.Exchange();
    private static final Step REST = new Step.Rest();
    private static final Step DONE = new Step.Done();

    public LogMove(Reporting reporting) {
        this.reporting = reporting;
    }

    public Phase phase() {
        return phase;
    }

    public boolean isOver() {
        return phase == Phase.ARRIVED || phase == Phase.GIVEN_UP;
    }

    public Step next(Standing at) {
        Check.invariant(at.commonEnd <= at.copyEnd, "a copy has what it has", at.commonEnd, at.copyEnd);
        if (isOver()) {
            return DONE;
        }
        if (at.commonEnd < at.copyEnd) {
            endSeen = NOT_LOOKED;
            return new Step.Cut(at.commonEnd);
        }
        // a crash may have taken the copy's first segments before they were on disk
        if (at.copyEnd < at.logStart || at.copyStart > at.logStart) {
            endSeen = NOT_LOOKED;
            return new Step.BeginAt(at.logStart);
        }
        if (at.copyStart < at.logStart) {
            return new Step.StartAt(at.logStart);
        }
        boolean level = at.copyEnd >= Math.min(endSeen, at.logEnd);
        endSeen = at.logEnd;
        if (phase == Phase.COPYING && level) {
            phase = reporting == Reporting.BEFORE_EXCHANGE ? Phase.ASKED : Phase.SETTLED;
            if (phase == Phase.ASKED) {
                return ASK;
            }
        }
        if (phase == Phase.SETTLED && level) {
            return EXCHANGE;
        }
        // whoever waits for the controller need not run after the log: the answer takes a moment, or for ever
        return phase == Phase.ASKED || at.copyEnd >= at.logEnd ? REST : new Step.Copy(at.copyEnd);
    }

    /** The controller knows where the log will be. An answer that comes too late changes nothing. */
    public void known() {
        if (phase == Phase.ASKED) {
            phase = Phase.SETTLED;
            endSeen = NOT_LOOKED; // that was long ago
        }
    }

    public void arrived() {
        Check.invariant(phase == Phase.SETTLED, "a log arrives where the controller expects it");
        phase = Phase.ARRIVED;
    }

    /** What is left to do after a move was given up. */
    public enum Aftermath {
        NOTHING,
        /** The controller may expect the log where it will not be, and must be told where it stays. */
        TELL_CONTROLLER
    }

    public Aftermath giveUp() {
        boolean told = phase == Phase.ASKED || (phase == Phase.SETTLED && reporting == Reporting.BEFORE_EXCHANGE);
        if (!isOver()) {
            phase = Phase.GIVEN_UP;
        }
        return told ? Aftermath.TELL_CONTROLLER : Aftermath.NOTHING;
    }
}
