package ottla.controller.image;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import ottla.base.Check;
import ottla.base.Uuid;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.PartitionRecord;

/** What changed in one topic, part of an {@link ImageDelta} and under its rules. */
public final class TopicDelta {
    private final TopicImage base;
    private final NavigableMap<Integer, PartitionRegistration> changes = new TreeMap<>();

    TopicDelta(TopicImage base) {
        this.base = base;
    }

    public String name() {
        return base.name();
    }

    public Uuid id() {
        return base.id();
    }

    /** The topic as it was; without partitions if it is new. */
    public TopicImage base() {
        return base;
    }

    public boolean isNew() {
        return base.partitions().isEmpty();
    }

    /** The partitions that are new or changed, as they are now. */
    public Map<Integer, PartitionRegistration> changedPartitions() {
        return changes;
    }

    void put(PartitionRecord record) {
        changes.put(record.partitionId(), PartitionRegistration.of(record));
    }

    void change(PartitionChangeRecord change) {
        changes.put(change.partitionId(), partition(change.partitionId()).after(change));
    }

    void clearElr() {
        int count = changes.isEmpty() ? base.partitionCount() : Math.max(base.partitionCount(), changes.lastKey() + 1);
        for (int index = 0; index < count; index++) {
            PartitionRegistration present = partition(index);
            if (!present.elr().isEmpty() || !present.lastKnownElr().isEmpty()) {
                changes.put(index, present.withoutElr());
            }
        }
    }

    /** Marks as changed whatever differs between the topic as it was and as it is. */
    static TopicDelta between(TopicImage before, TopicImage after) {
        TopicDelta delta = new TopicDelta(before);
        for (int index = 0; index < after.partitionCount(); index++) {
            PartitionRegistration present = after.partitions().get(index);
            if (index >= before.partitionCount()
                    || !before.partitions().get(index).equals(present)) {
                delta.changes.put(index, present);
            }
        }
        return delta;
    }

    TopicImage toImage() {
        return changes.isEmpty()
                ? base
                : new TopicImage(base.name(), base.id(), base.partitions().with(changes.entrySet()));
    }

    private PartitionRegistration partition(int partition) {
        PartitionRegistration changed = changes.get(partition);
        if (changed != null) {
            return changed;
        }
        Check.invariant(
                partition >= 0 && partition < base.partitionCount(),
                "a partition changes after it was created",
                partition,
                base.partitionCount());
        return base.partitions().get(partition);
    }
}
