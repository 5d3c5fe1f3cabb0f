package ottla.log.producer;

/**
 * What a request holds while the coordinator is asked whether the partition belongs to the producer's open transaction (KIP-890).
 * The records may be appended if the partition still knows the same guard then: a marker that was written meanwhile took it away,
 * and a late "yes" is about a transaction that is over.
 *
 * <p>A guard is itself and equal to no other. Its rules are those of {@link Producers}.
 */
public final class VerificationGuard {
    /** For a request that was not verified: good only within a transaction that has begun in the partition. */
    public static final VerificationGuard NONE = new VerificationGuard();

    /** For a broker that does not verify at all: {@code transaction.partition.verification.enable=false}. */
    public static final VerificationGuard NOT_WANTED = new VerificationGuard();

    VerificationGuard() {}

    @Override
    public String toString() {
        return this == NONE ? "no guard" : this == NOT_WANTED ? "no guard wanted" : "guard " + hashCode();
    }
}
