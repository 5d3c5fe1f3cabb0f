package ottla.coordinator.offset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.coordinator.group.ClassicGroup;
import ottla.coordinator.group.ClassicState;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.Groups;
import ottla.coordinator.group.Reply;
import ottla.coordinator.group.Write;
import ottla.coordinator.group.WriteOutcome;
import ottla.wire.message.OffsetCommitRequest;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import ottla.wire.message.OffsetCommitResponse;
import ottla.wire.message.OffsetCommitResponse.OffsetCommitResponsePartition;
import ottla.wire.message.OffsetCommitResponse.OffsetCommitResponseTopic;
import ottla.wire.message.OffsetDeleteRequest;
import ottla.wire.message.OffsetDeleteRequest.OffsetDeleteRequestPartition;
import ottla.wire.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import ottla.wire.message.OffsetDeleteResponse;
import ottla.wire.message.OffsetDeleteResponse.OffsetDeleteResponsePartition;
import ottla.wire.message.OffsetDeleteResponse.OffsetDeleteResponseTopic;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import ottla.wire.message.group.OffsetCommitKey;

/**
 * OffsetCommit, OffsetFetch and OffsetDelete on one shard. The topics of a request carry their names and their ids here, and those
 * that do not exist have been answered before. Owned by the thread of the shard.
 */
public final class OffsetRequests {
    /** From this version on a commit to an unknown group is told so (KIP-848); before, its generation is called illegal. */
    private static final int GROUP_ID_NOT_FOUND_VERSION = 9;

    private final GroupConfig config;
    private final Groups groups;
    private final Offsets offsets;

    public OffsetRequests(GroupConfig config, Groups groups, Offsets offsets) {
        this.config = config;
        this.groups = groups;
        this.offsets = offsets;
    }

    // Commit.

    public Write commit(int version, OffsetCommitRequest request, Reply<OffsetCommitResponse> reply, long nowMs) {
        Optional<ClassicGroup> existing = groups.find(request.groupId());
        if (existing.isEmpty() && request.generationIdOrMemberEpoch() >= 0) {
            reply.answer(refusal(
                    request,
                    version >= GROUP_ID_NOT_FOUND_VERSION
                            ? ErrorCode.GROUP_ID_NOT_FOUND
                            : ErrorCode.ILLEGAL_GENERATION));
            return Write.NOTHING;
        }
        ClassicGroup group = groups.findOrCreate(request.groupId(), nowMs);
        ErrorCode refusal =
                group.checkCommit(request.memberId(), request.groupInstanceId(), request.generationIdOrMemberEpoch());
        if (refusal != ErrorCode.NONE) {
            reply.answer(refusal(request, refusal));
            return Write.NOTHING;
        }
        if (group.is(ClassicState.STABLE) || group.is(ClassicState.PREPARING_REBALANCE)) {
            groups.heardOf(group, request.memberId(), nowMs);
        }
        long expireTimestampMs =
                request.retentionTimeMs() == -1 ? CommittedOffset.NONE : nowMs + request.retentionTimeMs();
        List<GroupRecord> records = new ArrayList<>();
        List<OffsetCommitResponseTopic> answers =
                new ArrayList<>(request.topics().size());
        for (OffsetCommitRequestTopic topic : request.topics()) {
            List<OffsetCommitResponsePartition> partitions =
                    new ArrayList<>(topic.partitions().size());
            for (OffsetCommitRequestPartition partition : topic.partitions()) {
                ErrorCode verdict = isTooLarge(partition) ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE;
                if (verdict == ErrorCode.NONE) {
                    records.add(CommittedOffset.of(partition, topic.topicId(), nowMs, expireTimestampMs)
                            .toRecord(
                                    new OffsetCommitKey(request.groupId(), topic.name(), partition.partitionIndex())));
                }
                partitions.add(new OffsetCommitResponsePartition(partition.partitionIndex(), verdict.code()));
            }
            answers.add(new OffsetCommitResponseTopic(topic.name(), topic.topicId(), partitions));
        }
        OffsetCommitResponse answer = OffsetCommitResponse.DEFAULT.withTopics(answers);
        return new Write(records, (outcome, endMs) -> {
            if (outcome.takenBack() && existing.isEmpty()) {
                groups.forgetUnused(group);
            }
            reply.answer(outcome == WriteOutcome.COMMITTED ? answer : refusal(request, outcome.error()));
        });
    }

    private boolean isTooLarge(OffsetCommitRequestPartition partition) {
        String metadata = partition.committedMetadata();
        return metadata != null && metadata.length() > config.offsetMetadataMaxBytes();
    }

    /** The same error for every partition. */
    public static OffsetCommitResponse refusal(OffsetCommitRequest request, ErrorCode error) {
        List<OffsetCommitResponseTopic> topics =
                new ArrayList<>(request.topics().size());
        for (OffsetCommitRequestTopic topic : request.topics()) {
            List<OffsetCommitResponsePartition> partitions = topic.partitions().stream()
                    .map(one -> new OffsetCommitResponsePartition(one.partitionIndex(), error.code()))
                    .toList();
            topics.add(new OffsetCommitResponseTopic(topic.name(), topic.topicId(), partitions));
        }
        return OffsetCommitResponse.DEFAULT.withTopics(topics);
    }

    // Fetch.

    /** As of {@code committedEndOffset}: what stands below it cannot be lost any more. */
    public OffsetFetchResponseGroup fetchCommitted(OffsetFetchRequestGroup request, long committedEndOffset) {
        List<OffsetFetchRequestTopics> topics = request.topics();
        if (topics == null) {
            Map<String, List<OffsetFetchResponsePartitions>> all = new LinkedHashMap<>();
            offsets.forEachAt(
                    request.groupId(), committedEndOffset, (partition, offset) -> gather(all, partition, offset));
            return gathered(request.groupId(), all);
        }
        return fetchNamed(
                request.groupId(),
                topics,
                partition -> offsets.findAt(request.groupId(), partition, committedEndOffset));
    }

    /**
     * The latest state, for those who want offsets to be stable (KIP-447): the answer is held until all that it may have seen is
     * committed.
     */
    public OffsetFetchResponseGroup fetchLatest(OffsetFetchRequestGroup request) {
        List<OffsetFetchRequestTopics> topics = request.topics();
        if (topics == null) {
            Map<String, List<OffsetFetchResponsePartitions>> all = new LinkedHashMap<>();
            offsets.forEach(request.groupId(), (partition, offset) -> gather(all, partition, offset));
            return gathered(request.groupId(), all);
        }
        return fetchNamed(request.groupId(), topics, partition -> offsets.find(request.groupId(), partition));
    }

    /** Where an offset is looked up. */
    @FunctionalInterface
    private interface Lookup {
        Optional<CommittedOffset> find(TopicPartition partition);
    }

    private static OffsetFetchResponseGroup fetchNamed(
            String groupId, List<OffsetFetchRequestTopics> topics, Lookup lookup) {
        List<OffsetFetchResponseTopics> answers = new ArrayList<>(topics.size());
        for (OffsetFetchRequestTopics topic : topics) {
            List<OffsetFetchResponsePartitions> partitions =
                    new ArrayList<>(topic.partitionIndexes().size());
            for (int partition : topic.partitionIndexes()) {
                partitions.add(lookup.find(new TopicPartition(topic.name(), partition))
                        .filter(offset -> !offset.isOfAnother(topic.topicId()))
                        .map(offset -> answer(partition, offset))
                        .orElseGet(() -> noOffset(partition, ErrorCode.NONE)));
            }
            answers.add(new OffsetFetchResponseTopics(topic.name(), topic.topicId(), partitions));
        }
        return OffsetFetchResponseGroup.DEFAULT.withGroupId(groupId).withTopics(answers);
    }

    private static void gather(
            Map<String, List<OffsetFetchResponsePartitions>> all, TopicPartition partition, CommittedOffset offset) {
        all.computeIfAbsent(partition.topic(), topic -> new ArrayList<>()).add(answer(partition.partition(), offset));
    }

    private static OffsetFetchResponseGroup gathered(
            String groupId, Map<String, List<OffsetFetchResponsePartitions>> all) {
        List<OffsetFetchResponseTopics> topics = new ArrayList<>(all.size());
        all.forEach((name, partitions) -> topics.add(new OffsetFetchResponseTopics(name, Uuid.ZERO, partitions)));
        return OffsetFetchResponseGroup.DEFAULT.withGroupId(groupId).withTopics(topics);
    }

    private static OffsetFetchResponsePartitions answer(int partition, CommittedOffset offset) {
        return OffsetFetchResponsePartitions.DEFAULT
                .withPartitionIndex(partition)
                .withCommittedOffset(offset.offset())
                .withCommittedLeaderEpoch(offset.leaderEpoch())
                .withMetadata(offset.metadata());
    }

    /** Nothing is committed, which is no error by itself. */
    public static OffsetFetchResponsePartitions noOffset(int partition, ErrorCode error) {
        return OffsetFetchResponsePartitions.DEFAULT
                .withPartitionIndex(partition)
                .withCommittedOffset(CommittedOffset.NONE)
                .withCommittedLeaderEpoch(CommittedOffset.NONE)
                .withMetadata("")
                .withErrorCode(error.code());
    }

    // Delete.

    public Write delete(OffsetDeleteRequest request, Reply<OffsetDeleteResponse> reply) {
        Optional<ClassicGroup> group = groups.find(request.groupId());
        ErrorCode refusal = group.map(ClassicGroup::checkOffsetDelete).orElse(ErrorCode.GROUP_ID_NOT_FOUND);
        if (refusal != ErrorCode.NONE) {
            reply.answer(OffsetDeleteResponse.DEFAULT.withErrorCode(refusal.code()));
            return Write.NOTHING;
        }
        List<GroupRecord> records = new ArrayList<>();
        List<OffsetDeleteResponseTopic> answers =
                new ArrayList<>(request.topics().size());
        for (OffsetDeleteRequestTopic topic : request.topics()) {
            ErrorCode verdict = group.orElseThrow().isSubscribedTo(topic.name())
                    ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
                    : ErrorCode.NONE;
            List<OffsetDeleteResponsePartition> partitions =
                    new ArrayList<>(topic.partitions().size());
            for (OffsetDeleteRequestPartition one : topic.partitions()) {
                TopicPartition partition = new TopicPartition(topic.name(), one.partitionIndex());
                if (verdict == ErrorCode.NONE
                        && offsets.find(request.groupId(), partition).isPresent()) {
                    records.add(tombstone(request.groupId(), partition));
                }
                partitions.add(new OffsetDeleteResponsePartition(one.partitionIndex(), verdict.code()));
            }
            answers.add(new OffsetDeleteResponseTopic(topic.name(), partitions));
        }
        OffsetDeleteResponse answer = OffsetDeleteResponse.DEFAULT.withTopics(answers);
        return new Write(
                records,
                (outcome, endMs) -> reply.answer(
                        outcome == WriteOutcome.COMMITTED
                                ? answer
                                : OffsetDeleteResponse.DEFAULT.withErrorCode(
                                        outcome.error().code())));
    }

    static GroupRecord tombstone(String groupId, TopicPartition partition) {
        return GroupRecord.tombstone(new OffsetCommitKey(groupId, partition.topic(), partition.partition()));
    }
}
