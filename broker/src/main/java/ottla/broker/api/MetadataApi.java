package ottla.broker.api;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.decide.TopicNames;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.MetadataRequest.MetadataRequestTopic;
import ottla.wire.message.MetadataResponse;
import ottla.wire.message.MetadataResponse.MetadataResponseBroker;
import ottla.wire.message.MetadataResponse.MetadataResponsePartition;
import ottla.wire.message.MetadataResponse.MetadataResponseTopic;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

/** Tells clients where the partitions of topics are. */
public final class MetadataApi implements Api<MetadataRequest> {
    /** The first version in which a topic may be named by its id alone. */
    private static final int TOPIC_ID_VERSION = 12;

    private final ClusterView cluster;
    private final TopicCreation creation;

    public MetadataApi(ClusterView cluster, TopicCreation creation) {
        this.cluster = cluster;
        this.creation = creation;
    }

    @Override
    public ApiKey key() {
        return ApiKey.METADATA;
    }

    @Override
    public void serve(MetadataRequest request, InboundRequest inbound) {
        if (inbound.version() < TOPIC_ID_VERSION && namesIds(request)) {
            inbound.answer(refused(request));
            return;
        }
        ClusterImage image = cluster.image();
        String listener = inbound.connection().listenerName();
        List<MetadataResponseTopic> topics = new ArrayList<>();
        Set<String> missing = new LinkedHashSet<>();
        List<MetadataRequestTopic> asked = request.topics();
        if (asked == null || (asked.isEmpty() && inbound.version() == 0)) {
            image.topics()
                    .all()
                    .forEach(topic -> topics.add(found(image, topic, listener, inbound.version(), request)));
        } else {
            for (MetadataRequestTopic topic : meant(asked)) {
                topics.add(one(image, topic, listener, inbound.version(), request, missing));
            }
        }
        if (request.allowAutoTopicCreation() && !missing.isEmpty()) {
            creation.createOnDemand(missing, inbound);
        }
        inbound.answer(answer(image, listener, request, topics));
    }

    private static boolean namesIds(MetadataRequest request) {
        List<MetadataRequestTopic> asked = request.topics();
        return asked != null
                && asked.stream()
                        .anyMatch(topic ->
                                topic.name() == null || !topic.topicId().isZero());
    }

    /** Versions 10 and 11 have a field for ids, but do not take them. */
    private static MetadataResponse refused(MetadataRequest request) {
        List<MetadataRequestTopic> asked = request.topics();
        List<MetadataResponseTopic> topics = asked == null
                ? List.of()
                : asked.stream()
                        .map(topic -> MetadataResponseTopic.DEFAULT
                                .withErrorCode(ErrorCode.INVALID_REQUEST.code())
                                .withName(topic.name() == null ? "" : topic.name())
                                .withTopicId(topic.topicId()))
                        .toList();
        return MetadataResponse.DEFAULT.withTopics(topics);
    }

    /** A request with any id means only its ids, otherwise its names (KIP-516), each once. */
    private static List<MetadataRequestTopic> meant(List<MetadataRequestTopic> asked) {
        List<MetadataRequestTopic> ids = asked.stream()
                .filter(topic -> !topic.topicId().isZero())
                .map(topic -> topic.withName(null))
                .distinct()
                .toList();
        return ids.isEmpty() ? asked.stream().distinct().toList() : ids;
    }

    private MetadataResponse answer(
            ClusterImage image, String listener, MetadataRequest request, List<MetadataResponseTopic> topics) {
        List<MetadataResponseBroker> brokers = new ArrayList<>();
        for (BrokerRegistration broker : cluster.shown(image, listener)) {
            BrokerEndpoint endpoint = broker.endpoint(listener).orElseThrow();
            brokers.add(new MetadataResponseBroker(
                    broker.id(), endpoint.host(), endpoint.port(), broker.rack().orElse(null)));
        }
        return MetadataResponse.DEFAULT
                .withBrokers(brokers)
                .withClusterId(cluster.clusterId())
                // clients send to it what is for the controller; a broker passes that on, and this one is surely there
                .withControllerId(brokers.isEmpty() ? -1 : cluster.nodeId())
                .withTopics(topics)
                .withClusterAuthorizedOperations(
                        request.includeClusterAuthorizedOperations() ? Operations.CLUSTER : Operations.NOT_ASKED);
    }

    private MetadataResponseTopic one(
            ClusterImage image,
            MetadataRequestTopic asked,
            String listener,
            int version,
            MetadataRequest request,
            Set<String> missing) {
        String name = asked.name();
        Optional<TopicImage> topic = name == null ? image.topic(asked.topicId()) : image.topic(name);
        if (topic.isPresent()) {
            return found(image, topic.get(), listener, version, request);
        }
        if (name == null) {
            return MetadataResponseTopic.DEFAULT
                    .withErrorCode(ErrorCode.UNKNOWN_TOPIC_ID.code())
                    .withName(null)
                    .withTopicId(asked.topicId());
        }
        if (TopicNames.reasonInvalid(name).isPresent()) {
            return absent(name, ErrorCode.INVALID_TOPIC_EXCEPTION, request);
        }
        missing.add(name);
        return absent(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, request);
    }

    private static MetadataResponseTopic absent(String name, ErrorCode error, MetadataRequest request) {
        return new MetadataResponseTopic(
                error.code(), name, Uuid.ZERO, InternalTopics.contains(name), List.of(), operations(request));
    }

    private static int operations(MetadataRequest request) {
        return request.includeTopicAuthorizedOperations() ? Operations.TOPIC : Operations.NOT_ASKED;
    }

    private static MetadataResponseTopic found(
            ClusterImage image, TopicImage topic, String listener, int version, MetadataRequest request) {
        List<MetadataResponsePartition> partitions = new ArrayList<>(topic.partitionCount());
        for (int i = 0; i < topic.partitionCount(); i++) {
            partitions.add(partition(image, topic.partitions().get(i), i, listener, version));
        }
        return new MetadataResponseTopic(
                ErrorCode.NONE.code(),
                topic.name(),
                topic.id(),
                InternalTopics.contains(topic.name()),
                partitions,
                operations(request));
    }

    private static MetadataResponsePartition partition(
            ClusterImage image, PartitionRegistration partition, int index, String listener, int version) {
        // before version 6 a client does not know LISTENER_NOT_FOUND
        ErrorCode unreachable = version >= 6 ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE;
        ErrorCode leaderError = ClusterView.leaderError(image, partition.leader(), listener, unreachable);
        List<Integer> replicas = named(image, partition.replicas(), listener, version);
        List<Integer> isr = named(image, partition.isr(), listener, version);
        boolean allNamed = replicas.size() == partition.replicas().size()
                && isr.size() == partition.isr().size();
        ErrorCode error = leaderError == ErrorCode.NONE && !allNamed ? ErrorCode.REPLICA_NOT_AVAILABLE : leaderError;
        return new MetadataResponsePartition(
                error.code(),
                index,
                leaderError == ErrorCode.NONE ? partition.leader() : -1,
                partition.leaderEpoch(),
                replicas,
                isr,
                offline(image, partition, listener));
    }

    /** A client of version 0 is told only of replicas that it can reach. */
    private static List<Integer> named(ClusterImage image, List<Integer> replicas, String listener, int version) {
        return version > 0
                ? replicas
                : replicas.stream()
                        .filter(id -> ClusterView.endpoint(image, id, listener).isPresent())
                        .toList();
    }

    static List<Integer> offline(ClusterImage image, PartitionRegistration partition, String listener) {
        List<Integer> offline = new ArrayList<>(0);
        for (int replica : partition.replicas()) {
            boolean online = ClusterView.endpoint(image, replica, listener).isPresent()
                    && image.broker(replica).orElseThrow().hasOnlineDirectory(partition.directory(replica));
            if (!online) {
                offline.add(replica);
            }
        }
        return offline;
    }
}
