package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether a broker that stops in order hands over first what it leads. */
class ControlledShutdownTest {
    private static final String TOPIC = "led";

    static Stream<Arguments> brokers() {
        return Stream.of(BrokerKind.values())
                .flatMap(kind -> Stream.of(true, false).map(enabled -> Arguments.of(kind, enabled)));
    }

    @ParameterizedTest
    @MethodSource("brokers")
    void whatABrokerLeadsIsHandedOverBeforeItStops(BrokerKind kind, boolean enabled) throws Exception {
        try (Cluster cluster = new Cluster("ControlledShutdown-" + enabled, Cluster.Voters.STATIC)
                // Ottla's controller would see at once that the process is gone
                .controllers(BrokerKind.KAFKA)
                .brokers(kind, kind)
                .ofShortLife()
                .with("controlled.shutdown.enable", String.valueOf(enabled))
                // nobody is fenced meanwhile for having been silent
                .with("broker.session.timeout.ms", "60000")
                .start()) {
            try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
                admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 2)))
                        .all()
                        .get();
                Clients.awaitInSync(admin, TOPIC, 2);
                int leader = leader(admin);
                cluster.node(leader).process().terminate();
                if (enabled) {
                    assertThat(leader(admin)).isNotEqualTo(leader);
                } else {
                    assertThat(leader(admin)).isEqualTo(leader);
                }
            }
        }
    }

    private static int leader(Admin admin) throws Exception {
        return admin.describeTopics(List.of(TOPIC))
                .allTopicNames()
                .get()
                .get(TOPIC)
                .partitions()
                .getFirst()
                .leader()
                .id();
    }
}
