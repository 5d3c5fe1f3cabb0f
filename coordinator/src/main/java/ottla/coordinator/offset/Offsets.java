package ottla.coordinator.offset;

import java.util.Optional;
import java.util.function.BiConsumer;
import ottla.base.TopicPartition;
import ottla.replication.machine.VersionedMap;
import ottla.replication.machine.Versions;

/**
 * The committed offsets of all groups of one shard. Changed by applying records only, so that what never commits is taken back.
 * Owned by the thread of the shard.
 */
public final class Offsets {
    private final Versions versions;
    private final VersionedMap<String, VersionedMap<TopicPartition, CommittedOffset>> groups;

    public Offsets(Versions versions) {
        this.versions = versions;
        this.groups = new VersionedMap<>(versions);
    }

    /** The latest state, committed or not. */
    public Optional<CommittedOffset> find(String groupId, TopicPartition partition) {
        return groups.find(groupId).flatMap(offsets -> offsets.find(partition));
    }

    /** The state as of {@code endOffset}. */
    public Optional<CommittedOffset> findAt(String groupId, TopicPartition partition, long endOffset) {
        return groups.findAt(groupId, endOffset).flatMap(offsets -> offsets.findAt(partition, endOffset));
    }

    public boolean has(String groupId) {
        return groups.contains(groupId);
    }

    /** Visits the latest state of one group. */
    public void forEach(String groupId, BiConsumer<TopicPartition, CommittedOffset> visitor) {
        groups.find(groupId).ifPresent(offsets -> offsets.forEach(visitor));
    }

    /** Visits the state of one group as of {@code endOffset}. */
    public void forEachAt(String groupId, long endOffset, BiConsumer<TopicPartition, CommittedOffset> visitor) {
        groups.findAt(groupId, endOffset).ifPresent(offsets -> offsets.forEachAt(endOffset, visitor));
    }

    /** The ids of groups that have offsets. */
    public void forEachGroup(BiConsumer<String, Integer> visitor) {
        groups.forEach((groupId, offsets) -> visitor.accept(groupId, offsets.size()));
    }

    public void put(String groupId, TopicPartition partition, CommittedOffset offset) {
        VersionedMap<TopicPartition, CommittedOffset> offsets = groups.find(groupId)
                .orElseGet(() -> {
                    VersionedMap<TopicPartition, CommittedOffset> fresh = new VersionedMap<>(versions);
                    groups.put(groupId, fresh);
                    return fresh;
                });
        offsets.put(partition, offset);
    }

    public void remove(String groupId, TopicPartition partition) {
        groups.find(groupId).ifPresent(offsets -> {
            offsets.remove(partition);
            if (offsets.isEmpty()) {
                groups.remove(groupId);
            }
        });
    }
}
