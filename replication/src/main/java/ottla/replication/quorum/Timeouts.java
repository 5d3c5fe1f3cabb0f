package ottla.replication.quorum;

/** Kafka's {@code controller.quorum.*} times. */
public record Timeouts(
        int electionTimeoutMs, int electionBackoffMaxMs, int fetchTimeoutMs, int requestTimeoutMs, int retryBackoffMs) {
    /** A follower's longest wait at the leader for something new, so that it is heard of well before it is given up. */
    public static final int FETCH_MAX_WAIT_MS = 500;

    /** An observer not heard of for this long is no longer listed. */
    public static final long OBSERVER_SESSION_MS = 300_000;

    /** Kafka's defaults. */
    public static final Timeouts DEFAULT = new Timeouts(1000, 1000, 2000, 2000, 20);

    /** A leader not fetched from by a majority for this long may be alone on its side of a partition, and resigns. */
    long checkQuorumMs() {
        return fetchTimeoutMs * 3L / 2;
    }

    /** A leader tells voters who do not fetch that it leads, twice within the time after which they would give up. */
    long announcementMs() {
        return Math.max(1L, fetchTimeoutMs / 2);
    }

    /**
     * How long the successor at {@code index} of a leader that resigned waits before it stands: the first not at all, each later
     * one twice as long as the one before it, so that they do not split the votes.
     */
    long successionDelayMs(int index, int successorCount) {
        if (index <= 0) {
            return 0;
        }
        long first = Math.max(1, electionBackoffMaxMs >> Math.min(30, successorCount - 1));
        return Math.min(electionBackoffMaxMs, first << Math.min(30, index - 1));
    }
}
