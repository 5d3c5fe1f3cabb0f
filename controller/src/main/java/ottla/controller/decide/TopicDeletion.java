package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.TopicImage;
import ottla.controller.quota.MutationQuota;
import ottla.replication.machine.Decision;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsRequest.DeleteTopicState;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.DeleteTopicsResponse.DeletableTopicResult;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.RemoveTopicRecord;

/** DeleteTopics, by name or (from version 6) by id. */
public final class TopicDeletion {
    private static final int FIRST_VERSION_TO_KNOW_DISABLED = 3;

    private final ClusterFacts facts;
    private final MutationQuota quota;

    public TopicDeletion(ClusterFacts facts) {
        this(facts, MutationQuota.UNLIMITED);
    }

    /** {@code quota} counts the partitions of what is deleted. */
    public TopicDeletion(ClusterFacts facts, MutationQuota quota) {
        this.facts = facts;
        this.quota = quota;
    }

    /** {@code version} is the request's: older clients do not know every error. */
    public Decision<MetadataRecord, DeleteTopicsResponse> delete(DeleteTopicsRequest request, int version) {
        List<DeleteTopicState> asked = asked(request);
        if (facts.settings().topicDeletion() == ControllerSettings.TopicDeletion.DISABLED) {
            ErrorCode error = version < FIRST_VERSION_TO_KNOW_DISABLED
                    ? ErrorCode.INVALID_REQUEST
                    : ErrorCode.TOPIC_DELETION_DISABLED;
            return Decision.of(DeleteTopicsResponse.DEFAULT.withResponses(asked.stream()
                    .map(one -> refused(one.name(), one.topicId(), error, "Topic deletion is disabled."))
                    .toList()));
        }
        List<DeletableTopicResult> results = new ArrayList<>();
        Map<Uuid, TopicImage> deleted = new LinkedHashMap<>();
        names(asked, results, deleted);
        ids(asked, results, deleted);
        List<MetadataRecord> records = new ArrayList<>();
        for (TopicImage topic : deleted.values()) {
            if (!quota.admits(topic.partitionCount())) {
                Verdict.Refused<Void> exceeded = Refusals.quotaExceeded();
                results.add(refused(topic.name(), topic.id(), exceeded.error(), Refusals.sentence(exceeded)));
                continue;
            }
            records.add(new RemoveTopicRecord(topic.id()));
            results.add(new DeletableTopicResult(topic.name(), topic.id(), ErrorCode.NONE.code(), null));
        }
        return new Decision<>(records, DeleteTopicsResponse.DEFAULT.withResponses(results));
    }

    private static List<DeleteTopicState> asked(DeleteTopicsRequest request) {
        List<DeleteTopicState> asked = new ArrayList<>(request.topics());
        request.topicNames().forEach(name -> asked.add(new DeleteTopicState(name, Uuid.ZERO)));
        return asked;
    }

    private void names(
            List<DeleteTopicState> asked, List<DeletableTopicResult> results, Map<Uuid, TopicImage> deleted) {
        Set<String> twice = twice(asked.stream()
                .filter(one -> one.topicId().isZero())
                .flatMap(one -> Optional.ofNullable(one.name()).stream())
                .toList());
        for (DeleteTopicState one : asked) {
            String name = one.name();
            if (name == null) {
                if (one.topicId().isZero()) {
                    results.add(refused(
                            null, Uuid.ZERO, ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified."));
                }
            } else if (!one.topicId().isZero()) {
                results.add(refused(
                        name,
                        one.topicId(),
                        ErrorCode.INVALID_REQUEST,
                        "You may not specify both topic name and topic id."));
            } else if (!twice.contains(name)) {
                facts.image()
                        .topic(name)
                        .ifPresentOrElse(
                                topic -> deleted.put(topic.id(), topic),
                                () -> results.add(refused(
                                        name,
                                        Uuid.ZERO,
                                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                                        "This server does not host this topic-partition.")));
            }
        }
        twice.forEach(
                name -> results.add(refused(name, Uuid.ZERO, ErrorCode.INVALID_REQUEST, "Duplicate topic name.")));
    }

    private void ids(List<DeleteTopicState> asked, List<DeletableTopicResult> results, Map<Uuid, TopicImage> deleted) {
        List<Uuid> ids = asked.stream()
                .filter(one -> one.name() == null && !one.topicId().isZero())
                .map(DeleteTopicState::topicId)
                .toList();
        Set<Uuid> twice = twice(ids);
        for (Uuid id : ids) {
            if (twice.contains(id)) {
                continue;
            }
            Optional<TopicImage> topic = facts.image().topic(id);
            if (topic.isEmpty()) {
                results.add(refused(null, id, ErrorCode.UNKNOWN_TOPIC_ID, "This server does not host this topic ID."));
            } else if (deleted.remove(id) != null) {
                String text = "The provided topic name maps to an ID that was already supplied.";
                results.add(refused(topic.get().name(), id, ErrorCode.INVALID_REQUEST, text));
            } else {
                deleted.put(id, topic.get());
            }
        }
        twice.forEach(id -> results.add(refused(null, id, ErrorCode.INVALID_REQUEST, "Duplicate topic id.")));
    }

    private static <T> Set<T> twice(List<T> all) {
        Set<T> seen = new HashSet<>();
        Set<T> twice = new HashSet<>();
        all.forEach(one -> {
            if (!seen.add(one)) {
                twice.add(one);
            }
        });
        return twice;
    }

    private static DeletableTopicResult refused(
            @Nullable String name, Uuid id, ErrorCode error, @Nullable String message) {
        return new DeletableTopicResult(name, id, error.code(), message);
    }
}
