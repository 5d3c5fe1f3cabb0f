package ottla.broker.io;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.broker.api.CarriedRequest;
import ottla.broker.api.InternalTopics;
import ottla.broker.api.TopicCreation;
import ottla.broker.config.Values;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsRequest.CreatableTopicConfig;
import ottla.wire.message.CreateTopicsResponse;

/** Asks the controller for topics that are wanted but not there. A topic that is being created is not asked for twice. */
final class TopicsOnDemand implements TopicCreation {
    private static final Logger LOG = LoggerFactory.getLogger(TopicsOnDemand.class);

    private static final int CONTROLLERS_CHOICE = -1;

    private final Values values;
    private final ActiveController controller;
    private final Set<String> underWay = ConcurrentHashMap.newKeySet();

    TopicsOnDemand(Values values, ActiveController controller) {
        this.values = values;
        this.controller = controller;
    }

    @Override
    public void createOnDemand(Set<String> names, InboundRequest from) {
        if (!values.flag("auto.create.topics.enable")) {
            return;
        }
        List<CreatableTopic> topics = names.stream()
                .map(name -> InternalTopics.contains(name)
                        ? internal(name)
                        : CreatableTopic.DEFAULT
                                .withName(name)
                                .withNumPartitions(ownChoice("num.partitions"))
                                .withReplicationFactor((short) ownChoice("default.replication.factor")))
                .toList();
        ApiKey api = ApiKey.CREATE_TOPICS;
        create(
                topics,
                request -> controller.<CreateTopicsRequest, CreateTopicsResponse>forward(
                        request, CarriedRequest.onBehalfOf(from, api, api.maxVersion(), request)));
    }

    /** What this broker's file says, or else what the controller's does. */
    private int ownChoice(String key) {
        return values.isSet(key) ? values.number(key) : CONTROLLERS_CHOICE;
    }

    @Override
    public void createInternal(String name) {
        create(List.of(internal(name)), controller::createTopics);
    }

    private CreatableTopic internal(String name) {
        return switch (name) {
            case InternalTopics.OFFSETS -> internal(name, "offsets.topic", Map.of("compression.type", "producer"));
            case InternalTopics.TRANSACTIONS ->
                internal(
                        name,
                        "transaction.state.log",
                        Map.of(
                                "compression.type",
                                "uncompressed",
                                "unclean.leader.election.enable",
                                "false",
                                "min.insync.replicas",
                                values.text("transaction.state.log.min.isr")));
            default ->
                internal(
                        name,
                        "share.coordinator.state.topic",
                        Map.of("min.insync.replicas", values.text("share.coordinator.state.topic.min.isr")));
        };
    }

    private CreatableTopic internal(String name, String prefix, Map<String, String> more) {
        Map<String, String> configs = new LinkedHashMap<>();
        configs.put("cleanup.policy", "compact");
        configs.put("segment.bytes", values.text(prefix + ".segment.bytes"));
        configs.putAll(new HashMap<>(more));
        return CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(values.number(prefix + ".num.partitions"))
                .withReplicationFactor((short) values.number(prefix + ".replication.factor"))
                .withConfigs(configs.entrySet().stream()
                        .map(entry -> new CreatableTopicConfig(entry.getKey(), entry.getValue()))
                        .toList());
    }

    private void create(
            List<CreatableTopic> wanted, Function<CreateTopicsRequest, CompletionStage<CreateTopicsResponse>> ask) {
        List<CreatableTopic> topics =
                wanted.stream().filter(topic -> underWay.add(topic.name())).toList();
        if (topics.isEmpty()) {
            return;
        }
        CreateTopicsRequest request =
                CreateTopicsRequest.DEFAULT.withTopics(topics).withTimeoutMs(values.number("request.timeout.ms"));
        ask.apply(request).whenComplete((response, failure) -> {
            topics.forEach(topic -> underWay.remove(topic.name()));
            if (failure != null) {
                LOG.warn("Topics could not be created on demand", failure);
                return;
            }
            response.topics().forEach(result -> {
                ErrorCode error = ErrorCode.of(result.errorCode());
                if (error != ErrorCode.NONE && error != ErrorCode.TOPIC_ALREADY_EXISTS) {
                    LOG.warn(
                            "The topic {} was not created on demand: {} {}",
                            result.name(),
                            error,
                            result.errorMessage());
                }
            });
        });
    }
}
