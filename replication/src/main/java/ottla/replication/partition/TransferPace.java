package ottla.replication.partition;

/**
 * Holds copies to so many bytes a second, all together: whoever is to copy something asks first how long to pause.
 *
 * <p>Guarded by its owner.
 */
public final class TransferPace {
    private static final double NANOS = 1e9;

    /** No machine reaches this. */
    private static final double BYTES_PER_SECOND_UNLIMITED = 1e15;

    private double bytesPerSecondMax = Double.MAX_VALUE;
    private long paidUntilNs;

    /** From now on; what was copied before has been waited for. */
    public void limit(double bytesPerSecond, long nowNs) {
        bytesPerSecondMax = bytesPerSecond;
        paidUntilNs = nowNs;
    }

    /** Counts bytes that were copied. */
    public void spend(long sizeBytes, long nowNs) {
        if (bytesPerSecondMax >= BYTES_PER_SECOND_UNLIMITED) {
            return;
        }
        if (paidUntilNs - nowNs < 0) {
            paidUntilNs = nowNs;
        }
        paidUntilNs += (long) (sizeBytes / bytesPerSecondMax * NANOS);
    }

    /** How many nanoseconds there are to wait until there is time for more. */
    public long pauseNs(long nowNs) {
        return bytesPerSecondMax >= BYTES_PER_SECOND_UNLIMITED ? 0 : Math.max(0, paidUntilNs - nowNs);
    }
}
