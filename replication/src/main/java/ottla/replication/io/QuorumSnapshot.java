package ottla.replication.io;

import java.util.List;
import java.util.function.Consumer;
import ottla.replication.quorum.SnapshotId;
import ottla.wire.message.metadata.MetadataRecord;

/** A snapshot of the metadata, to be read once, on the thread that it was handed to, before the call returns. */
public interface QuorumSnapshot {
    SnapshotId id();

    /** When the newest record contained in it was appended. */
    long lastContainedTimeMs();

    /** Hands over the records in order, some at a time. */
    void forEachBatch(Consumer<List<MetadataRecord>> receiver);
}
