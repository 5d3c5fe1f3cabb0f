package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A topic with cleanup.policy=compact on a running broker really shrinks, loses no key, and is still so after a restart. */
class CompactionTest {
    private static final TopicPartition PARTITION = new TopicPartition("compacted", 0);
    private static final int KEYS = 50;
    private static final int RECORDS = 5_000;
    private static final int VALUE_CHARS = 1_000;

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theNewestValueOfEachKeyIsLeft(BrokerKind kind) throws Exception {
        Map<String, String> settings = Map.of("log.cleaner.backoff.ms", "100", "log.segment.delete.delay.ms", "0");
        try (BrokerProcess broker = BrokerProcess.start(kind, "Compaction", settings)) {
            Clients clients = Clients.of(broker);
            clients.createTopic(
                    "compacted",
                    1,
                    "cleanup.policy",
                    "compact",
                    "segment.bytes",
                    "1048576",
                    "min.cleanable.dirty.ratio",
                    "0.01");
            Map<String, String> newest = write(clients);

            Path directory = broker.dataDirectory().resolve("compacted-0");
            long writtenBytes = (long) RECORDS * VALUE_CHARS;
            // the active segment is never cleaned, and of the others little is left
            Waiting.value("compaction", () -> logBytes(directory), bytes -> bytes < writtenBytes / 3);
            assertThat(clients.newest(PARTITION, RECORDS)).isEqualTo(newest);

            broker.terminate();
            assertThat(Files.readString(broker.dataDirectory().resolve("cleaner-offset-checkpoint")))
                    .startsWith("0\n")
                    .contains("compacted 0 ");
            broker.restart();
            assertThat(clients.newest(PARTITION, RECORDS)).isEqualTo(newest);
        }
    }

    private static Map<String, String> write(Clients clients) throws Exception {
        Map<String, String> newest = new HashMap<>();
        SplittableRandom random = new SplittableRandom(1);
        List<ProducerRecord<String, String>> records = IntStream.range(0, RECORDS)
                .mapToObj(i -> {
                    String key = "key " + random.nextInt(KEYS);
                    String value = (i + " ").repeat(VALUE_CHARS).substring(0, VALUE_CHARS);
                    newest.put(key, value);
                    return new ProducerRecord<>("compacted", key, value);
                })
                .toList();
        try (KafkaProducer<String, String> producer = clients.producer()) {
            Clients.deliver(producer, records.stream());
        }
        return newest;
    }

    private static long logBytes(Path directory) throws IOException {
        long total = 0;
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, "*.log")) {
            for (Path log : logs) {
                total += Files.size(log);
            }
        }
        return total;
    }
}
