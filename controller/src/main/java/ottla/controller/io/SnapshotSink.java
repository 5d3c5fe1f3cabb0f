package ottla.controller.io;

import ottla.controller.image.Provenance;
import ottla.replication.quorum.VersionedRecord;

/** Where snapshots of the metadata go: the quorum's node. Called on a thread of its own, one snapshot at a time. */
@FunctionalInterface
public interface SnapshotSink {
    /** Keeps the records as the snapshot of all that stands up to {@code at}; returns when it is durable. */
    void write(Provenance at, Iterable<VersionedRecord> records);
}
