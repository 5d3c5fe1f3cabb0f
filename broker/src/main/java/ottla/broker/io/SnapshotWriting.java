package ottla.broker.io;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import ottla.controller.image.Provenance;
import ottla.controller.io.SnapshotSink;
import ottla.replication.io.QuorumNode;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;

/** Carries the controller's snapshots to the quorum's node, which is there only after the controller. */
final class SnapshotWriting implements SnapshotSink {
    /** As many records at a time: some tens of kilobytes, which the writer gathers into larger batches. */
    private static final int CHUNK_RECORDS = 1000;

    private volatile @Nullable QuorumNode quorum;

    void into(QuorumNode node) {
        quorum = node;
    }

    @Override
    public void write(Provenance at, Iterable<VersionedRecord> records) {
        QuorumNode node = Objects.requireNonNull(quorum, "a snapshot of a log that nobody has opened");
        SnapshotId id = new SnapshotId(at.endOffset(), at.epoch());
        node.createSnapshot(id, at.appendTimeMs(), chunks(records.iterator()))
                .toCompletableFuture()
                .join();
    }

    private static Iterator<List<VersionedRecord>> chunks(Iterator<VersionedRecord> records) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return records.hasNext();
            }

            @Override
            public List<VersionedRecord> next() {
                if (!records.hasNext()) {
                    throw new NoSuchElementException();
                }
                List<VersionedRecord> chunk = new ArrayList<>();
                while (chunk.size() < CHUNK_RECORDS && records.hasNext()) {
                    chunk.add(records.next());
                }
                return chunk;
            }
        };
    }
}
