package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

/** kafka-consumer-groups and kafka-groups. */
@OnEachBroker
class GroupToolsTest {
    private final BrokerProcess broker;
    private final StockTools tools;

    GroupToolsTest(BrokerProcess broker) {
        this.broker = broker;
        tools = StockTools.of(broker);
    }

    @Test
    void anIdleGroupIsListedDescribedResetAndDeleted() {
        tools.createTopic("idle-topic", 2);
        tools.consoleProducer("a\nb\nc\n", "--topic", "idle-topic").succeeded();
        tools.consoleConsumer("--topic", "idle-topic", "--group", "idle", "--from-beginning", "--max-messages", "3")
                .succeeded();

        assertThat(tools.consumerGroups("--list").lines()).contains("idle");
        assertThat(tools.groups("--list").lines()).anyMatch(line -> line.matches("idle +Classic +consumer *"));
        assertThat(fields(tools.consumerGroups("--list", "--state"))).contains(List.of("idle", "Empty"));
        assertThat(tools.consumerGroups("--describe", "--group", "idle").errors())
                .contains("Consumer group 'idle' has no active members.");
        assertThat(total(tools.consumerGroups("--describe", "--group", "idle"), 3))
                .isEqualTo(3);
        assertThat(total(tools.consumerGroups("--describe", "--group", "idle"), 5))
                .isZero();
        assertThat(fields(tools.consumerGroups("--describe", "--group", "idle", "--state")))
                .contains(List.of("idle", broker.bootstrap(), "(1)", "-", "Empty", "0"));

        ToolRun planned = tools.consumerGroups(
                "--reset-offsets", "--group", "idle", "--topic", "idle-topic", "--to-earliest", "--dry-run");
        assertThat(fields(planned))
                .contains(List.of("idle", "idle-topic", "0", "0"), List.of("idle", "idle-topic", "1", "0"));
        assertThat(total(tools.consumerGroups("--describe", "--group", "idle"), 3))
                .isEqualTo(3);

        tools.consumerGroups(
                        "--reset-offsets", "--group", "idle", "--topic", "idle-topic", "--to-earliest", "--execute")
                .succeeded();
        assertThat(total(tools.consumerGroups("--describe", "--group", "idle"), 3))
                .isZero();
        assertThat(total(tools.consumerGroups("--describe", "--group", "idle"), 5))
                .isEqualTo(3);

        assertThat(fields(tools.consumerGroups("--delete-offsets", "--group", "idle", "--topic", "idle-topic:0")))
                .contains(List.of("idle-topic", "0", "Successful"));

        assertThat(tools.consumerGroups("--delete", "--group", "idle").lines())
                .containsExactly("Deletion of requested consumer groups ('idle') was successful.");
        assertThat(tools.consumerGroups("--list").lines()).doesNotContain("idle");
        assertThat(tools.consumerGroups("--delete", "--group", "idle").output())
                .contains("* Group 'idle' could not be deleted due to:"
                        + " org.apache.kafka.common.errors.GroupIdNotFoundException:");
    }

    @Test
    void aLiveGroupIsDescribedAndNeitherResetNorDeleted() {
        tools.createTopic("live-topic", 2);
        Map<String, Object> settings = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrap(),
                ConsumerConfig.GROUP_ID_CONFIG, "live",
                ConsumerConfig.CLIENT_ID_CONFIG, "live-client",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of("live-topic"));
            Waiting.until("the partitions are assigned", () -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == 2;
            });
            consumer.commitSync();

            assertThat(fields(tools.consumerGroups("--describe", "--group", "live", "--state")))
                    .contains(List.of("live", broker.bootstrap(), "(1)", "range", "Stable", "1"));
            String member = consumer.groupMetadata().memberId();
            assertThat(fields(tools.consumerGroups("--describe", "--group", "live", "--members", "--verbose")))
                    .anySatisfy(line -> assertThat(line)
                            .startsWith("live", member, "/127.0.0.1", "live-client", "2")
                            .contains("live-topic:0,1"));
            assertThat(fields(tools.consumerGroups("--describe", "--group", "live")))
                    .contains(List.of("live", "live-topic", "0", "0", "0", "0", member, "/127.0.0.1", "live-client"));

            ToolRun reset = tools.consumerGroups(
                    "--reset-offsets", "--group", "live", "--topic", "live-topic", "--to-latest", "--execute");
            assertThat(reset.output() + reset.errors())
                    .contains("Assignments can only be reset if the group 'live' is inactive,"
                            + " but the current state is Stable.");
            assertThat(tools.consumerGroups("--delete", "--group", "live").output())
                    .contains("* Group 'live' could not be deleted due to:"
                            + " org.apache.kafka.common.errors.GroupNotEmptyException:");
        }
    }

    @Test
    void anUnknownGroupIsNamed() {
        ToolRun run = tools.consumerGroups("--describe", "--group", "nobody");

        assertThat(run.output() + run.errors()).contains("nobody").contains("not found");
    }

    private static List<List<String>> fields(ToolRun run) {
        return run.lines().stream()
                .map(line -> List.of(line.strip().split("\\s+")))
                .toList();
    }

    /** The sum of one column of a description of offsets. */
    private static long total(ToolRun run, int column) {
        return fields(run).stream()
                .filter(line -> line.size() > column && line.get(column).matches("\\d+"))
                .mapToLong(line -> Long.parseLong(line.get(column)))
                .sum();
    }
}
