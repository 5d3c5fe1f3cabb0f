package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A node with two log directories, of which one is lost. */
class LogDirectoriesTest {
    private static final String TOPIC = "spread";

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aNodeStartsWithoutADirectoryAndTakesAnotherInItsPlace(BrokerKind kind, @TempDir Path root) throws Exception {
        Path first = root.resolve("first").toAbsolutePath();
        Path second = root.resolve("second").toAbsolutePath();
        Map<String, String> settings = Map.of("log.dirs", first + "," + second);
        try (BrokerProcess broker = BrokerProcess.start(kind, "LogDirectories", settings)) {
            Clients clients = Clients.of(broker);
            clients.createTopic(TOPIC, 4);
            // Kafka makes the logs a moment after it has told of the topic.
            Waiting.value(
                    "logs in both directories",
                    () -> partitions(clients, first).size()
                            + partitions(clients, second).size(),
                    count -> count == 4);
            Set<Integer> kept = partitions(clients, first);
            Set<Integer> lost = partitions(clients, second);
            write(clients, kept);
            write(clients, lost);
            assertThat(kept).hasSize(2);
            assertThat(lost).hasSize(2);
            broker.terminate();

            // A broken disk: what is there is no directory any more.
            delete(second);
            Files.writeString(second, "not a directory");
            broker.restart();
            assertThat(describe(clients).get(second.toString()).error()).isInstanceOf(KafkaStorageException.class);
            assertThat(partitions(clients, first)).isEqualTo(kept);
            write(clients, kept);
            assertRefused(clients, lost);
            broker.terminate();

            // The disk was replaced by one that was formatted for this node, before directories had ids.
            Files.delete(second);
            Files.createDirectory(second);
            Path properties = second.resolve("meta.properties");
            Files.writeString(properties, "version=1\ncluster.id=" + broker.clusterId() + "\nnode.id=1\n");
            broker.restart();
            assertThat(describe(clients).get(second.toString()).error()).isNull();
            assertThat(Files.readString(properties)).contains("directory.id=");
            write(clients, kept);
        }
    }

    private static void write(Clients clients, Set<Integer> partitions) throws Exception {
        try (KafkaProducer<String, String> producer = clients.producer()) {
            for (int partition : partitions) {
                producer.send(new ProducerRecord<>(TOPIC, partition, "key", "value"))
                        .get();
            }
        }
    }

    private static void assertRefused(Clients clients, Set<Integer> partitions) {
        try (KafkaProducer<String, String> producer =
                clients.producer("delivery.timeout.ms", "1500", "request.timeout.ms", "1000", "max.block.ms", "1500")) {
            int any = partitions.iterator().next();
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>(TOPIC, any, "key", "value"))
                            .get())
                    .isInstanceOf(ExecutionException.class);
        }
    }

    private static Set<Integer> partitions(Clients clients, Path directory) throws Exception {
        Set<Integer> partitions = new TreeSet<>();
        for (TopicPartition partition :
                describe(clients).get(directory.toString()).replicaInfos().keySet()) {
            if (partition.topic().equals(TOPIC)) {
                partitions.add(partition.partition());
            }
        }
        return partitions;
    }

    private static Map<String, LogDirDescription> describe(Clients clients) throws Exception {
        try (Admin admin = clients.admin()) {
            return new HashMap<>(
                    admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1));
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
