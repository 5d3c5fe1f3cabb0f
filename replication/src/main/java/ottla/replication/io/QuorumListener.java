package ottla.replication.io;

import java.util.OptionalInt;

/**
 * Follows the metadata log. Every call comes on the quorum's owner thread, in order, and must not block: a listener with work
 * to do hands it to a thread of its own.
 *
 * <p>The order at start: the newest snapshot if there is one, the committed batches after it, then {@link #onLeader} if this
 * node leads. A leader has seen everything that was committed before its term when {@link #onLeader} comes.
 */
public interface QuorumListener {
    /** Forget everything and take in this snapshot, which is readable during the call only. */
    void onSnapshot(QuorumSnapshot snapshot);

    /** A batch is committed. Batches without metadata records (control batches) come too, because they move the offset. */
    void onCommitted(CommittedBatch batch);

    /** This node leads; records can be appended through {@code term} until it ends. */
    void onLeader(QuorumTerm term);

    /** The term of {@code epoch}, reported by {@link #onLeader} before, is over. What it appended may still be committed by others. */
    void onResigned(int epoch);

    /** Another node leads, or nobody is known to. */
    default void onLeaderChanged(int epoch, OptionalInt leaderId) {}
}
