package ottla.compat;

import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * One run of a Kafka node for all short ones after it: what it has loaded and linked they find ready, and so start with about half
 * the work. Worth its half a minute where hundreds are started.
 */
public final class TrainedKafka {
    private static final String TOPIC = "training";

    private TrainedKafka() {}

    /** Does nothing if it has been done before. */
    public static void prepare() throws Exception {
        if (Files.exists(Jvm.cache(BrokerKind.KAFKA_MAIN))) {
            return;
        }
        try (BrokerProcess broker = BrokerProcess.start(BrokerKind.KAFKA, TOPIC, Map.of())) {
            broker.terminate();
            broker.train();
            broker.restart();
            work(Clients.of(broker));
            broker.terminate();
        }
    }

    /** What most tests want of a broker. */
    private static void work(Clients clients) throws Exception {
        clients.createTopic(TOPIC, 1);
        try (KafkaProducer<String, String> producer = clients.producer("transactional.id", TOPIC)) {
            producer.initTransactions();
            producer.beginTransaction();
            Clients.deliver(producer, Stream.of(new ProducerRecord<>(TOPIC, "value")));
            producer.commitTransaction();
        }
        try (KafkaConsumer<String, String> consumer = clients.consumer("group.id", TOPIC)) {
            consumer.subscribe(List.of(TOPIC));
            Clients.poll(consumer, 1);
            consumer.commitSync();
        }
    }
}
