package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** kafka-topics and kafka-configs. */
@OnEachBroker
class TopicToolsTest {
    private final StockTools tools;

    TopicToolsTest(BrokerProcess broker) {
        tools = StockTools.of(broker);
    }

    @Test
    void aTopicIsCreatedListedAndDescribed() {
        ToolRun created = tools.topics(
                "--create",
                "--topic",
                "made",
                "--partitions",
                "3",
                "--replication-factor",
                "1",
                "--config",
                "retention.ms=86400000");
        assertThat(created.lines()).containsExactly("Created topic made.");

        assertThat(tools.topics("--list").lines()).contains("made");

        List<String> described = tools.topics("--describe", "--topic", "made").lines();
        assertThat(described).hasSize(4);
        assertThat(described.getFirst())
                .matches("Topic: made\tTopicId: [\\w-]{22}\tPartitionCount: 3\tReplicationFactor: 1\t"
                        + "Configs: min.insync.replicas=1,retention.ms=86400000");
        assertThat(described.subList(1, 4).stream().map(String::strip))
                .containsExactly(
                        "Topic: made\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:",
                        "Topic: made\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:",
                        "Topic: made\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr:");
    }

    @Test
    void aTopicIsNotCreatedTwice() {
        tools.createTopic("once", 1);

        ToolRun again = tools.topics("--create", "--topic", "once");
        assertThat(again.status()).isEqualTo(1);
        assertThat(again.output()).contains("Topic 'once' already exists.");

        assertThat(tools.topics("--create", "--topic", "once", "--if-not-exists")
                        .succeeded())
                .isEmpty();
    }

    @Test
    void aTopicGetsMorePartitionsButNeverFewer() {
        tools.createTopic("grown", 2);

        assertThat(tools.topics("--alter", "--topic", "grown", "--partitions", "5")
                        .succeeded())
                .isEmpty();
        assertThat(tools.topics("--describe", "--topic", "grown").output()).contains("PartitionCount: 5");

        ToolRun fewer = tools.topics("--alter", "--topic", "grown", "--partitions", "2");
        assertThat(fewer.status()).isEqualTo(1);
        assertThat(fewer.output())
                .contains("The topic grown currently has 5 partition(s); 2 would not be an increase.");
    }

    @Test
    void aTopicIsDeleted() {
        tools.createTopic("gone", 1);

        assertThat(tools.topics("--delete", "--topic", "gone").succeeded()).isEmpty();
        assertThat(tools.topics("--list").lines()).doesNotContain("gone");

        ToolRun again = tools.topics("--delete", "--topic", "gone");
        assertThat(again.status()).isEqualTo(1);
        assertThat(again.output()).contains("Topic 'gone' does not exist as expected");
    }

    @Test
    void configsAreSetDescribedRefusedAndRemoved() {
        tools.createTopic("tuned", 1);
        String[] topic = {"--entity-type", "topics", "--entity-name", "tuned"};

        assertThat(alter(topic, "--add-config", "max.message.bytes=50000,cleanup.policy=compact")
                        .lines())
                .containsExactly("Completed updating config for topic tuned.");
        assertThat(tools.configs("--describe", topic[0], topic[1], topic[2], topic[3])
                        .lines())
                .containsExactlyInAnyOrder(
                        "Dynamic configs for topic tuned are:",
                        "  max.message.bytes=50000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:max.message.bytes=50000,"
                                + " DEFAULT_CONFIG:message.max.bytes=1048588}",
                        "  cleanup.policy=compact sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,"
                                + " DEFAULT_CONFIG:log.cleanup.policy=delete}");

        ToolRun wrong = alter(topic, "--add-config", "max.message.bytes=wrong");
        assertThat(wrong.status()).isEqualTo(1);
        assertThat(wrong.errors())
                .contains("InvalidConfigurationException: Invalid value wrong for configuration max.message.bytes:");

        alter(topic, "--delete-config", "max.message.bytes,cleanup.policy").succeeded();
        assertThat(tools.configs("--describe", topic[0], topic[1], topic[2], topic[3])
                        .lines())
                .containsExactly("Dynamic configs for topic tuned are:");
    }

    @Test
    void everyConfigOfATopicIsDescribed() {
        tools.createTopic("plain", 1);

        List<String> all = tools.configs("--describe", "--all", "--entity-type", "topics", "--entity-name", "plain")
                .lines();

        assertThat(all.getFirst()).isEqualTo("All configs for topic plain are:");
        assertThat(all)
                .contains(
                        "  retention.ms=604800000 sensitive=false synonyms={}",
                        "  segment.bytes=1073741824 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.bytes=1073741824}",
                        "  compression.type=producer sensitive=false synonyms={DEFAULT_CONFIG:compression.type=producer}");
    }

    @Test
    void configsOfABrokerAreSetAndRemoved() {
        String[] broker = {"--entity-type", "brokers", "--entity-name", "1"};

        String rate = "follower.replication.throttled.rate";
        assertThat(alter(broker, "--add-config", "log.cleaner.threads=2," + rate + "=1000")
                        .lines())
                .containsExactly("Completed updating config for broker 1.");
        assertThat(tools.configs("--describe", broker[0], broker[1], broker[2], broker[3])
                        .lines())
                .containsExactlyInAnyOrder(
                        "Dynamic configs for broker 1 are:",
                        "  " + rate + "=1000 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:" + rate + "=1000}",
                        "  log.cleaner.threads=2 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:log.cleaner.threads=2,"
                                + " DEFAULT_CONFIG:log.cleaner.threads=1}");
        alter(broker, "--delete-config", "log.cleaner.threads," + rate).succeeded();
    }

    private ToolRun alter(String[] entity, String action, String value) {
        return tools.configs("--alter", entity[0], entity[1], entity[2], entity[3], action, value);
    }
}
