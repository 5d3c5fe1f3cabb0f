package ottla.coordinator.group;

import ottla.base.ErrorCode;

/** How a write ended, in the words of the group protocol. */
public enum WriteOutcome {
    /** The records are committed. */
    COMMITTED(ErrorCode.NONE),
    /** Too few replicas in sync, or too much to do: nothing was written. */
    UNAVAILABLE(ErrorCode.COORDINATOR_NOT_AVAILABLE),
    /** Not committed in time. The records stand in the log and may still be committed, so nothing may be taken back. */
    TIMED_OUT(ErrorCode.COORDINATOR_NOT_AVAILABLE),
    /** The log has another leader now; whatever this shard holds is about to be dropped. */
    NOT_LEADER(ErrorCode.NOT_COORDINATOR),
    /** The log is still being read. */
    LOADING(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
    /** The records do not fit into one batch, or a defect: nothing was written. */
    FAILED(ErrorCode.UNKNOWN_SERVER_ERROR);

    private final ErrorCode error;

    WriteOutcome(ErrorCode error) {
        this.error = error;
    }

    public ErrorCode error() {
        return error;
    }

    /** Nothing of it will ever be in the log. */
    public boolean takenBack() {
        return this == UNAVAILABLE || this == FAILED;
    }
}
