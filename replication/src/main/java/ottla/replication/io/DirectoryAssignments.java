package ottla.replication.io;

import ottla.base.Uuid;
import ottla.replication.partition.LogMove;

/** Tells the controller in which directory a replica of this broker is, or is going to be (KIP-858). Safe for use by several threads. */
public interface DirectoryAssignments {
    /**
     * Does not wait. {@code known} is run, on any thread, when the controller has answered that it knows; never, if something else
     * is said of the partition before that.
     */
    void assign(Uuid topicId, int partition, Uuid directory, Runnable known);

    /** Whether the controller keeps directories at all. */
    LogMove.Reporting reporting();
}
