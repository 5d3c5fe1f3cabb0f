package ottla.replication.io;

/** When a producer wants its records to count as written. */
public enum Acks {
    /** {@code acks=0} and {@code acks=1}: when the leader has them. */
    LEADER,
    /** {@code acks=all}: when all replicas in sync have them, and these are enough. */
    ALL
}
