package ottla.replication.io;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.SnapshotId;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.record.BatchView;

/**
 * Tells the listeners what is committed, in order and once: the newest snapshot if the log no longer reaches back to where they
 * are, then every batch. What this node appended itself is handed on as the objects that were appended, everything else is read
 * back from the log.
 *
 * <p>Owned by the quorum's thread, which every listener is called on.
 */
final class QuorumDelivery {
    private final QuorumLog log;
    private final List<QuorumListener> listeners;

    /** Own batches that the listeners have not been told of, by ascending offsets. */
    private final ArrayDeque<CommittedBatch> own = new ArrayDeque<>();

    private long deliveredEnd;
    private Optional<LeaderTerm> awaited = Optional.empty();
    private long awaitedStart;
    private OptionalInt announcedEpoch = OptionalInt.empty();

    QuorumDelivery(QuorumLog log, List<QuorumListener> listeners) {
        this.log = log;
        this.listeners = List.copyOf(listeners);
    }

    void appended(CommittedBatch batch) {
        own.addLast(batch);
    }

    void truncated(long endOffset) {
        own.removeIf(batch -> batch.lastOffset() >= endOffset);
    }

    /** Hands on everything below the high watermark, and the term of which that was the condition. */
    void deliver(long highWatermark) {
        loadSnapshotIfNeeded(highWatermark);
        while (deliveredEnd < highWatermark) {
            @Nullable CommittedBatch head = own.peekFirst();
            if (head != null && head.baseOffset() == deliveredEnd) {
                if (head.endOffset() > highWatermark) {
                    break;
                }
                own.removeFirst();
                deliver(head);
            } else {
                long end = head == null ? highWatermark : Math.min(highWatermark, head.baseOffset());
                log.forEachBatch(deliveredEnd, end, batch -> deliver(committed(batch)));
            }
        }
        if (awaited.isPresent() && deliveredEnd > awaitedStart) {
            LeaderTerm term = awaited.get();
            awaited = Optional.empty();
            announcedEpoch = OptionalInt.of(term.epoch());
            listeners.forEach(listener -> listener.onLeader(term));
        }
    }

    private void loadSnapshotIfNeeded(long highWatermark) {
        if (highWatermark <= deliveredEnd || (deliveredEnd != 0 && deliveredEnd >= log.startOffset())) {
            return;
        }
        Optional<SnapshotId> newest = log.snapshots().list().stream().reduce((older, newer) -> newer);
        boolean behind = newest.isPresent()
                && newest.get().endOffset() > deliveredEnd
                && newest.get().endOffset() <= highWatermark;
        if (behind) {
            SnapshotReader reader = log.snapshots().read(newest.get());
            listeners.forEach(listener -> listener.onSnapshot(new OpenSnapshot(newest.get(), reader)));
            deliveredEnd = newest.get().endOffset();
        }
    }

    private void deliver(CommittedBatch batch) {
        deliveredEnd = batch.endOffset();
        listeners.forEach(listener -> listener.onCommitted(batch));
    }

    private static CommittedBatch committed(BatchView batch) {
        List<MetadataRecord> records = batch.isControl() ? List.of() : MetadataBatches.read(batch);
        return new CommittedBatch(
                batch.baseOffset(),
                batch.lastOffset(),
                batch.partitionLeaderEpoch(),
                batch.maxTimestamp(),
                batch.sizeBytes(),
                records);
    }

    /** The listeners are told of the term as soon as they know all that was committed before it. */
    void leads(LeaderTerm term, long epochStartOffset) {
        awaited = Optional.of(term);
        awaitedStart = epochStartOffset;
    }

    void resigned(int epoch) {
        awaited = Optional.empty();
        if (announcedEpoch.isPresent() && announcedEpoch.getAsInt() == epoch) {
            announcedEpoch = OptionalInt.empty();
            listeners.forEach(listener -> listener.onResigned(epoch));
        }
    }

    void leaderKnown(int epoch, OptionalInt leaderId) {
        listeners.forEach(listener -> listener.onLeaderChanged(epoch, leaderId));
    }

    private record OpenSnapshot(SnapshotId id, SnapshotReader reader) implements QuorumSnapshot {
        @Override
        public long lastContainedTimeMs() {
            return reader.lastContainedTimeMs();
        }

        @Override
        public void forEachBatch(Consumer<List<MetadataRecord>> receiver) {
            reader.forEachBatch(receiver);
        }
    }
}
