package ottla.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Test;

/** A topic's settings have Kafka's names, defaults and ranges. */
class LogConfigTest {
    @Test
    void names_and_defaults_are_kafkas() {
        org.apache.kafka.storage.internals.log.LogConfig kafka =
                new org.apache.kafka.storage.internals.log.LogConfig(new Properties());
        assertThat(LogConfig.names())
                .isEqualTo(org.apache.kafka.storage.internals.log.LogConfig.configNames().stream()
                        .filter(name -> !name.startsWith("internal."))
                        .collect(Collectors.toCollection(TreeSet::new)));
        Map<String, String> texts = LogConfig.DEFAULT.texts();
        kafka.values().forEach((name, value) -> {
            if (LogConfig.names().contains(name)) {
                String text = value instanceof List<?> list
                        ? String.join(",", list.stream().map(Object::toString).toList())
                        : String.valueOf(value);
                assertThat(texts.get(name)).as(name).isEqualTo(text);
            }
        });
    }

    @Test
    void what_kafka_refuses_is_refused() {
        List<String> values = List.of(
                "",
                " ",
                "-3",
                "-2",
                "-1",
                "0",
                "1",
                "2",
                "9",
                "10",
                "17",
                "18",
                "22",
                "23",
                "0.5",
                "1.5",
                "-131072",
                "1048575",
                "1048576",
                "2147483647",
                "2147483648",
                "9223372036854775807",
                "9223372036854775808",
                "true",
                "FALSE",
                "yes",
                "delete",
                "compact",
                "compact,delete",
                "compact, delete",
                "purge",
                "gzip",
                "GZIP",
                "producer",
                "zstd",
                "CreateTime",
                "LogAppendTime",
                "createtime",
                "*",
                "0:1,1:2",
                "0:1;1:2");
        List<String> wrong = new ArrayList<>();
        for (String name : LogConfig.names()) {
            for (String value : values) {
                boolean accepted = LogConfig.of(Map.of(name, value)) instanceof LogConfig.Parsed.Accepted;
                if (accepted != kafkaAccepts(name, value)) {
                    wrong.add(name + "=" + value + (accepted ? " is accepted" : " is refused"));
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(LogConfig.of(Map.of("no.such.thing", "1"))).isInstanceOf(LogConfig.Parsed.Refused.class);
    }

    private static boolean kafkaAccepts(String name, String value) {
        try {
            org.apache.kafka.storage.internals.log.LogConfig.validate(Map.of(name, value));
            return true;
        } catch (ConfigException refused) {
            return false;
        }
    }

    @Test
    void a_change_keeps_the_other_settings() {
        LogConfig.Parsed first = LogConfig.of(Map.of("retention.ms", "5", "internal.segment.bytes", "100"));
        assertThat(first).isInstanceOfSatisfying(LogConfig.Parsed.Accepted.class, accepted -> {
            assertThat(accepted.config().rollBytes()).isEqualTo(100);
            assertThat(accepted.config().with(Map.of("cleanup.policy", "compact")))
                    .isInstanceOfSatisfying(LogConfig.Parsed.Accepted.class, changed -> {
                        assertThat(changed.config().retentionMs()).isEqualTo(5);
                        assertThat(changed.config().rollBytes()).isEqualTo(100);
                        assertThat(changed.config().compacts()).isTrue();
                        assertThat(changed.config().deletes()).isFalse();
                    });
        });
    }
}
