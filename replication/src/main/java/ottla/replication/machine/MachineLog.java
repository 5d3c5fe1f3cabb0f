package ottla.replication.machine;

import java.util.List;

/**
 * The log under a machine during one term of leadership. Bound to a leader epoch: when that epoch is over, every append is
 * refused as {@link Refusal#NOT_LEADER}, whatever comes later.
 *
 * <p>Called by the runtime's owner thread. Commits are reported to the runtime's shell by whoever binds the log.
 */
public interface MachineLog<R> {
    /** Where the next record would go. */
    long endOffset();

    /** Everything below this is committed. */
    long committedEndOffset();

    /** Appends all records as one batch, or none. The list is only valid during the call. */
    Append append(List<R> records);

    /** How an append ended. */
    sealed interface Append {
        /** The records stand at {@code baseOffset} and the offsets after it, without gaps. */
        record Appended(long baseOffset) implements Append {}

        record Refused(Refusal refusal) implements Append {}
    }
}
