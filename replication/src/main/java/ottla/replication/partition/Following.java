package ottla.replication.partition;

import java.util.OptionalLong;
import ottla.base.ErrorCode;

/**
 * How a follower gets a partition's log from its leader, in one leader epoch: what has to be done next, step by step.
 *
 * <pre>
 *                +--------- taken ---------+
 *                v                         |
 *   begin --> FETCHING -- diverging --> CUTTING          the histories part (KIP-101, KIP-279): cut, fetch again
 *                |  ^--------- cut --------+
 *                |
 *                +-- out of range --> ASKING_END --> ASKING_START     the log ends after the leader's, or before it begins
 *                |  ^-- cut, begun anew ---+---------------+
 *                |
 *                +-- another error --> a pause, longer each time
 * </pre>
 *
 * <p>Pure; owned by its fetcher's loop. Whether the log is still in this leader epoch is for the shell to check, under the log's lock.
 */
public final class Following {
    /** Mostly the leader has not heard of its leadership yet, which takes it some milliseconds. */
    private static final long PAUSE_MIN_MS = 20;

    private final int leaderEpoch;
    private final long pauseMaxMs;
    private Stage stage = Stage.FETCHING;
    private OptionalLong target = OptionalLong.empty();
    private long pauseMs = PAUSE_MIN_MS;

    private enum Stage {
        FETCHING,
        /** To be cut at the target. */
        CUTTING,
        ASKING_END,
        ASKING_START,
        /** To be begun anew at the target. */
        BEGINNING,
        PAUSING
    }

    /**
     * How a follower's log stands.
     *
     * @param latestEpoch the leader epoch of its newest records, -1 if it has none
     * @param securedOffset up to where the follower may say that it has the records (see {@code flush.messages})
     */
    public record Standing(long startOffset, long endOffset, int latestEpoch, long securedOffset) {}

    /** What to do next. */
    public sealed interface Step {
        /** Fetch what comes after the end of the log. */
        record Fetch(long offset, int lastFetchedEpoch, long startOffset) implements Step {}

        /** Sync the log: a fetch tells the leader that everything before it is safe here. */
        record Secure() implements Step {}

        record Cut(long endOffset) implements Step {}

        record BeginAt(long offset) implements Step {}

        /** Ask the leader where its log ends. */
        record AskEnd() implements Step {}

        /** Ask the leader where its log begins. */
        record AskStart() implements Step {}

        record Pause(long pauseMs) implements Step {}
    }

    /** @param pauseMaxMs {@code replica.fetch.backoff.ms} */
    public Following(int leaderEpoch, long pauseMaxMs) {
        this.leaderEpoch = leaderEpoch;
        this.pauseMaxMs = pauseMaxMs;
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    public Step next(Standing standing) {
        return switch (stage) {
            case FETCHING ->
                standing.endOffset() > standing.securedOffset()
                        ? new Step.Secure()
                        : new Step.Fetch(standing.endOffset(), standing.latestEpoch(), standing.startOffset());
            case CUTTING -> new Step.Cut(target.orElseThrow());
            case BEGINNING -> new Step.BeginAt(target.orElseThrow());
            case ASKING_END -> new Step.AskEnd();
            case ASKING_START -> new Step.AskStart();
            case PAUSING -> new Step.Pause(pauseMs);
        };
    }

    /** What the leader sent is in the log, or there was nothing, or the log was cut, begun anew or synced: on with the fetching. */
    public void done() {
        stage = Stage.FETCHING;
        target = OptionalLong.empty();
        pauseMs = Math.min(PAUSE_MIN_MS, pauseMaxMs);
    }

    /** The leader has another history from some place on; the two have one up to {@code commonEndOffset}, as far as is known by now. */
    public void diverged(long commonEndOffset) {
        stage = Stage.CUTTING;
        target = OptionalLong.of(commonEndOffset);
    }

    /** The leader's log does not reach to where this one ends, or begins only after that. */
    public void outOfRange() {
        stage = Stage.ASKING_END;
    }

    /** The leader's log begins, or its oldest batch does, where nothing is to be appended to what is here. */
    public void gap(long offset) {
        stage = Stage.BEGINNING;
        target = OptionalLong.of(offset);
    }

    /** The leader's log ends there: this one is cut if it goes on, as an unclean election leaves it. */
    public void leaderEndsAt(long leaderEndOffset, Standing standing) {
        if (leaderEndOffset < standing.endOffset()) {
            diverged(leaderEndOffset);
        } else {
            stage = Stage.ASKING_START;
        }
    }

    /** The leader's log begins there: if this one ends before, nothing of it is of use. */
    public void leaderBeginsAt(long leaderStartOffset, Standing standing) {
        if (leaderStartOffset > standing.endOffset()) {
            gap(leaderStartOffset);
        } else {
            // it was out of range, and is not any more
            done();
        }
    }

    /** To be tried again after a pause: soon if it is a matter of the leader's learning of its role, else later. */
    public void failed(ErrorCode error) {
        if (stage == Stage.PAUSING || !isPassing(error)) {
            pauseMs = pauseMaxMs;
        }
        stage = Stage.PAUSING;
    }

    /** The pause is over; the next one of the same kind is longer. */
    public void paused() {
        stage = Stage.FETCHING;
        pauseMs = Math.min(pauseMaxMs, 2 * pauseMs);
    }

    private static boolean isPassing(ErrorCode error) {
        return switch (error) {
            case NOT_LEADER_OR_FOLLOWER,
                    UNKNOWN_LEADER_EPOCH,
                    UNKNOWN_TOPIC_ID,
                    UNKNOWN_TOPIC_OR_PARTITION,
                    INCONSISTENT_TOPIC_ID -> true;
            default -> false;
        };
    }
}
