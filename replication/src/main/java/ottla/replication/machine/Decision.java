package ottla.replication.machine;

import java.util.List;

/**
 * What a command decided: the facts to write, and the answer to hold back until they are committed. Nothing has changed yet. All
 * records of one decision are written as one batch or not at all.
 *
 * <p>A decision without records is a read of the latest state; its answer waits for what it may have seen to be committed.
 */
public record Decision<R, A>(List<R> records, A answer) {
    public Decision {
        records = List.copyOf(records);
    }

    /** Writes nothing. */
    public static <R, A> Decision<R, A> of(A answer) {
        return new Decision<>(List.of(), answer);
    }
}
