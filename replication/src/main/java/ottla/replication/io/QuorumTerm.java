package ottla.replication.io;

import java.util.List;
import ottla.replication.quorum.VersionedRecord;

/**
 * This node's leadership of the metadata log during one epoch. When the epoch is over, every append is refused, whatever comes
 * later. Any thread may call, but offsets are given in the order of the calls, so one thread should.
 */
public interface QuorumTerm {
    int epoch();

    /** The offset that the next record gets. */
    long endOffset();

    /** Everything below this is committed. */
    long committedEndOffset();

    /**
     * Appends the records as one batch and returns at once; they are written, flushed and replicated on the quorum's own thread,
     * and reported by {@link QuorumListener#onCommitted} when they are committed.
     */
    Append append(List<VersionedRecord> records);

    /** Gives up leadership, so that another voter can take over. A quorum's only voter starts a new epoch. */
    void resign();

    /** How an append ended. */
    sealed interface Append {
        /** The records got the offsets from {@code baseOffset} to {@code lastOffset}. They are not committed yet. */
        record Accepted(long baseOffset, long lastOffset) implements Append {}

        /** The term is over. */
        record NotLeader() implements Append {}

        /** The records do not fit into one batch of {@code maxBytes}. */
        record TooLarge(int maxBytes) implements Append {}

        /** Too much is waiting for the disk; try again after some commits. */
        record Busy() implements Append {}
    }
}
