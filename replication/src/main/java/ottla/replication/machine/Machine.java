package ottla.replication.machine;

/**
 * State rebuilt by replaying a log. Applying is the only way to change it and never fails: what could be refused was refused
 * when it was decided. The same code runs on the leader, on a standby, and while a log is loaded.
 *
 * <p>All durable state lives in versioned collections of one {@link Versions}, so that the runtime can take back what never
 * committed. Called on the owner thread of its {@link MachineRuntime} only.
 */
public interface Machine<R> {
    /** Takes in the record that stands, or is about to stand, at {@code offset}. */
    void apply(long offset, R record);

    /**
     * All records of one decision, or of one replayed batch, have been applied and the next one would stand at
     * {@code endOffset}. A machine that folds several records into one change (an image and its delta) does so here; its
     * versioned collections may be written.
     */
    default void batchApplied(long endOffset) {}

    /**
     * Takes in a record of a batch that belongs to a transaction: it takes effect when {@link #endTransaction} says so
     * (KIP-447). Logs without transactions never call this.
     */
    default void applyInTransaction(long offset, long producerId, short producerEpoch, R record) {
        apply(offset, record);
    }

    /** The transaction of this producer ended with the marker at {@code offset}. */
    default void endTransaction(long offset, long producerId, short producerEpoch, TransactionEnd end) {}

    /** Forgets everything, because a snapshot is about to be applied instead. */
    default void clear() {
        throw new UnsupportedOperationException("a machine without snapshots");
    }

    /** How a transaction ended. */
    enum TransactionEnd {
        COMMIT,
        ABORT
    }
}
