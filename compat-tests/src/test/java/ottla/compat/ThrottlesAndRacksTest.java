package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.compat.BrokerKind.KAFKA;
import static ottla.compat.BrokerKind.OTTLA;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three brokers, each in a rack of its own: replicas are moved no faster than {@code --throttle} allows, and consumers read in their
 * own rack (KIP-392). In the cluster of both kinds each kind is leader and follower of the other, and of its own.
 */
@ParameterizedClass(name = "{0}")
@EnumSource(ThrottlesAndRacksTest.Kinds.class)
@TestMethodOrder(OrderAnnotation.class)
class ThrottlesAndRacksTest {
    private static final int FIRST = 1;
    private static final int SECOND = 101;
    private static final int THIRD = 102;

    private static final int BYTES_PER_SECOND = 1_000_000;
    private static final int VALUE_BYTES = 10_000;

    /** Of each partition that is moved: a throttle lets the first megabyte through, and there are two more. */
    private static final int MOVED_RECORDS = 300;

    /** The third of them cannot be sent before two seconds have passed; without a throttle all take a fraction of one. */
    private static final Duration LEAST = Duration.ofMillis(1_500);

    private static final Duration MOST = Duration.ofSeconds(30);

    /** Each waits for the one before. */
    private static final int WRITTEN_MEANWHILE = 20;

    private static final int READ_RECORDS = 30;

    private static final List<String> MOVED = List.of("there", "back", "within");

    private static Cluster cluster;
    private static Admin admin;

    @TempDir
    private Path root;

    enum Kinds {
        ALL_KAFKA(KAFKA, KAFKA, KAFKA),
        BOTH(OTTLA, KAFKA, OTTLA);

        private final BrokerKind first;
        private final BrokerKind second;
        private final BrokerKind third;

        Kinds(BrokerKind first, BrokerKind second, BrokerKind third) {
            this.first = first;
            this.second = second;
            this.third = third;
        }
    }

    ThrottlesAndRacksTest(Kinds kinds) {
        assertThat(cluster.node(FIRST).kind()).isEqualTo(kinds.first);
    }

    @BeforeParameterizedClassInvocation
    static void start(Kinds kinds) {
        cluster = new Cluster("ThrottlesAndRacks-" + kinds, Cluster.Voters.STATIC)
                .combined(kinds.first)
                .brokers(kinds.second, kinds.third)
                .ofShortLife()
                .inRacks()
                .with("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector")
                .with("broker.session.timeout.ms", "2000")
                .with("broker.heartbeat.interval.ms", "500")
                .start();
        admin = new Clients(cluster.bootstrap()).admin();
    }

    @AfterParameterizedClassInvocation
    static void end() {
        admin.close();
        cluster.close();
    }

    /** To the other kind, back, and within a kind, all at once; each broker gives to one and takes from another. */
    @Test
    @Order(1)
    void replicasAreMovedNoFasterThanTheThrottleAllows() throws Exception {
        create("there", FIRST, THIRD);
        create("back", SECOND, FIRST);
        create("within", THIRD, SECOND);
        for (String topic : MOVED) {
            write(topic, 0, MOVED_RECORDS);
        }
        String plan = file("{\"version\":1,\"partitions\":["
                + String.join(
                        ",",
                        to("there", FIRST, THIRD, SECOND),
                        to("back", SECOND, FIRST, THIRD),
                        to("within", THIRD, SECOND, FIRST))
                + "]}");
        CompletableFuture<Moved> moving = CompletableFuture.supplyAsync(ThrottlesAndRacksTest::awaitMoved);

        assertThat(reassign(plan, "--execute", "--throttle", String.valueOf(BYTES_PER_SECOND))
                        .lines())
                .contains(
                        "The inter-broker throttle limit was set to " + BYTES_PER_SECOND + " B/s",
                        "Successfully started partition reassignments for back-0,there-0,within-0");
        write("there", MOVED_RECORDS, MOVED_RECORDS + WRITTEN_MEANWHILE);
        assertThat(moving).as("producers do not wait for who is not in sync").isNotDone();

        assertThat(moving.get().first()).isGreaterThan(LEAST);
        assertThat(moving.get().last()).isLessThan(MOST);
        Clients.awaitInSync(admin, "there", 3);
        assertThat(throttles()).isNotEmpty();
        assertThat(reassign(plan, "--verify").lines())
                .contains(
                        "Reassignment of partition there-0 is completed.",
                        "Reassignment of partition back-0 is completed.",
                        "Reassignment of partition within-0 is completed.",
                        "Clearing broker-level throttles on brokers 1,101,102")
                .anyMatch(line -> line.startsWith("Clearing topic-level throttles on topics "));
        Waiting.value("the throttles are gone", ThrottlesAndRacksTest::throttles, List::isEmpty);
    }

    @Test
    @Order(2)
    void consumersReadInTheirOwnRackAndGoOnWithoutIt() throws Exception {
        create("near", FIRST, SECOND, THIRD);
        create("far", SECOND, THIRD, FIRST);
        Clients.awaitInSync(admin, "near", 3);
        Clients.awaitInSync(admin, "far", 3);
        write("near", 0, READ_RECORDS);
        write("far", 0, READ_RECORDS);
        assertReads("far", THIRD, THIRD, SECOND);
        assertReads("near", FIRST, FIRST, SECOND);
        try (KafkaConsumer<String, String> consumer = consumer("near", SECOND)) {
            List<ConsumerRecord<String, String>> read = new ArrayList<>(Clients.poll(consumer, READ_RECORDS));
            assertReadFrom(consumer, SECOND, FIRST);

            cluster.node(SECOND).process().kill();
            write("near", READ_RECORDS, 2 * READ_RECORDS);
            read.addAll(Clients.poll(consumer, READ_RECORDS));

            assertThat(read).extracting(ConsumerRecord::key).containsExactlyElementsOf(keys(0, 2 * READ_RECORDS));
            assertThat(receivedBytes(consumer, FIRST)).isGreaterThan(READ_RECORDS * VALUE_BYTES);
        }
    }

    private static void assertReads(String topic, int rack, int from, int notFrom) {
        try (KafkaConsumer<String, String> consumer = consumer(topic, rack)) {
            assertThat(Clients.poll(consumer, READ_RECORDS))
                    .extracting(ConsumerRecord::key)
                    .containsExactlyElementsOf(keys(0, READ_RECORDS));
            assertReadFrom(consumer, from, notFrom);
        }
    }

    private static KafkaConsumer<String, String> consumer(String topic, int rack) {
        KafkaConsumer<String, String> consumer =
                new Clients(cluster.bootstrap()).consumer("client.rack", Cluster.rackOf(rack));
        TopicPartition partition = new TopicPartition(topic, 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        return consumer;
    }

    private static void assertReadFrom(KafkaConsumer<?, ?> consumer, int broker, int other) {
        assertThat(receivedBytes(consumer, broker)).isGreaterThan(READ_RECORDS * VALUE_BYTES);
        assertThat(receivedBytes(consumer, other)).isLessThan(VALUE_BYTES);
    }

    /** What a consumer got from one node, as its own metrics tell. */
    private static double receivedBytes(KafkaConsumer<?, ?> consumer, int broker) {
        return consumer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("incoming-byte-total")
                        && ("node-" + broker).equals(metric.getKey().tags().get("node-id")))
                .mapToDouble(metric -> (double) metric.getValue().metricValue())
                .sum();
    }

    private static void create(String topic, Integer... replicas) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, Map.of(0, List.of(replicas)))))
                .all()
                .get();
        Clients.awaitInSync(admin, topic, replicas.length);
    }

    /** With acks=all. */
    private static void write(String topic, int from, int end) throws Exception {
        try (KafkaProducer<String, String> producer = new Clients(cluster.bootstrap()).producer()) {
            if (from == 0) {
                Clients.deliver(producer, records(topic, from, end));
            } else {
                for (ProducerRecord<String, String> record :
                        records(topic, from, end).toList()) {
                    producer.send(record).get();
                }
            }
        }
    }

    private static Stream<ProducerRecord<String, String>> records(String topic, int from, int end) {
        return keys(from, end).stream().map(key -> new ProducerRecord<>(topic, 0, key, "v".repeat(VALUE_BYTES)));
    }

    private static List<String> keys(int from, int end) {
        return IntStream.range(from, end).mapToObj(number -> "k" + number).toList();
    }

    private ToolRun reassign(String plan, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of("--bootstrap-server", cluster.bootstrap(), "--reassignment-json-file", plan));
        all.addAll(List.of(arguments));
        return NearTool.run("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", all.toArray(String[]::new));
    }

    private static String to(String topic, Integer... replicas) {
        return "{\"topic\":\"" + topic + "\",\"partition\":0,\"replicas\":" + List.of(replicas) + "}";
    }

    private String file(String content) throws Exception {
        return Files.writeString(root.resolve("plan.json"), content).toString();
    }

    /** How long it took until the first of the partitions had moved, and the last. */
    private record Moved(Duration first, Duration last) {}

    private static Moved awaitMoved() {
        Waiting.until("all move", () -> moving().size() == MOVED.size());
        long begunNs = System.nanoTime();
        Waiting.until("one has moved", () -> moving().size() < MOVED.size());
        Duration first = Duration.ofNanos(System.nanoTime() - begunNs);
        Waiting.until("all have moved", () -> moving().isEmpty());
        return new Moved(first, Duration.ofNanos(System.nanoTime() - begunNs));
    }

    private static Set<TopicPartition> moving() throws Exception {
        return admin.listPartitionReassignments().reassignments().get().keySet();
    }

    /** What the tool has set on brokers and topics. */
    private static List<String> throttles() throws Exception {
        List<ConfigResource> resources = Stream.concat(
                        Stream.of(FIRST, SECOND, THIRD)
                                .map(id -> new ConfigResource(ConfigResource.Type.BROKER, String.valueOf(id))),
                        MOVED.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)))
                .toList();
        Map<ConfigResource, Config> described =
                admin.describeConfigs(resources).all().get();
        return described.values().stream()
                .flatMap(config -> config.entries().stream())
                .filter(entry -> entry.source() == ConfigSource.DYNAMIC_BROKER_CONFIG
                        || entry.source() == ConfigSource.DYNAMIC_TOPIC_CONFIG)
                .map(ConfigEntry::name)
                .toList();
    }
}
