package ottla.replication.partition;

import ottla.base.Check;

/**
 * A limit on bytes per second, as the average over a sliding window. What was copied is counted afterwards, so a large answer may go
 * over the limit; nothing is allowed from then on until the average is below it again.
 *
 * <pre>
 *   | sample | sample |   sample   | present |      a sample lasts until something is counted that comes after its time
 *   ^ oldest                            now ^      the average is that of all samples, since the oldest began
 * </pre>
 *
 * <p>A sample in which nothing was counted for a whole window begins anew, empty: who was idle has saved up what a window allows at
 * most.
 *
 * <p>Pure; guarded by its owner.
 */
public final class ByteQuota {
    /** No limit, as Kafka's configuration has it. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    private static final double MS_PER_SECOND = 1_000;

    private final Window window;
    private final Sample[] samples;
    private int sampleCount;
    private int present;
    private long bytesPerSecondMax = UNLIMITED;

    /** {@code replication.quota.window.num} samples of {@code replication.quota.window.size.seconds} each. */
    public record Window(int samples, long sampleMs) {
        /** Kafka's defaults. */
        public static final Window DEFAULT = new Window(11, 1_000);

        public Window {
            Check.invariant(samples > 0 && sampleMs > 0, "a window lasts", samples, sampleMs);
        }

        long lengthMs() {
            return samples * sampleMs;
        }
    }

    private static final class Sample {
        long begunMs;
        long lastMs;
        long sizeBytes;

        void begin(long nowMs) {
            begunMs = nowMs;
            lastMs = nowMs;
            sizeBytes = 0;
        }
    }

    public ByteQuota(Window window) {
        this.window = window;
        // one more than there are, for the one that is being filled
        samples = new Sample[window.samples() + 1];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = new Sample();
        }
    }

    /** From now on; what was counted before stays counted. */
    public void limit(long bytesPerSecond) {
        bytesPerSecondMax = bytesPerSecond;
    }

    public boolean isLimited() {
        return bytesPerSecondMax < UNLIMITED;
    }

    /** Counts bytes that were copied. */
    public void spend(long sizeBytes, long nowMs) {
        begin(nowMs);
        long begunMs = samples[present].begunMs;
        if (nowMs - begunMs >= window.sampleMs() || nowMs < begunMs) {
            present = (present + 1) % samples.length;
            sampleCount = Math.max(sampleCount, present + 1);
            samples[present].begin(nowMs);
        }
        Sample sample = samples[present];
        sample.sizeBytes += sizeBytes;
        sample.lastMs = nowMs;
    }

    /** The average as it stands. */
    public double bytesPerSecond(long nowMs) {
        forget(nowMs);
        return sizeBytes() * MS_PER_SECOND / elapsedMs(nowMs);
    }

    /** How long nothing more is to be copied, if nothing is until then; 0 if it may be now. */
    public long pauseMs(long nowMs) {
        if (!isLimited() || bytesPerSecond(nowMs) <= bytesPerSecondMax) {
            return 0;
        }
        double pauseMs = sizeBytes() * MS_PER_SECOND / bytesPerSecondMax - sinceOldestMs(nowMs);
        for (int i = 0; i < sampleCount; i++) {
            if (samples[i].sizeBytes > 0) {
                pauseMs = Math.min(pauseMs, (double) (samples[i].lastMs + window.lengthMs() - nowMs));
            }
        }
        return Math.max(1, (long) Math.ceil(pauseMs));
    }

    private void begin(long nowMs) {
        if (sampleCount == 0) {
            sampleCount = 1;
            samples[0].begin(nowMs);
        }
    }

    private void forget(long nowMs) {
        begin(nowMs);
        for (int i = 0; i < sampleCount; i++) {
            // a clock that was set back would otherwise keep a sample until it is there again
            if (nowMs - samples[i].lastMs >= window.lengthMs() || nowMs < samples[i].begunMs) {
                samples[i].begin(nowMs);
            }
        }
    }

    private long sizeBytes() {
        long sizeBytes = 0;
        for (int i = 0; i < sampleCount; i++) {
            sizeBytes += samples[i].sizeBytes;
        }
        return sizeBytes;
    }

    private long elapsedMs(long nowMs) {
        return Math.max(window.sampleMs(), sinceOldestMs(nowMs));
    }

    private long sinceOldestMs(long nowMs) {
        long oldestMs = nowMs;
        for (int i = 0; i < sampleCount; i++) {
            oldestMs = Math.min(oldestMs, samples[i].begunMs);
        }
        return nowMs - oldestMs;
    }
}
