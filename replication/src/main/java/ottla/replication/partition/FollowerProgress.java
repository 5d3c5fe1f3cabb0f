package ottla.replication.partition;

import ottla.base.Check;

/** How far one follower of a partition led here has come. Under the partition's lock, as the whole machine is. */
public final class FollowerProgress {
    static final long UNKNOWN = -1;

    private final int brokerId;
    private long endOffset = UNKNOWN;
    private long startOffset = UNKNOWN;
    private long brokerEpoch = UNKNOWN;
    private long lastFetchTimeMs;
    private long lastFetchLeaderEndOffset;
    private long lastCaughtUpTimeMs;

    FollowerProgress(int brokerId) {
        this.brokerId = brokerId;
    }

    public int brokerId() {
        return brokerId;
    }

    /** The end of its log as far as its last fetch told; -1 if it has not fetched in this leader epoch. */
    public long endOffset() {
        return endOffset;
    }

    /** The start of its log, for the low watermark; -1 if not known. */
    public long startOffset() {
        return startOffset;
    }

    /** -1 if not known. */
    public long brokerEpoch() {
        return brokerEpoch;
    }

    /** Up to this time it had, at some moment, everything that the leader then had. */
    public long lastCaughtUpTimeMs() {
        return lastCaughtUpTimeMs;
    }

    /** A new leader gives those in sync the benefit of the doubt, and counts the others as never caught up. */
    void begin(long nowMs, long leaderEndOffset, boolean inSync) {
        endOffset = UNKNOWN;
        startOffset = UNKNOWN;
        lastFetchLeaderEndOffset = leaderEndOffset;
        lastFetchTimeMs = inSync ? nowMs : 0;
        lastCaughtUpTimeMs = inSync ? nowMs : 0;
    }

    /**
     * Takes in a fetch. A follower that asks for the leader's end is caught up now; one that asks for what was the end at its
     * fetch before was caught up then.
     */
    void fetched(long fetchOffset, long followerStartOffset, long leaderEndOffset, long epoch, long nowMs) {
        Check.invariant(fetchOffset >= 0, "a follower's fetch offset", fetchOffset, 0);
        if (fetchOffset >= leaderEndOffset) {
            lastCaughtUpTimeMs = Math.max(lastCaughtUpTimeMs, nowMs);
        } else if (fetchOffset >= lastFetchLeaderEndOffset) {
            lastCaughtUpTimeMs = Math.max(lastCaughtUpTimeMs, lastFetchTimeMs);
        }
        endOffset = fetchOffset;
        startOffset = followerStartOffset;
        lastFetchLeaderEndOffset = leaderEndOffset;
        lastFetchTimeMs = Math.max(lastFetchTimeMs, nowMs);
        brokerEpoch = epoch;
    }

    boolean isCaughtUp(long leaderEndOffset, long nowMs, long maxLagMs) {
        return endOffset == leaderEndOffset || nowMs - lastCaughtUpTimeMs <= maxLagMs;
    }
}
