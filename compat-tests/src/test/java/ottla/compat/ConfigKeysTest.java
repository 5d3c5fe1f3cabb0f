package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.config.ConfigDef;
import org.junit.jupiter.api.Test;
import ottla.broker.config.ConfigKey;
import ottla.broker.config.ConfigTable;

/** The tables of configuration keys against Kafka's own definitions. */
class ConfigKeysTest {
    @Test
    void brokerKeysAreKafkas() {
        assertThat(differences(ConfigTable.BROKER, kafka.server.KafkaConfig.configDef()))
                .isEmpty();
    }

    @Test
    void keysThatOnlyARunningBrokerTakesAreKafkas() {
        assertThat(differences(ConfigTable.DYNAMIC, org.apache.kafka.server.config.QuotaConfig.brokerQuotaConfigs()))
                .isEmpty();
    }

    @Test
    void topicKeysAreKafkas() {
        assertThat(differences(ConfigTable.TOPIC, org.apache.kafka.storage.internals.log.LogConfig.configDefCopy()))
                .isEmpty();
    }

    @Test
    void groupKeysAreKafkas() {
        assertThat(differences(ConfigTable.GROUP, org.apache.kafka.coordinator.group.GroupConfig.CONFIG_DEF))
                .isEmpty();
    }

    @Test
    void brokerKeysChangeAsInKafka() {
        Map<String, String> modes = org.apache.kafka.server.config.DynamicBrokerConfig.dynamicConfigUpdateModes();
        for (ConfigKey key : ConfigTable.BROKER.all()) {
            String mode = key.change().name().toLowerCase(Locale.ROOT).replace('_', '-');
            assertThat(mode).as(key.name()).isEqualTo(modes.getOrDefault(key.name(), "read-only"));
        }
    }

    private static List<String> differences(ConfigTable ours, ConfigDef theirs) {
        List<String> differences = new ArrayList<>();
        theirs.configKeys().forEach((name, key) -> {
            if (ours.find(name).isEmpty()) {
                differences.add(name + " is missing");
                return;
            }
            ConfigKey mine = ours.find(name).orElseThrow();
            if (!mine.type().name().equals(key.type.name())) {
                differences.add(name + " is a " + mine.type() + ", but a " + key.type + " in Kafka");
            }
            String standard = !key.hasDefault() || key.defaultValue == null
                    ? null
                    : ConfigDef.convertToString(key.defaultValue, key.type);
            if (!Objects.equals(mine.standard().orElse(null), standard)) {
                differences.add(name + " is " + mine.standard() + " by default, but " + standard + " in Kafka");
            }
            boolean internal = mine.visibility() == ConfigKey.Visibility.INTERNAL;
            if (internal != key.internalConfig) {
                differences.add(name + " is shown or hidden otherwise than in Kafka");
            }
        });
        ours.all().stream()
                .filter(key -> !theirs.configKeys().containsKey(key.name()))
                .forEach(key -> differences.add(key.name() + " does not exist in Kafka"));
        return differences;
    }
}
