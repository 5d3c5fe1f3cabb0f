package ottla.log.producer;

/**
 * What a request proves about the transaction that its batch is for.
 *
 * @param guard for a batch of data
 * @param markerEpoch for a marker
 */
public record TransactionCheck(VerificationGuard guard, MarkerEpoch markerEpoch) {
    /** Of a broker that does not verify. */
    public static final TransactionCheck NONE = new TransactionCheck(VerificationGuard.NOT_WANTED, MarkerEpoch.SAME);

    /** Of a request about which nobody was asked: it may go on with a transaction, but not begin one. */
    public static final TransactionCheck UNVERIFIED = new TransactionCheck(VerificationGuard.NONE, MarkerEpoch.SAME);

    /** Which epoch a marker has that ends a transaction. */
    public enum MarkerEpoch {
        /** The transaction's own, or a later one. */
        SAME,
        /** A later one: the coordinator raises it with each transaction (KIP-890), so that late requests are fenced. */
        RAISED
    }
}
