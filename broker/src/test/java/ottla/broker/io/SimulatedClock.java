package ottla.broker.io;

import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;

/** The clocks of one machine: they run a little fast or slow, and the time of day is off, and set now and then. */
final class SimulatedClock implements InstantSource {
    private static final long EPOCH_MS = 1_700_000_000_000L;
    private static final int MILLION = 1_000_000;

    /** Far more than any quartz, and less than what the quorum's timeouts leave between leader and follower. */
    private static final int DRIFT_MAX_PPM = 20_000;

    private static final int OFFSET_MAX_MS = 2_000;

    private final SimulatedTime time;
    private final int driftPpm;
    private long offsetMs;

    private SimulatedClock(SimulatedTime time, int driftPpm, long offsetMs) {
        this.time = time;
        this.driftPpm = driftPpm;
        this.offsetMs = offsetMs;
    }

    static SimulatedClock exact(SimulatedTime time) {
        return new SimulatedClock(time, 0, 0);
    }

    static SimulatedClock skewed(SimulatedTime time, SplittableRandom random) {
        SimulatedClock clock = new SimulatedClock(time, random.nextInt(-DRIFT_MAX_PPM, DRIFT_MAX_PPM), 0);
        clock.set(random);
        return clock;
    }

    /** Somebody sets the time of day. */
    void set(SplittableRandom random) {
        offsetMs = random.nextLong(-OFFSET_MAX_MS, OFFSET_MAX_MS);
    }

    /** Milliseconds that went by here. */
    long ticksMs() {
        return time.nowUs() / 1_000 * (MILLION + driftPpm) / MILLION;
    }

    @Override
    public long millis() {
        return EPOCH_MS + offsetMs + ticksMs();
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(millis());
    }

    /** How long in truth something takes that lasts so long here. */
    long trueUs(long durationMs) {
        // never early, whatever is cut off by the divisions
        return (durationMs + 1) * 1_000 * MILLION / (MILLION + driftPpm);
    }
}
