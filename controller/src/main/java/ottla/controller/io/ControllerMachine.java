package ottla.controller.io;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.replication.machine.Machine;
import ottla.replication.machine.VersionedValue;
import ottla.replication.machine.Versions;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;

/**
 * The active controller's state during one term: the image after every decision, linked to the one before it until that is
 * committed and published. Taking back what never committed is going back to an older link. Owned by the controller's thread;
 * lives as long as the term.
 */
final class ControllerMachine implements Machine<MetadataRecord> {
    private final VersionedValue<Stage> latest;
    private final Map<Integer, Long> registeredAt = new HashMap<>();
    private @Nullable ImageDelta delta;

    ControllerMachine(Versions versions, ClusterImage committed, long endOffset) {
        latest = new VersionedValue<>(versions, new Stage(committed, new ImageDelta(committed), endOffset, null));
        // where a broker registered before this term is not remembered: it is surely below the term's first offset
        committed.brokers().values().forEach(broker -> registeredAt.put(broker.id(), broker.epoch()));
    }

    @Override
    public void apply(long offset, MetadataRecord record) {
        ImageDelta open = delta;
        if (open == null) {
            open = new ImageDelta(latest.get().image);
            delta = open;
        }
        open.apply(record);
        if (record instanceof RegisterBrokerRecord broker) {
            registeredAt.put(broker.brokerId(), offset);
        }
    }

    @Override
    public void batchApplied(long endOffset) {
        ImageDelta open = delta;
        delta = null;
        if (open != null) {
            latest.set(new Stage(open.toImage(), open, endOffset, latest.get()));
        }
    }

    /** The cluster after all decisions so far. */
    ClusterImage image() {
        return latest.get().image;
    }

    /** Below this, all decisions so far stand. */
    long endOffset() {
        return latest.get().endOffset;
    }

    long registeredAt(int brokerId) {
        return registeredAt.getOrDefault(brokerId, Long.MAX_VALUE);
    }

    /** The steps that became committed now that all below {@code endOffset} is, oldest first; each is handed out once. */
    Iterable<Stage> takeCommitted(long endOffset) {
        ArrayDeque<Stage> committed = new ArrayDeque<>();
        for (Stage stage = latest.get(); stage.previous != null; stage = stage.previous) {
            if (stage.endOffset <= endOffset) {
                committed.addFirst(stage);
            }
        }
        if (!committed.isEmpty()) {
            committed.getLast().previous = null;
        }
        return committed;
    }

    /** An image, the way to it from the one before, and below which offset its records stand. */
    static final class Stage {
        final ClusterImage image;
        final ImageDelta delta;
        final long endOffset;
        private @Nullable Stage previous;

        Stage(ClusterImage image, ImageDelta delta, long endOffset, @Nullable Stage previous) {
            this.image = image;
            this.delta = delta;
            this.endOffset = endOffset;
            this.previous = previous;
        }
    }
}
