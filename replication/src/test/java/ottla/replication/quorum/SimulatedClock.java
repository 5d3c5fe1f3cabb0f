package ottla.replication.quorum;

/** A node's own clock: it begins anywhere, and runs up to a sixteenth too fast or too slow. */
record SimulatedClock(long offsetMs, int sixteenths) {
    long at(long trueMs) {
        return offsetMs + trueMs * sixteenths / 16;
    }

    /** When, in true time, the clock shows this or more. */
    long trueMs(long clockMs) {
        if (clockMs == Long.MAX_VALUE) {
            return clockMs;
        }
        return Math.ceilDiv((clockMs - offsetMs) * 16, sixteenths);
    }
}
