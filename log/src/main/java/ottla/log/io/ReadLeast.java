package ottla.log.io;

/** What a read gives when the first batch is larger than what was asked for. */
public enum ReadLeast {
    /** Nothing: the answer has other records. */
    NOTHING,
    /** That batch, or else its reader would never get past it (KIP-74). */
    ONE_BATCH
}
