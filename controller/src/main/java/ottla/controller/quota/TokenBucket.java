package ottla.controller.quota;

/**
 * What a client has left: it comes back at the rate of his quota, up to a burst. It may be overdrawn, so that a change which is larger
 * than any burst is possible at all, and paid back later.
 *
 * <p>The rate is an argument, since it may change at any time; what is left then stays, as far as the new burst allows. Not thread-safe.
 */
final class TokenBucket {
    private double tokens;
    private long filledMs;

    /** A full one. */
    TokenBucket(double burst, long nowMs) {
        tokens = burst;
        filledMs = nowMs;
    }

    /** Negative if the bucket is overdrawn. */
    double tokens(double perSecond, double burst, long nowMs) {
        // a clock that was set back takes nothing away
        double seconds = Math.max(0, nowMs - filledMs) / 1000.0;
        tokens = Math.min(burst, tokens + perSecond * seconds);
        filledMs = nowMs;
        return tokens;
    }

    void take(double count, double perSecond, double burst, long nowMs) {
        tokens = Math.min(burst, tokens(perSecond, burst, nowMs) - count);
    }
}
