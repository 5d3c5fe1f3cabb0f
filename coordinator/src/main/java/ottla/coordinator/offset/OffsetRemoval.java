package ottla.coordinator.offset;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import ottla.base.Uuid;
import ottla.coordinator.group.ClassicGroup;
import ottla.coordinator.group.ClassicState;
import ottla.coordinator.group.GroupRecord;

/**
 * Which offsets go, other than by request: those of a deleted group, those of a deleted topic, and those that nobody has needed for
 * {@code offsets.retention.minutes} (KIP-211). An offset that says itself when it expires goes then; otherwise the retention
 * counts
 *
 * <pre>
 *   group without members, of a protocol      from the moment it became empty
 *   consumers in a stable group               from the commit, for topics that no member reads any more
 *   offsets without a group (simple consumer) from the commit
 *   any other group                           not at all
 * </pre>
 */
public final class OffsetRemoval {
    private final Offsets offsets;
    private final long retentionMs;

    public OffsetRemoval(Offsets offsets, long retentionMs) {
        this.offsets = offsets;
        this.retentionMs = retentionMs;
    }

    /** Tombstones for all offsets of a group. */
    public List<GroupRecord> ofGroup(String groupId) {
        List<GroupRecord> tombstones = new ArrayList<>();
        offsets.forEach(groupId, (partition, offset) -> tombstones.add(OffsetRequests.tombstone(groupId, partition)));
        return tombstones;
    }

    /** Tombstones for a group's offsets in topics that were deleted: by name, unless the offset is of a namesake. */
    public List<GroupRecord> ofTopics(String groupId, Map<String, Uuid> deleted) {
        List<GroupRecord> tombstones = new ArrayList<>();
        offsets.forEach(groupId, (partition, offset) -> {
            Uuid topicId = deleted.get(partition.topic());
            if (topicId != null
                    && (offset.topicId().isZero() || offset.topicId().equals(topicId))) {
                tombstones.add(OffsetRequests.tombstone(groupId, partition));
            }
        });
        return tombstones;
    }

    /** Tombstones for a group's expired offsets, and whether any offset remains. */
    public Expired expired(ClassicGroup group, long nowMs) {
        List<GroupRecord> tombstones = new ArrayList<>();
        Optional<Since> since = since(group);
        if (since.isEmpty()) {
            return new Expired(tombstones, offsets.has(group.groupId()) ? Rest.SOME : Rest.NONE);
        }
        int[] left = {0};
        offsets.forEach(group.groupId(), (partition, offset) -> {
            if (!group.isSubscribedTo(partition.topic()) && isExpired(offset, since.get(), nowMs)) {
                tombstones.add(OffsetRequests.tombstone(group.groupId(), partition));
            } else {
                left[0]++;
            }
        });
        return new Expired(tombstones, left[0] == 0 ? Rest.NONE : Rest.SOME);
    }

    /** Whether a group has offsets when the expired ones are gone. */
    public enum Rest {
        NONE,
        SOME
    }

    public record Expired(List<GroupRecord> tombstones, Rest rest) {}

    /** Where the retention of a group's offsets begins: a moment for all of them, or each one's commit. */
    private record Since(OptionalLong momentMs) {}

    private static Optional<Since> since(ClassicGroup group) {
        if (group.protocolType().isEmpty()) {
            return Optional.of(new Since(OptionalLong.empty()));
        }
        if (group.is(ClassicState.EMPTY)) {
            long emptySinceMs = group.stateSinceMs();
            return Optional.of(new Since(emptySinceMs == -1 ? OptionalLong.empty() : OptionalLong.of(emptySinceMs)));
        }
        boolean watched = group.hasConsumers() && group.knowsSubscriptions() && group.is(ClassicState.STABLE);
        return watched ? Optional.of(new Since(OptionalLong.empty())) : Optional.empty();
    }

    private boolean isExpired(CommittedOffset offset, Since since, long nowMs) {
        if (offset.expireTimestampMs() != CommittedOffset.NONE) {
            return nowMs >= offset.expireTimestampMs();
        }
        return nowMs - since.momentMs().orElse(offset.commitTimestampMs()) >= retentionMs;
    }
}
