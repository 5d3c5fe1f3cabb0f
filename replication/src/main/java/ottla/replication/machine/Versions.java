package ottla.replication.machine;

import java.util.ArrayDeque;
import ottla.base.Check;

/**
 * The history of a machine's versioned collections, from the oldest offset that can still be asked for to the latest. Every
 * change is stamped with the offset of the record that made it:
 *
 * <pre>
 *      forgotten          committed            latest
 *   ------|-------------------|-------------------|
 *     one value      changes that can be      changes that can
 *     per key        read "as of" or           be rolled back
 *                    forgotten
 * </pre>
 *
 * <p>An end offset {@code e} means the state made by the records below {@code e}. Changes form one queue in offset order, shared
 * by all collections, so rolling back and forgetting cost as much as what changed, and an idle machine holds no history at all.
 *
 * <p>Owned by one thread, as are the collections that were made with it.
 */
public final class Versions {
    private static final long CLOSED = Long.MIN_VALUE;

    private final ArrayDeque<Change> changes = new ArrayDeque<>();
    private long forgottenEndOffset;
    private long writingAt = CLOSED;

    /** Opens the collections for the changes that the record at {@code offset} makes. */
    public void writeAt(long offset) {
        Change last = changes.peekLast();
        Check.invariant(last == null || last.offset <= offset, "changes come in the order of offsets", offset, 0);
        writingAt = offset;
    }

    /** Closes the collections: until the next {@link #writeAt}, changing them is a broken invariant. */
    public void close() {
        writingAt = CLOSED;
    }

    /** Undoes every change made at {@code endOffset} or above. */
    public void rollBackTo(long endOffset) {
        Check.invariant(
                endOffset >= forgottenEndOffset, "rolling back to a remembered offset", endOffset, forgottenEndOffset);
        for (Change last = changes.peekLast(); last != null && last.offset >= endOffset; last = changes.peekLast()) {
            changes.removeLast();
            last.undo();
        }
    }

    /** The state as of any offset below {@code endOffset} will not be asked for again, nor rolled back to. */
    public void forgetBefore(long endOffset) {
        if (endOffset <= forgottenEndOffset) {
            return;
        }
        forgottenEndOffset = endOffset;
        for (Change first = changes.peekFirst();
                first != null && first.offset < endOffset;
                first = changes.peekFirst()) {
            changes.removeFirst();
            first.settle();
        }
    }

    /** How many changes can still be undone or looked behind. */
    public int changeCount() {
        return changes.size();
    }

    /** The offset that a change made now is stamped with. */
    long writing() {
        Check.invariant(writingAt != CLOSED, "durable state changes only while a record is applied");
        return writingAt;
    }

    /** Remembers a change, or settles it at once if nobody can look behind it any more (while a log is loaded). */
    void remember(Change change) {
        if (change.offset < forgottenEndOffset) {
            change.settle();
        } else {
            changes.addLast(change);
        }
    }

    void checkRemembered(long endOffset) {
        Check.invariant(
                endOffset >= forgottenEndOffset, "reading as of a remembered offset", endOffset, forgottenEndOffset);
    }

    /** One change to one place: undone from the newest, or settled from the oldest. */
    abstract static class Change {
        final long offset;

        Change(long offset) {
            this.offset = offset;
        }

        abstract void undo();

        abstract void settle();
    }
}
