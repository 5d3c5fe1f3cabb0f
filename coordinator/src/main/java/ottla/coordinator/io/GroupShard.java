package ottla.coordinator.io;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.coordinator.group.ClassicGroup;
import ottla.coordinator.group.ClassicState;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.GroupTimers;
import ottla.coordinator.group.Groups;
import ottla.coordinator.group.MemberIds;
import ottla.coordinator.group.Reply;
import ottla.coordinator.group.Write;
import ottla.coordinator.group.WriteOutcome;
import ottla.coordinator.offset.CommittedOffset;
import ottla.coordinator.offset.OffsetRemoval;
import ottla.coordinator.offset.OffsetRemoval.Expired;
import ottla.coordinator.offset.OffsetRequests;
import ottla.coordinator.offset.Offsets;
import ottla.replication.machine.Machine;
import ottla.replication.machine.Versions;
import ottla.wire.message.DeleteGroupsResponse.DeletableGroupResult;
import ottla.wire.message.group.GroupMetadataKey;
import ottla.wire.message.group.GroupMetadataValue;
import ottla.wire.message.group.GroupValue;
import ottla.wire.message.group.LegacyOffsetCommitKey;
import ottla.wire.message.group.LegacyOffsetCommitValue;
import ottla.wire.message.group.OffsetCommitKey;
import ottla.wire.message.group.OffsetCommitValue;

/**
 * The groups and offsets of one partition of {@code __consumer_offsets}, as one machine without I/O.
 *
 * <p>Offsets are durable state in the strict sense: only applied records change them. Groups live: they are changed when requests
 * are decided, and their records count when they are read back, while the shard is loaded. Owned by the loop's thread; made when
 * the partition is led, dropped when it is resigned.
 */
final class GroupShard implements Machine<GroupRecord> {
    /**
     * So many tombstones are written at once, at most: some 100 bytes each, they fit well into the smallest batch that
     * {@code max.message.bytes} allows in practice. More wait for the next round.
     */
    private static final int TOMBSTONES_PER_WRITE = 2_000;

    private static final Logger LOG = LoggerFactory.getLogger(GroupShard.class);

    private final Groups groups;
    private final Offsets offsets;
    private final OffsetRequests requests;
    private final OffsetRemoval removal;
    private Phase phase = Phase.LOADING;

    private enum Phase {
        LOADING,
        SERVING
    }

    GroupShard(GroupConfig config, Versions versions, GroupTimers timers, MemberIds memberIds) {
        groups = new Groups(config, timers, memberIds);
        offsets = new Offsets(versions);
        requests = new OffsetRequests(config, groups, offsets);
        removal = new OffsetRemoval(offsets, config.offsetsRetentionMs());
    }

    Groups groups() {
        return groups;
    }

    Offsets offsets() {
        return offsets;
    }

    OffsetRequests offsetRequests() {
        return requests;
    }

    /** The whole log has been applied: from here on requests are decided. */
    void loaded(long nowMs) {
        phase = Phase.SERVING;
        groups.loaded(nowMs);
    }

    @Override
    public void apply(long offset, GroupRecord record) {
        GroupValue value = record.value();
        switch (record.key()) {
            case OffsetCommitKey key ->
                applyOffset(
                        key.group(),
                        new TopicPartition(key.topic(), key.partition()),
                        value instanceof OffsetCommitValue committed ? CommittedOffset.of(committed) : null);
            case LegacyOffsetCommitKey key ->
                applyOffset(
                        key.group(),
                        new TopicPartition(key.topic(), key.partition()),
                        value instanceof LegacyOffsetCommitValue committed ? CommittedOffset.of(committed) : null);
            case GroupMetadataKey key -> {
                if (phase == Phase.LOADING) {
                    applyMetadata(key.group(), value);
                }
            }
            default -> {
                if (phase == Phase.LOADING) {
                    LOG.warn("steps over a record of a protocol that is not served yet: {}", record.key());
                }
            }
        }
    }

    private void applyOffset(String groupId, TopicPartition partition, @Nullable CommittedOffset committed) {
        if (committed == null) {
            offsets.remove(groupId, partition);
            return;
        }
        offsets.put(groupId, partition, committed);
        if (phase == Phase.LOADING) {
            groups.findOrCreate(groupId, committed.commitTimestampMs());
        }
    }

    private void applyMetadata(String groupId, @Nullable GroupValue value) {
        if (value instanceof GroupMetadataValue metadata) {
            groups.restore(groupId, metadata);
        } else {
            groups.restoreDeletion(groupId);
        }
    }

    /** Deletes groups that have no members, with their offsets, all or none of those that may be deleted. */
    Write deleteGroups(List<String> groupIds, Reply<List<DeletableGroupResult>> reply) {
        List<GroupRecord> records = new ArrayList<>();
        List<ClassicGroup> deleted = new ArrayList<>();
        List<DeletableGroupResult> results = new ArrayList<>(groupIds.size());
        for (String groupId : groupIds) {
            ErrorCode verdict = groups.checkDelete(groupId);
            if (verdict == ErrorCode.NONE) {
                ClassicGroup group = groups.find(groupId).orElseThrow();
                records.addAll(removal.ofGroup(groupId));
                records.add(groups.delete(group));
                deleted.add(group);
            }
            results.add(new DeletableGroupResult(groupId, verdict.code()));
        }
        return new Write(records, (outcome, nowMs) -> {
            if (outcome.takenBack()) {
                deleted.forEach(groups::putBack);
            }
            reply.answer(outcome == WriteOutcome.COMMITTED ? results : refused(groupIds, outcome.error()));
        });
    }

    static List<DeletableGroupResult> refused(List<String> groupIds, ErrorCode error) {
        return groupIds.stream()
                .map(groupId -> new DeletableGroupResult(groupId, error.code()))
                .toList();
    }

    /** The groups that the regular clean-up has to look at. */
    Set<String> groupIds() {
        Set<String> ids = new HashSet<>();
        groups.all().forEach(group -> ids.add(group.groupId()));
        return ids;
    }

    /** Removes a group's expired offsets, and the group itself if that leaves nothing of it. */
    Write cleanUp(String groupId, long nowMs) {
        ClassicGroup group = groups.find(groupId).orElse(null);
        if (group == null) {
            return Write.NOTHING;
        }
        Expired expired = removal.expired(group, nowMs);
        List<GroupRecord> tombstones = new ArrayList<>(atMost(expired.tombstones()));
        boolean allGone = expired.rest() == OffsetRemoval.Rest.NONE
                && tombstones.size() == expired.tombstones().size();
        if (!allGone || !group.is(ClassicState.EMPTY)) {
            return new Write(tombstones, (outcome, endMs) -> {});
        }
        tombstones.add(groups.delete(group));
        return new Write(tombstones, (outcome, endMs) -> {
            if (outcome.takenBack()) {
                groups.putBack(group);
            }
        });
    }

    /** Removes a group's offsets in topics that were deleted. */
    Write forgetTopics(String groupId, Map<String, Uuid> deleted) {
        return new Write(atMost(removal.ofTopics(groupId, deleted)), (outcome, endMs) -> {
            if (outcome != WriteOutcome.COMMITTED) {
                LOG.warn("offsets of group {} in deleted topics {} remain: {}", groupId, deleted.keySet(), outcome);
            }
        });
    }

    private static List<GroupRecord> atMost(List<GroupRecord> tombstones) {
        return tombstones.subList(0, Math.min(tombstones.size(), TOMBSTONES_PER_WRITE));
    }
}
