package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.common.metadata.BeginTransactionRecord;
import org.apache.kafka.common.metadata.EndTransactionRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.metadata.MetadataRecordSerde;

/** What stopped nodes have in their metadata logs, read with Kafka's own classes. */
final class MetadataLogs {
    private static final String FOLDER = "__cluster_metadata-0";

    private MetadataLogs() {}

    /** As the other, of all nodes. */
    static void assertEqual(Cluster cluster) {
        assertEqual(cluster.nodes());
    }

    /**
     * Asserts that all nodes have the same batches, byte for byte, from where the log of each begins up to where the shortest ends, and
     * that each one's newest snapshot, with the log behind it, makes the same image as that of the node whose log is the oldest, and the
     * same tree in {@code kafka-metadata-shell}.
     */
    static void assertEqual(List<Cluster.Node> nodes) {
        Map<Cluster.Node, SortedMap<Long, Batch>> logs = new HashMap<>();
        nodes.forEach(node -> logs.put(node, batches(node, ".log")));
        long endOffset = logs.values().stream()
                .mapToLong(log -> log.get(log.lastKey()).endOffset)
                .min()
                .orElseThrow();
        Cluster.Node oldest = nodes.stream()
                .min(Comparator.comparing(node -> logs.get(node).firstKey()))
                .orElseThrow();
        SortedMap<Long, Batch> expected = upTo(endOffset, logs.get(oldest));
        assertThat(expected).isNotEmpty();
        MetadataImage image = expected.firstKey() == 0
                ? image(List.of(expected))
                : fromSnapshot(snapshot(oldest, endOffset).orElseThrow(), expected);
        for (Cluster.Node node : nodes) {
            SortedMap<Long, Batch> log = upTo(endOffset, logs.get(node));
            assertThat(log).as("the log of " + node).isNotEmpty().isEqualTo(expected.tailMap(log.firstKey()));
            snapshot(node, endOffset)
                    .ifPresent(snapshot -> assertThat(fromSnapshot(snapshot, log))
                            .as("what %s had from its snapshot at %d", node, snapshot.endOffset)
                            .isEqualTo(image));
        }
        MetadataShells.assertShown(image, nodes, endOffset);
    }

    /** A map of its own: a view would refuse to tell what follows its end, where a snapshot may end, too. */
    private static SortedMap<Long, Batch> upTo(long endOffset, SortedMap<Long, Batch> log) {
        return new TreeMap<>(log.headMap(endOffset));
    }

    private static MetadataImage fromSnapshot(Snapshot snapshot, SortedMap<Long, Batch> log) {
        return image(List.of(snapshot.batches, log.tailMap(snapshot.endOffset)));
    }

    /** Where a stopped node's log begins. */
    static long startOffset(Cluster.Node node) {
        return batches(node, ".log").firstKey();
    }

    /** Where the newest snapshot ends that a node has written or fetched; 0 if there is none. */
    static long snapshotEndOffset(Cluster.Node node) {
        return files(node, ".checkpoint").stream()
                .mapToLong(MetadataLogs::endOffset)
                .max()
                .orElse(0);
    }

    static long endOffset(Path snapshot) {
        return Long.parseLong(snapshot.getFileName().toString().substring(0, 20));
    }

    private record Snapshot(long endOffset, SortedMap<Long, Batch> batches) {}

    private record Batch(long endOffset, int epoch, long checksum, List<ApiMessage> records) {}

    private static Optional<Snapshot> snapshot(Cluster.Node node, long limit) {
        return snapshotFile(node, limit).map(file -> new Snapshot(endOffset(file), read(List.of(file))));
    }

    /** The newest snapshot that ends there or before, but for what a directory is formatted with. */
    static Optional<Path> snapshotFile(Cluster.Node node, long limit) {
        return files(node, ".checkpoint").stream()
                .filter(file -> endOffset(file) > 0 && endOffset(file) <= limit)
                .reduce((older, newer) -> newer);
    }

    private static SortedMap<Long, Batch> batches(Cluster.Node node, String suffix) {
        return read(files(node, suffix));
    }

    static List<Path> files(Cluster.Node node, String suffix) {
        try (Stream<Path> files = Files.list(node.process().dataDirectory().resolve(FOLDER))) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SortedMap<Long, Batch> read(List<Path> files) {
        SortedMap<Long, Batch> batches = new TreeMap<>();
        for (Path file : files) {
            try (FileRecords records = FileRecords.open(file.toFile(), false)) {
                for (RecordBatch batch : records.batches()) {
                    batch.ensureValid();
                    batches.put(
                            batch.baseOffset(),
                            new Batch(
                                    batch.nextOffset(),
                                    batch.partitionLeaderEpoch(),
                                    batch.checksum(),
                                    batch.isControlBatch() ? List.of() : messages(batch)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return batches;
    }

    private static List<ApiMessage> messages(RecordBatch batch) {
        List<ApiMessage> messages = new ArrayList<>();
        for (Record record : batch) {
            messages.add(MetadataRecordSerde.INSTANCE
                    .read(new ByteBufferAccessor(record.value()), record.valueSize())
                    .message());
        }
        return messages;
    }

    private static MetadataImage image(List<SortedMap<Long, Batch>> parts) {
        MetadataDelta delta =
                new MetadataDelta.Builder().setImage(MetadataImage.EMPTY).build();
        for (SortedMap<Long, Batch> part : parts) {
            part.values()
                    .forEach(batch -> batch.records.stream()
                            // the first records of a cluster come as one transaction; its bounds change nothing
                            .filter(record -> !(record instanceof BeginTransactionRecord
                                    || record instanceof EndTransactionRecord))
                            .forEach(delta::replay));
        }
        return delta.apply(MetadataProvenance.EMPTY);
    }
}
