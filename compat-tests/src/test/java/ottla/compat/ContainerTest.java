package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;

/** Ottla where tests of applications start it: in a container. */
class ContainerTest {
    @BeforeEach
    void anEngineRuns() {
        assumeTrue(
                DockerClientFactory.instance().isDockerAvailable(),
                "no Docker engine runs here: what a container would show was NOT RUN");
    }

    @Test
    void clientsOutsideOfTheContainerAreServed() throws Exception {
        try (OttlaContainer ottla = new OttlaContainer()) {
            ottla.start();
            Clients clients = new Clients(ottla.bootstrap());
            clients.createTopic("words", 3);
            try (KafkaProducer<String, String> producer = clients.producer()) {
                Clients.deliver(
                        producer, Stream.of("one", "two").map(word -> new ProducerRecord<>("words", 0, word, word)));
            }
            assertThat(clients.readAll(2, new TopicPartition("words", 0)))
                    .extracting(ConsumerRecord::value)
                    .containsExactly("one", "two");
        }
    }
}
