package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One node with three listeners for clients, each advertised otherwise than it is bound: whoever asks on one of them is sent to the
 * address that is advertised for that one.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("brokers")
class ListenersTest {
    private final BrokerProcess broker;
    private final int external;
    private final int distant;

    ListenersTest(BrokerProcess broker, int external, int distant) {
        this.broker = broker;
        this.external = external;
        this.distant = distant;
    }

    static Stream<Arguments> brokers() {
        return Brokers.kinds().map(kind -> {
            int external = Ports.free();
            int distant = Ports.free();
            Map<String, String> settings = Map.of(
                    "listeners",
                    "INTERNAL://127.0.0.1:$PORT,CONTROLLER://127.0.0.1:$CONTROLLER_PORT,EXTERNAL://0.0.0.0:" + external
                            + ",DISTANT://:" + distant,
                    "advertised.listeners",
                    "INTERNAL://127.0.0.1:$PORT,EXTERNAL://localhost:" + external + ",DISTANT://kafka.example:4711",
                    "listener.security.protocol.map",
                    "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT,DISTANT:PLAINTEXT",
                    "inter.broker.listener.name",
                    "INTERNAL");
            return Arguments.of(BrokerProcess.start(kind, "ListenersTest", settings), external, distant);
        });
    }

    @BeforeEach
    void allListenersAnswer() {
        // the broker was awaited on one of them; the others open at about the same time
        for (int port : List.of(external, distant)) {
            Waiting.until("port " + port + " answers", () -> {
                try (RawConnection connection = new RawConnection(port)) {
                    return connection.isUsable();
                }
            });
        }
    }

    @Test
    void metadataNamesTheListenerAsked() throws IOException {
        assertThat(metadata(broker.port())).containsExactly("127.0.0.1:" + broker.port());
        assertThat(metadata(external)).containsExactly("localhost:" + external);
        assertThat(metadata(distant)).containsExactly("kafka.example:4711");
    }

    @Test
    void theClusterIsDescribedForTheListenerAsked() throws IOException {
        assertThat(cluster(broker.port())).containsExactly("127.0.0.1:" + broker.port());
        assertThat(cluster(external)).containsExactly("localhost:" + external);
        assertThat(cluster(distant)).containsExactly("kafka.example:4711");
    }

    @Test
    void theCoordinatorIsFoundOnTheListenerAsked() {
        assertThat(coordinator(broker.port())).isEqualTo("127.0.0.1:" + broker.port());
        assertThat(coordinator(external)).isEqualTo("localhost:" + external);
        assertThat(coordinator(distant)).isEqualTo("kafka.example:4711");
    }

    @Test
    void clientsWorkThroughEachListener() throws Exception {
        Clients inside = new Clients("127.0.0.1:" + broker.port());
        Clients outside = new Clients("127.0.0.1:" + external);
        inside.createTopic("doors", 1);

        write(inside, "in");
        write(outside, "out");

        for (Clients clients : List.of(inside, outside)) {
            try (KafkaConsumer<String, String> consumer =
                    clients.consumer("group.id", "doors-" + clients.bootstrap())) {
                consumer.subscribe(List.of("doors"));
                assertThat(Clients.poll(consumer, 20))
                        .extracting(ConsumerRecord::value)
                        .containsOnly("in", "out");
                consumer.commitSync();
            }
        }
    }

    @Test
    void theAdminClientIsSentToTheListenerThatItCameBy() throws Exception {
        try (Admin admin = new Clients("127.0.0.1:" + external).admin()) {
            assertThat(admin.describeCluster().nodes().get())
                    .extracting(Node::host, Node::port)
                    .containsExactly(tuple("localhost", external));
        }
    }

    private static void write(Clients clients, String value) throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer()) {
            Clients.deliver(producer, IntStream.range(0, 10).mapToObj(i -> new ProducerRecord<>("doors", value)));
        }
    }

    private static List<String> metadata(int port) throws IOException {
        try (RawConnection connection = new RawConnection(port)) {
            MetadataResponseData answer = (MetadataResponseData)
                    connection.ask(ApiKeys.METADATA, ApiKeys.METADATA.latestVersion(), new MetadataRequestData());
            return answer.brokers().stream()
                    .map(at -> at.host() + ":" + at.port())
                    .toList();
        }
    }

    private static List<String> cluster(int port) throws IOException {
        try (RawConnection connection = new RawConnection(port)) {
            DescribeClusterResponseData answer = (DescribeClusterResponseData) connection.ask(
                    ApiKeys.DESCRIBE_CLUSTER,
                    ApiKeys.DESCRIBE_CLUSTER.latestVersion(),
                    new DescribeClusterRequestData());
            return answer.brokers().stream()
                    .map(at -> at.host() + ":" + at.port())
                    .toList();
        }
    }

    /** Asks until the topic of the coordinators is there, which the first question creates. */
    private static String coordinator(int port) {
        FindCoordinatorRequestData request =
                new FindCoordinatorRequestData().setKeyType((byte) 0).setCoordinatorKeys(List.of("anyone"));
        FindCoordinatorResponseData.Coordinator found = Waiting.value(
                "a coordinator",
                () -> {
                    try (RawConnection connection = new RawConnection(port)) {
                        FindCoordinatorResponseData answer = (FindCoordinatorResponseData) connection.ask(
                                ApiKeys.FIND_COORDINATOR, ApiKeys.FIND_COORDINATOR.latestVersion(), request);
                        return answer.coordinators().getFirst();
                    }
                },
                coordinator -> coordinator.errorCode() == Errors.NONE.code());
        return found.host() + ":" + found.port();
    }
}
