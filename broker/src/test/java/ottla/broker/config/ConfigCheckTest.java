package ottla.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;

class ConfigCheckTest {
    private static final ConfigResource SUBSCRIPTION =
            new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "subscription");

    private final ConfigCheck check = new ConfigCheck(new Values(ConfigTable.BROKER, NodeConfig.standalone()));

    @Test
    void aSubscriptionToClientMetricsIsCheckedAsInKafka() {
        assertThat(reason(SUBSCRIPTION, "interval.ms", "100")).isEmpty();
        assertThat(reason(SUBSCRIPTION, "interval.ms", "99"))
                .contains("Invalid value 99 for interval.ms, interval must be between 100 and 3600000 (1 hour)");
        assertThat(reason(SUBSCRIPTION, "match", "client_id=a.*,client_source_port=9"))
                .isEmpty();
        assertThat(reason(SUBSCRIPTION, "match", "client_id=a,port=9"))
                .contains("Illegal client matching pattern: port=9");
        assertThat(reason(SUBSCRIPTION, "match", "client_id=["))
                .contains("Illegal client matching pattern: client_id=[");
        assertThat(reason(SUBSCRIPTION, "other", "1")).contains("Unknown client metrics configuration: other");
    }

    /** What would be accepted and have no effect is refused, with what to do instead. */
    @Test
    void aLimitThatThisVersionDoesNotHaveIsRefused() {
        assertThat(reason(ConfigResource.defaultBroker(), "max.connection.creation.rate", "5"))
                .hasValueSatisfying(sentence -> assertThat(sentence).contains("rate of new connections"));
        assertThat(reason(ConfigResource.defaultBroker(), "max.connections", "5"))
                .isEmpty();
        assertThat(reason(ConfigResource.defaultBroker(), "log.retention.ms", "5"))
                .isEmpty();
    }

    @Test
    void whatListenersHaveIsOfOneBroker() {
        String key = "listener.name.internal.ssl.keystore.location";
        assertThat(reason(ConfigResource.broker(1), key, "/keys")).isEmpty();
        assertThat(reason(ConfigResource.defaultBroker(), key, "/keys"))
                .hasValueSatisfying(sentence -> assertThat(sentence).contains("broker id must be specified", key));
        assertThat(reason(ConfigResource.broker(1), "ssl.keystore.location", "/keys"))
                .hasValueSatisfying(sentence -> assertThat(sentence).contains("per-listener", "ssl.keystore.location"));
    }

    @Test
    void anInternalSettingIsInForceForAllToSeeWhereItIsSet() {
        String key = "internal.segment.bytes";
        ClusterImage image = ClusterImage.EMPTY;
        assertThat(check.effective(image, new TreeMap<>(Map.of(key, "1000")))).anySatisfy(config -> {
            assertThat(config.name()).isEqualTo(key);
            assertThat(config.value()).isEqualTo("1000");
        });
        assertThat(check.effective(image, new TreeMap<>()))
                .noneSatisfy(config -> assertThat(config.name()).isEqualTo(key));
    }

    @Test
    void aGroupIsHeldToWhatTheNodeAllows() {
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "g");
        assertThat(reason(group, "consumer.session.timeout.ms", "46000")).isEmpty();
        assertThat(reason(group, "consumer.session.timeout.ms", "1"))
                .hasValue("consumer.session.timeout.ms must be greater than or equal to"
                        + " group.consumer.min.session.timeout.ms");
        assertThat(reason(group, "share.delivery.count.limit", "1000"))
                .hasValue(
                        "share.delivery.count.limit must be less than or equal to group.share.max.delivery.count.limit");
        assertThat(reason(group, "streams.num.standby.replicas", "3"))
                .hasValue(
                        "streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas");
        assertThat(check.reasonInvalid(
                        group,
                        new TreeMap<>(Map.of(
                                "streams.heartbeat.interval.ms", "15000",
                                "streams.session.timeout.ms", "45000"))))
                .isEmpty();
    }

    @Test
    void aGroupsSessionIsLongerThanItsHeartbeat() {
        Map<String, String> settings = new TreeMap<>(NodeConfig.standalone());
        settings.put("group.consumer.min.session.timeout.ms", "5000");
        ConfigCheck wide = new ConfigCheck(new Values(ConfigTable.BROKER, settings));
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "g");
        assertThat(wide.reasonInvalid(group, new TreeMap<>(Map.of("consumer.session.timeout.ms", "5000"))))
                .hasValue("consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms");
    }

    private Optional<String> reason(ConfigResource resource, String key, String value) {
        return check.reasonInvalid(resource, new TreeMap<>(Map.of(key, value)));
    }
}
