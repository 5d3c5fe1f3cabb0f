package ottla.coordinator.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ottla.base.ErrorCode;
import ottla.coordinator.offset.OffsetRequests;
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
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import ottla.wire.message.OffsetFetchResponse;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponsePartition;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseTopic;
import ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseTopics;

/**
 * The topics of offset requests against those of the cluster: names become ids and ids names, what does not exist is answered here,
 * and the shard's answer is put together with that. Made for one request; any thread.
 */
final class OffsetTopics {
    /** From this version on commits and fetches name topics by id (KIP-848). */
    private static final int TOPIC_ID_VERSION = 10;

    /** From this version on a fetch asks for several groups at once (KIP-709). */
    private static final int GROUPS_VERSION = 8;

    /** From this version on a fetch's answer has an error for the group; before, each partition repeats it. */
    private static final int GROUP_ERROR_VERSION = 2;

    private final TopicFacts facts;

    OffsetTopics(TopicFacts facts) {
        this.facts = facts;
    }

    // Commit.

    /** What is left of a request to decide, and what is answered already. */
    record Commit(OffsetCommitRequest request, List<OffsetCommitResponseTopic> refused) {
        /** Refused topics first, then the others, a topic that is both of them once. */
        OffsetCommitResponse merge(OffsetCommitResponse decided) {
            if (refused.isEmpty()) {
                return decided;
            }
            Map<List<Object>, OffsetCommitResponseTopic> merged = new LinkedHashMap<>();
            List.of(refused, decided.topics())
                    .forEach(part -> part.forEach(topic -> merged.merge(
                            List.of(topic.name(), topic.topicId()),
                            topic,
                            (one, other) -> one.withPartitions(concat(one.partitions(), other.partitions())))));
            return decided.withTopics(List.copyOf(merged.values()));
        }
    }

    Commit resolve(int version, OffsetCommitRequest request) {
        List<OffsetCommitRequestTopic> known = new ArrayList<>(request.topics().size());
        List<OffsetCommitResponseTopic> refused = new ArrayList<>();
        for (OffsetCommitRequestTopic asked : request.topics()) {
            OffsetCommitRequestTopic topic = version >= TOPIC_ID_VERSION
                    ? asked.withName(facts.topicName(asked.topicId()).orElse(""))
                    : asked.withTopicId(facts.topicId(asked.name()));
            if (version >= TOPIC_ID_VERSION && topic.name().isEmpty()) {
                refused.add(refuse(topic, topic.partitions(), ErrorCode.UNKNOWN_TOPIC_ID));
                continue;
            }
            int count = facts.partitionCount(topic.name());
            List<OffsetCommitRequestPartition> unknown = topic.partitions().stream()
                    .filter(one -> one.partitionIndex() < 0 || one.partitionIndex() >= count)
                    .toList();
            if (!unknown.isEmpty() || count == 0) {
                refused.add(refuse(topic, unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
            }
            if (unknown.size() < topic.partitions().size()) {
                known.add(topic.withPartitions(without(topic.partitions(), unknown)));
            }
        }
        return new Commit(request.withTopics(known), refused);
    }

    private static OffsetCommitResponseTopic refuse(
            OffsetCommitRequestTopic topic, List<OffsetCommitRequestPartition> partitions, ErrorCode error) {
        return new OffsetCommitResponseTopic(
                topic.name(),
                topic.topicId(),
                partitions.stream()
                        .map(one -> new OffsetCommitResponsePartition(one.partitionIndex(), error.code()))
                        .toList());
    }

    // Fetch.

    /** The groups that a fetch asks for, in the form of the newer versions. */
    static List<OffsetFetchRequestGroup> groupsOf(int version, OffsetFetchRequest request) {
        if (version >= GROUPS_VERSION) {
            return request.groups();
        }
        OffsetFetchRequestGroup group = OffsetFetchRequestGroup.DEFAULT.withGroupId(request.groupId());
        var topics = request.topics();
        return List.of(
                topics == null
                        ? group.withTopics(null)
                        : group.withTopics(topics.stream()
                                .map(topic -> OffsetFetchRequestTopics.DEFAULT
                                        .withName(topic.name())
                                        .withPartitionIndexes(topic.partitionIndexes()))
                                .toList()));
    }

    /** What is left of a group's fetch to look up, and what is answered already. */
    record Fetch(
            OffsetFetchRequestGroup request, List<OffsetFetchResponseTopics> refused, int version, TopicFacts facts) {
        OffsetFetchResponseGroup merge(OffsetFetchResponseGroup found) {
            if (found.errorCode() != ErrorCode.NONE.code()) {
                return found;
            }
            if (request.topics() == null && version >= TOPIC_ID_VERSION) {
                return found.withTopics(identified(found.topics()));
            }
            return refused.isEmpty() ? found : found.withTopics(concat(found.topics(), refused));
        }

        /** Who asks for all offsets by id is not told of topics that have none any more. */
        private List<OffsetFetchResponseTopics> identified(List<OffsetFetchResponseTopics> topics) {
            return topics.stream()
                    .map(topic -> topic.withTopicId(facts.topicId(topic.name())))
                    .filter(topic -> !topic.topicId().isZero())
                    .toList();
        }
    }

    Fetch resolve(int version, OffsetFetchRequestGroup group) {
        List<OffsetFetchRequestTopics> asked = group.topics();
        if (asked == null || version < TOPIC_ID_VERSION) {
            return new Fetch(group, List.of(), version, facts);
        }
        List<OffsetFetchRequestTopics> known = new ArrayList<>(asked.size());
        List<OffsetFetchResponseTopics> refused = new ArrayList<>();
        for (OffsetFetchRequestTopics topic : asked) {
            String name = topic.topicId().isZero()
                    ? ""
                    : facts.topicName(topic.topicId()).orElse("");
            if (name.isEmpty()) {
                refused.add(refuse(topic, ErrorCode.UNKNOWN_TOPIC_ID));
            } else {
                known.add(topic.withName(name));
            }
        }
        return new Fetch(group.withTopics(known), refused, version, facts);
    }

    private static OffsetFetchResponseTopics refuse(OffsetFetchRequestTopics topic, ErrorCode error) {
        List<OffsetFetchResponsePartitions> partitions = topic.partitionIndexes().stream()
                .map(partition -> OffsetRequests.noOffset(partition, error))
                .toList();
        return new OffsetFetchResponseTopics(topic.name(), topic.topicId(), partitions);
    }

    /** The group as a whole cannot be asked. */
    static OffsetFetchResponseGroup refusal(int version, OffsetFetchRequestGroup asked, ErrorCode error) {
        OffsetFetchResponseGroup group = OffsetFetchResponseGroup.DEFAULT.withGroupId(asked.groupId());
        List<OffsetFetchRequestTopics> topics = asked.topics();
        if (version >= GROUP_ERROR_VERSION || topics == null) {
            return group.withErrorCode(error.code());
        }
        return group.withTopics(
                topics.stream().map(topic -> refuse(topic, error)).toList());
    }

    static OffsetFetchResponse answer(int version, List<OffsetFetchResponseGroup> groups) {
        if (version >= GROUPS_VERSION) {
            return OffsetFetchResponse.DEFAULT.withGroups(groups);
        }
        OffsetFetchResponseGroup only = groups.getFirst();
        return OffsetFetchResponse.DEFAULT
                .withErrorCode(only.errorCode())
                .withTopics(only.topics().stream()
                        .map(OffsetTopics::ofOlderVersions)
                        .toList());
    }

    private static OffsetFetchResponseTopic ofOlderVersions(OffsetFetchResponseTopics topic) {
        return OffsetFetchResponseTopic.DEFAULT
                .withName(topic.name())
                .withPartitions(topic.partitions().stream()
                        .map(one -> OffsetFetchResponsePartition.DEFAULT
                                .withPartitionIndex(one.partitionIndex())
                                .withCommittedOffset(one.committedOffset())
                                .withCommittedLeaderEpoch(one.committedLeaderEpoch())
                                .withMetadata(one.metadata())
                                .withErrorCode(one.errorCode()))
                        .toList());
    }

    // Delete.

    /** What is left of a request to decide, and what is answered already. */
    record Delete(OffsetDeleteRequest request, List<OffsetDeleteResponseTopic> refused) {
        OffsetDeleteResponse merge(OffsetDeleteResponse decided) {
            if (refused.isEmpty() || decided.errorCode() != ErrorCode.NONE.code()) {
                return decided;
            }
            Map<String, OffsetDeleteResponseTopic> merged = new LinkedHashMap<>();
            List.of(refused, decided.topics())
                    .forEach(part -> part.forEach(topic -> merged.merge(
                            topic.name(),
                            topic,
                            (one, other) -> one.withPartitions(concat(one.partitions(), other.partitions())))));
            return decided.withTopics(List.copyOf(merged.values()));
        }
    }

    Delete resolve(OffsetDeleteRequest request) {
        List<OffsetDeleteRequestTopic> known = new ArrayList<>(request.topics().size());
        List<OffsetDeleteResponseTopic> refused = new ArrayList<>();
        for (OffsetDeleteRequestTopic topic : request.topics()) {
            int count = facts.partitionCount(topic.name());
            List<OffsetDeleteRequestPartition> unknown = topic.partitions().stream()
                    .filter(one -> one.partitionIndex() < 0 || one.partitionIndex() >= count)
                    .toList();
            if (!unknown.isEmpty() || count == 0) {
                refused.add(new OffsetDeleteResponseTopic(
                        topic.name(),
                        unknown.stream()
                                .map(one -> new OffsetDeleteResponsePartition(
                                        one.partitionIndex(), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION.code()))
                                .toList()));
            }
            if (unknown.size() < topic.partitions().size()) {
                known.add(topic.withPartitions(without(topic.partitions(), unknown)));
            }
        }
        return new Delete(request.withTopics(known), refused);
    }

    private static <T> List<T> without(List<T> all, List<T> some) {
        return some.isEmpty()
                ? all
                : all.stream().filter(one -> !some.contains(one)).toList();
    }

    private static <T> List<T> concat(List<T> one, List<T> other) {
        List<T> both = new ArrayList<>(one);
        both.addAll(other);
        return both;
    }
}
