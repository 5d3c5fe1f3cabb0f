package ottla.broker.io;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import ottla.controller.image.Provenance;
import ottla.controller.io.QuorumFeature;
import ottla.controller.io.SnapshotSink;
import ottla.replication.io.QuorumNode;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;

/** What the controller wants of the quorum's node, which is there only after the controller. Any thread. */
final class QuorumAccess implements SnapshotSink, QuorumFeature {
    /** As many records at a time: some tens of kilobytes, which the writer gathers into larger batches. */
    private static final int CHUNK_RECORDS = 1000;

    private volatile @Nullable QuorumNode quorum;

    void into(QuorumNode node) {
        quorum = node;
    }

    @Override
    public CompletionStage<?> write(Provenance at, Iterable<VersionedRecord> records) {
        QuorumNode node = Objects.requireNonNull(quorum, "a snapshot of a log that nobody has opened");
        SnapshotId id = new SnapshotId(at.endOffset(), at.epoch());
        return node.createSnapshot(id, at.appendTimeMs(), () -> chunks(records.iterator()));
    }

    @Override
    public int level() {
        QuorumNode node = quorum;
        return node == null ? 0 : node.kRaftVersion();
    }

    @Override
    public CompletionStage<Outcome> raise(int epoch, int level) {
        return upgrade(epoch, level, Input.Upgrade.MAKE);
    }

    @Override
    public CompletionStage<Outcome> validate(int epoch, int level) {
        return upgrade(epoch, level, Input.Upgrade.VALIDATE);
    }

    private CompletionStage<Outcome> upgrade(int epoch, int level, Input.Upgrade upgrade) {
        return Objects.requireNonNull(quorum, "an active controller has a quorum")
                .upgradeKRaftVersion(epoch, level, upgrade)
                .thenApply(upgraded -> new Outcome(upgraded.error(), upgraded.message()));
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
