package ottla.controller.io;

import java.util.concurrent.CompletionStage;
import ottla.controller.image.Provenance;
import ottla.replication.quorum.VersionedRecord;

/** Where snapshots of the metadata go: the quorum's node. Called by the controller's thread, for one snapshot at a time. */
@FunctionalInterface
public interface SnapshotSink {
    /**
     * Keeps the records as the snapshot of all that stands up to {@code at}, done when it is durable. The records are iterated over
     * once, on whichever thread waits for the disk.
     */
    CompletionStage<?> write(Provenance at, Iterable<VersionedRecord> records);
}
