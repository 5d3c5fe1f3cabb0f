package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.RecordBatch;

/** What stopped brokers have in the logs of one partition, read with Kafka's own classes. */
final class ReplicaLogs {
    private ReplicaLogs() {}

    private record Batch(long endOffset, int epoch, long checksum) {}

    /** Asserts that all have the same batches: the same offsets, leader epochs and checksums. */
    static void assertEqual(List<Cluster.Node> brokers, TopicPartition partition) {
        SortedMap<Long, Batch> first = batches(brokers.getFirst(), partition);
        assertThat(first).isNotEmpty();
        for (Cluster.Node broker : brokers) {
            assertThat(batches(broker, partition))
                    .as("%s on %s", partition, broker)
                    .isEqualTo(first);
        }
    }

    private static SortedMap<Long, Batch> batches(Cluster.Node broker, TopicPartition partition) {
        SortedMap<Long, Batch> batches = new TreeMap<>();
        for (Path file : files(broker.process().dataDirectory().resolve(partition.toString()))) {
            try (FileRecords records = FileRecords.open(file.toFile(), false)) {
                for (RecordBatch batch : records.batches()) {
                    batch.ensureValid();
                    batches.put(
                            batch.baseOffset(),
                            new Batch(batch.nextOffset(), batch.partitionLeaderEpoch(), batch.checksum()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return batches;
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
