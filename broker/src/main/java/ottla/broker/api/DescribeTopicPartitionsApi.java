package ottla.broker.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.decide.TopicNames;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeTopicPartitionsRequest;
import ottla.wire.message.DescribeTopicPartitionsResponse;
import ottla.wire.message.DescribeTopicPartitionsResponse.Cursor;
import ottla.wire.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition;
import ottla.wire.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic;

/** Describes the partitions of topics page by page, in order of the topics' names (KIP-966). */
public final class DescribeTopicPartitionsApi implements Api<DescribeTopicPartitionsRequest> {
    private final ClusterView cluster;
    private final int partitionsMax;

    /** @param partitionsMax {@code max.request.partition.size.limit} */
    public DescribeTopicPartitionsApi(ClusterView cluster, int partitionsMax) {
        this.cluster = cluster;
        this.partitionsMax = partitionsMax;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_TOPIC_PARTITIONS;
    }

    @Override
    public void serve(DescribeTopicPartitionsRequest request, InboundRequest inbound) {
        ClusterImage image = cluster.image();
        Page page = new Page(
                image,
                inbound.connection().listenerName(),
                Math.max(Math.min(partitionsMax, request.responsePartitionLimit()), 1));
        TreeSet<String> names = new TreeSet<>();
        boolean everything = request.topics().isEmpty();
        if (everything) {
            image.topics().all().forEach(topic -> names.add(topic.name()));
        } else {
            request.topics().forEach(topic -> names.add(topic.name()));
        }
        int firstPartition = 0;
        String cursorTopic = "";
        if (request.cursor() != null) {
            cursorTopic = request.cursor().topicName();
            firstPartition = request.cursor().partitionIndex();
            if (firstPartition < 0 || (!everything && !names.contains(cursorTopic))) {
                inbound.answer(refused(request));
                return;
            }
        }
        for (String name : names.tailSet(cursorTopic)) {
            page.add(name, name.equals(cursorTopic) ? firstPartition : 0, everything);
        }
        inbound.answer(page.answer());
    }

    /** A cursor that no answer ever gave refuses the request as a whole. */
    private static DescribeTopicPartitionsResponse refused(DescribeTopicPartitionsRequest request) {
        return DescribeTopicPartitionsResponse.DEFAULT.withTopics(request.topics().stream()
                .map(topic -> DescribeTopicPartitionsResponseTopic.DEFAULT
                        .withName(topic.name())
                        .withErrorCode(ErrorCode.INVALID_REQUEST.code()))
                .toList());
    }

    /** The answer as it fills. */
    private static final class Page {
        private final ClusterImage image;
        private final String listener;
        private final List<DescribeTopicPartitionsResponseTopic> topics = new ArrayList<>();
        private int room;
        private Optional<Cursor> next = Optional.empty();

        Page(ClusterImage image, String listener, int room) {
            this.image = image;
            this.listener = listener;
            this.room = room;
        }

        void add(String name, int firstPartition, boolean fromEverything) {
            if (next.isPresent()) {
                return;
            }
            Optional<TopicImage> topic = image.topic(name);
            if (topic.isEmpty()) {
                if (!fromEverything) {
                    topics.add(absent(name));
                }
                return;
            }
            if (room == 0) {
                next = Optional.of(new Cursor(name, firstPartition));
                return;
            }
            int end = Math.min(topic.get().partitionCount(), firstPartition + room);
            List<DescribeTopicPartitionsResponsePartition> partitions = new ArrayList<>();
            for (int i = firstPartition; i < end; i++) {
                partitions.add(partition(topic.get().partitions().get(i), i));
            }
            room -= partitions.size();
            if (end < topic.get().partitionCount()) {
                next = Optional.of(new Cursor(name, end));
            }
            topics.add(new DescribeTopicPartitionsResponseTopic(
                    ErrorCode.NONE.code(),
                    name,
                    topic.get().id(),
                    InternalTopics.contains(name),
                    partitions,
                    Operations.TOPIC));
        }

        DescribeTopicPartitionsResponse answer() {
            return DescribeTopicPartitionsResponse.DEFAULT.withTopics(topics).withNextCursor(next.orElse(null));
        }

        private DescribeTopicPartitionsResponseTopic absent(String name) {
            ErrorCode error = TopicNames.reasonInvalid(name).isPresent()
                    ? ErrorCode.INVALID_TOPIC_EXCEPTION
                    : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
            return DescribeTopicPartitionsResponseTopic.DEFAULT
                    .withErrorCode(error.code())
                    .withName(name)
                    .withTopicId(Uuid.ZERO)
                    .withIsInternal(InternalTopics.contains(name))
                    .withTopicAuthorizedOperations(Operations.TOPIC);
        }

        private DescribeTopicPartitionsResponsePartition partition(PartitionRegistration partition, int index) {
            ErrorCode error =
                    ClusterView.leaderError(image, partition.leader(), listener, ErrorCode.LISTENER_NOT_FOUND);
            return new DescribeTopicPartitionsResponsePartition(
                    error.code(),
                    index,
                    error == ErrorCode.NONE ? partition.leader() : -1,
                    partition.leaderEpoch(),
                    partition.replicas(),
                    partition.isr(),
                    partition.elr(),
                    partition.lastKnownElr(),
                    MetadataApi.offline(image, partition, listener));
        }
    }
}
