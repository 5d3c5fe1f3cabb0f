package ottla.replication.machine;

/** A question answered at once from committed state. Runs on the machine's owner thread. */
@FunctionalInterface
public interface Query<A> {
    /** Reads versioned collections as of {@code committedEndOffset}: what stands below it can no longer be lost. */
    A answer(long committedEndOffset);
}
