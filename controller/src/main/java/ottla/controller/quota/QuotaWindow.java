package ottla.controller.quota;

import ottla.base.Check;

/**
 * For how long a client may save up: {@code controller.quota.window.num} samples of
 * {@code controller.quota.window.size.seconds} each.
 */
public record QuotaWindow(int samples, int sampleSeconds) {
    /** Kafka's defaults. */
    public static final QuotaWindow DEFAULT = new QuotaWindow(11, 1);

    public QuotaWindow {
        Check.invariant(samples > 0 && sampleSeconds > 0, "a window lasts", samples, sampleSeconds);
    }

    /** What a bucket holds that fills at a rate. */
    double burst(double perSecond) {
        return samples * (double) sampleSeconds * perSecond;
    }
}
