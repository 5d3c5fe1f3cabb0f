package ottla.broker.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.broker.config.ConfigKey;
import ottla.broker.config.ConfigKey.Change;
import ottla.broker.config.ConfigKey.Visibility;
import ottla.broker.config.ConfigSource;
import ottla.broker.config.ConfigTable;
import ottla.broker.config.LayeredConfig;
import ottla.broker.config.LayeredConfig.Setting;
import ottla.broker.config.Values;
import ottla.controller.decide.TopicNames;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeConfigsRequest;
import ottla.wire.message.DescribeConfigsRequest.DescribeConfigsResource;
import ottla.wire.message.DescribeConfigsResponse;
import ottla.wire.message.DescribeConfigsResponse.DescribeConfigsResourceResult;
import ottla.wire.message.DescribeConfigsResponse.DescribeConfigsResult;
import ottla.wire.message.DescribeConfigsResponse.DescribeConfigsSynonym;

/** Shows the configuration of topics, brokers and groups, and where each value comes from (KIP-226). */
public final class DescribeConfigsApi implements Api<DescribeConfigsRequest> {
    private final ClusterView cluster;
    private final Values file;

    public DescribeConfigsApi(ClusterView cluster, Values file) {
        this.cluster = cluster;
        this.file = file;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_CONFIGS;
    }

    @Override
    public void serve(DescribeConfigsRequest request, InboundRequest inbound) {
        Optional<DescribeConfigsResource> strange = request.resources().stream()
                .filter(resource ->
                        ConfigResource.Type.of(resource.resourceType()).isEmpty())
                .findFirst();
        if (strange.isPresent()) {
            // as in Kafka, the whole request is then refused
            String reason = "Unexpected resource type " + strange.get().resourceType() + ".";
            inbound.answer(DescribeConfigsResponse.DEFAULT.withResults(request.resources().stream()
                    .map(resource -> refused(resource, ErrorCode.INVALID_REQUEST, reason))
                    .toList()));
            return;
        }
        ClusterImage image = cluster.image();
        LayeredConfig effective = new LayeredConfig(
                file,
                image.config(ConfigResource.broker(cluster.nodeId())),
                image.config(ConfigResource.defaultBroker()));
        List<DescribeConfigsResult> results = new ArrayList<>();
        for (DescribeConfigsResource resource : request.resources()) {
            results.add(describe(resource, image, effective, request));
        }
        inbound.answer(DescribeConfigsResponse.DEFAULT.withResults(results));
    }

    private DescribeConfigsResult describe(
            DescribeConfigsResource resource,
            ClusterImage image,
            LayeredConfig effective,
            DescribeConfigsRequest request) {
        return switch (ConfigResource.Type.of(resource.resourceType()).orElseThrow()) {
            case TOPIC -> topic(resource, image, effective, request);
            case BROKER -> broker(resource, image, effective, request);
            case GROUP -> group(resource, image, effective, request);
            case BROKER_LOGGER ->
                refused(
                        resource,
                        ErrorCode.INVALID_REQUEST,
                        "Log levels cannot be read through this version of Ottla.");
            case CLIENT_METRICS -> clientMetrics(resource, image, request);
        };
    }

    private DescribeConfigsResult topic(
            DescribeConfigsResource resource,
            ClusterImage image,
            LayeredConfig effective,
            DescribeConfigsRequest request) {
        String topic = resource.resourceName();
        Optional<String> invalid = TopicNames.reasonInvalid(topic);
        if (invalid.isPresent()) {
            return refused(resource, ErrorCode.INVALID_TOPIC_EXCEPTION, invalid.get());
        }
        if (image.topic(topic).isEmpty()) {
            return refused(resource, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
        }
        Map<String, String> own = image.config(ConfigResource.topic(topic));
        Predicate<ConfigKey> shown = key -> isPublic(key) || own.containsKey(key.name());
        return found(resource, ConfigTable.TOPIC.all().stream().filter(shown), key -> {
            List<Setting> settings = effective.topicSettings(key, own);
            ConfigSource source = settings.isEmpty()
                    ? ConfigSource.STANDARD
                    : settings.getFirst().source();
            return entry(key, effective.topicValue(key, own), source, settings, Change.CLUSTER_WIDE, request);
        });
    }

    private DescribeConfigsResult broker(
            DescribeConfigsResource resource,
            ClusterImage image,
            LayeredConfig effective,
            DescribeConfigsRequest request) {
        String name = resource.resourceName();
        if (name.isEmpty()) {
            return found(resource, image.config(ConfigResource.defaultBroker()), ConfigSource.ALL_BROKERS, request);
        }
        if (!name.equals(Integer.toString(cluster.nodeId()))) {
            boolean number = name.chars().allMatch(Character::isDigit);
            return refused(
                    resource,
                    ErrorCode.INVALID_REQUEST,
                    number
                            ? "Unexpected broker id, expected " + cluster.nodeId() + " or empty string, but received "
                                    + name
                            : "Broker id must be an integer, but it is: " + name);
        }
        // what is not for users is shown to the one who set it
        Predicate<ConfigKey> shown =
                key -> isPublic(key) || effective.file().set().containsKey(key.name());
        Stream<ConfigKey> keys = Stream.concat(
                ConfigTable.BROKER.all().stream().filter(shown),
                // these have no default: they are there while they are set
                ConfigTable.DYNAMIC.all().stream()
                        .filter(key -> !effective.brokerSettings(key.name()).isEmpty()));
        Stream<ConfigKey> set = effective.brokerKeys().stream()
                .filter(other -> ConfigTable.BROKER.find(other).isEmpty()
                        && ConfigTable.DYNAMIC.find(other).isEmpty())
                .map(ConfigTable::brokerKey);
        return found(resource, Stream.concat(keys, set), key -> {
            List<Setting> settings = effective.brokerSettings(key.name());
            ConfigSource source = settings.isEmpty()
                    ? ConfigSource.STANDARD
                    : settings.getFirst().source();
            Optional<String> value = settings.stream()
                    .filter(setting -> setting.name().equals(key.name()))
                    .findFirst()
                    .flatMap(Setting::value)
                    .or(key::standard);
            return entry(key, value, source, settings, key.change(), request);
        });
    }

    private static DescribeConfigsResult group(
            DescribeConfigsResource resource,
            ClusterImage image,
            LayeredConfig effective,
            DescribeConfigsRequest request) {
        if (resource.resourceName().isEmpty()) {
            return refused(resource, ErrorCode.INVALID_REQUEST, "Group name must not be empty");
        }
        Map<String, String> own = image.config(ConfigResource.group(resource.resourceName()));
        return found(resource, ConfigTable.GROUP.all().stream().filter(DescribeConfigsApi::isPublic), key -> {
            List<Setting> settings = new ArrayList<>();
            Optional.ofNullable(own.get(key.name()))
                    .ifPresent(value -> settings.add(new Setting(key.name(), Optional.of(value), ConfigSource.GROUP)));
            String ofBroker = "group." + key.name();
            if (ConfigTable.BROKER.find(ofBroker).isPresent()) {
                settings.addAll(effective.brokerSettings(ofBroker));
            } else {
                key.standard()
                        .ifPresent(value ->
                                settings.add(new Setting(key.name(), Optional.of(value), ConfigSource.STANDARD)));
            }
            return entry(
                    key,
                    settings.getFirst().value(),
                    settings.getFirst().source(),
                    settings,
                    Change.CLUSTER_WIDE,
                    request);
        });
    }

    private static DescribeConfigsResult clientMetrics(
            DescribeConfigsResource resource, ClusterImage image, DescribeConfigsRequest request) {
        if (resource.resourceName().isEmpty()) {
            return refused(resource, ErrorCode.INVALID_REQUEST, "Client metrics subscription name must not be empty");
        }
        Map<String, String> own =
                image.config(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, resource.resourceName()));
        return found(resource, ConfigTable.CLIENT_METRICS.all().stream().filter(DescribeConfigsApi::isPublic), key -> {
            Optional<String> set = Optional.ofNullable(own.get(key.name()));
            ConfigSource source = set.isPresent() ? ConfigSource.CLIENT_METRICS : ConfigSource.STANDARD;
            List<Setting> settings = set.isPresent() ? List.of(new Setting(key.name(), set, source)) : List.of();
            return entry(key, set.or(key::standard), source, settings, Change.CLUSTER_WIDE, request);
        });
    }

    private static boolean isPublic(ConfigKey key) {
        return key.visibility() == Visibility.PUBLIC;
    }

    /** A resource with some keys, of which the caller may want some. */
    private static DescribeConfigsResult found(
            DescribeConfigsResource resource,
            Stream<ConfigKey> keys,
            Function<ConfigKey, DescribeConfigsResourceResult> entry) {
        List<String> wanted = resource.configurationKeys();
        List<DescribeConfigsResourceResult> entries = keys.filter(
                        key -> wanted == null || wanted.isEmpty() || wanted.contains(key.name()))
                .map(entry)
                .toList();
        return result(resource, entries);
    }

    /** A resource of which only what was set is shown. */
    private static DescribeConfigsResult found(
            DescribeConfigsResource resource,
            Map<String, String> set,
            ConfigSource source,
            DescribeConfigsRequest request) {
        List<String> wanted = resource.configurationKeys();
        List<DescribeConfigsResourceResult> entries = new ArrayList<>();
        set.forEach((name, value) -> {
            if (wanted == null || wanted.isEmpty() || wanted.contains(name)) {
                List<Setting> settings = List.of(new Setting(name, Optional.of(value), source));
                ConfigKey key = ConfigTable.brokerKey(name);
                Change change = key.change() == Change.READ_ONLY ? Change.READ_ONLY : Change.CLUSTER_WIDE;
                entries.add(entry(key, Optional.of(value), source, settings, change, request));
            }
        });
        return result(resource, entries);
    }

    private static DescribeConfigsResult result(
            DescribeConfigsResource resource, List<DescribeConfigsResourceResult> entries) {
        return new DescribeConfigsResult(
                ErrorCode.NONE.code(), "", resource.resourceType(), resource.resourceName(), entries);
    }

    private static DescribeConfigsResourceResult entry(
            ConfigKey key,
            Optional<String> value,
            ConfigSource source,
            List<Setting> settings,
            Change change,
            DescribeConfigsRequest request) {
        List<DescribeConfigsSynonym> synonyms = new ArrayList<>();
        if (request.includeSynonyms()) {
            for (Setting setting : settings) {
                synonyms.add(new DescribeConfigsSynonym(
                        setting.name(),
                        key.isSensitive() ? null : setting.value().orElse(null),
                        setting.source().id()));
            }
        }
        return DescribeConfigsResourceResult.DEFAULT
                .withName(key.name())
                .withValue(key.isSensitive() ? null : value.orElse(null))
                .withReadOnly(change == Change.READ_ONLY)
                .withConfigSource(source.id())
                .withIsSensitive(key.isSensitive())
                .withSynonyms(synonyms)
                .withConfigType(key.type().id())
                .withDocumentation(null); // none rather than an empty one
    }

    private static DescribeConfigsResult refused(
            DescribeConfigsResource resource, ErrorCode error, @Nullable String why) {
        return new DescribeConfigsResult(
                error.code(), why, resource.resourceType(), resource.resourceName(), List.of());
    }
}
