package ottla.replication.machine;

/** Why the runtime did not carry a command out. Each user of the runtime maps these to the error codes of its own protocol. */
public enum Refusal {
    /** This node does not lead the log, or lost it before the records were committed. The records may still commit. */
    NOT_LEADER,
    /** The log is still being replayed. */
    LOADING,
    /** One decision does not fit into one batch. */
    TOO_LARGE,
    /** Fewer replicas in sync than the log demands. */
    NOT_ENOUGH_REPLICAS,
    /** The disk failed. */
    STORAGE,
    /** Not committed before the command's deadline. The records may still commit. */
    TIMED_OUT,
    /** Too many commands wait already. */
    OVERLOADED,
    /** The command or its application threw: a defect here, not a fault of the client. */
    BROKEN;

    /** Whether the same command may succeed later on this node. */
    public boolean passing() {
        return this == LOADING || this == NOT_ENOUGH_REPLICAS || this == TIMED_OUT || this == OVERLOADED;
    }
}
