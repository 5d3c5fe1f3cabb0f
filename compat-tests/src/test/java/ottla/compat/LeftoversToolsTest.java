package ottla.compat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The stock tools that look after what clients leave in a cluster: producers' states, subscriptions to metrics, tokens, offsets. */
class LeftoversToolsTest {
    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void whatClientsLeaveIsShownAndRemoved(BrokerKind kind) throws Exception {
        try (Cluster cluster = new Cluster("LeftoversTools", Cluster.Voters.STATIC)
                .combined(kind)
                .start()) {
            Clients clients = new Clients(cluster.node(1).bootstrap());
            clients.createTopic("words", 1);
            try (KafkaProducer<String, String> producer = clients.producer()) {
                List<ProducerRecord<String, String>> words = IntStream.range(0, 5)
                        .mapToObj(i -> new ProducerRecord<>("words", "a", "word " + i))
                        .toList();
                Clients.deliver(producer, words.stream());
            }
            ControllerToolsTest.story(cluster)
                    // when a producer last wrote
                    .varying("^(\\d+\\s+0\\s+-1\\s+4\\s+)\\d+(\\s+None)", "$1T$2")
                    .tell("leftovers");
        }
    }
}
