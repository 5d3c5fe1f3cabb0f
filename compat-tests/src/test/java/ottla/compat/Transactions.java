package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Logs with transactions as a killed broker would have left them: segments only, so that whoever opens them makes all that is
 * derived from them (indexes of offsets, times and aborted transactions, producers' snapshots).
 */
final class Transactions {
    private static final long COMMITTING = 7_001;
    private static final long ABORTING = 7_002;
    private static final long OPEN = 7_003;

    /** With what {@link #goOn} writes. */
    static final long PAID_END = 17;

    static final List<String> PAID_ABORTED = List.of(
            "version: 0 producerId: " + ABORTING + " firstOffset: 3 lastOffset: 5 lastStableOffset: 0",
            "version: 0 producerId: " + ABORTING + " firstOffset: 9 lastOffset: 12 lastStableOffset: 7");

    /** Who has begun something, and where. */
    static final String PAID_OPEN = OPEN + " 7";

    /** The newest of each key, the markers, and the active segment; what was aborted is gone. */
    static final List<Long> LEDGER_LEFT = List.of(3L, 6L, 7L, 8L, 9L, 10L, 11L, 12L);

    /**
     * Recent, or the producers would be forgotten. Times ascend with offsets: where the largest time is that of a batch that was
     * emptied, the tool complains of the time index, Kafka's own included.
     */
    private static final long START_MS = System.currentTimeMillis();

    private static final Compression PLAIN = Compression.NONE;

    private Transactions() {}

    /** A committed transaction around an aborted one, one that stays open, and another aborted one, in three segments. */
    static void putPaid(Path directory) throws IOException {
        clear(directory);
        write(
                directory,
                0,
                batch(0, COMMITTING, 0, "a", "b", "c"),
                batch(3, ABORTING, 0, "a", "b"),
                marker(5, ABORTING, ControlRecordType.ABORT),
                marker(6, COMMITTING, ControlRecordType.COMMIT));
        write(
                directory,
                7,
                batch(7, OPEN, 0, "a", "b"),
                batch(9, ABORTING, 2, "a", "b", "c"),
                marker(12, ABORTING, ControlRecordType.ABORT));
        write(directory, 13, MemoryRecords.withRecords(13, PLAIN, 0, records(13, "a", "b")));
    }

    /** Keys written in transactions and again after them, in three segments of which two can be cleaned. */
    static void putLedger(Path directory) throws IOException {
        clear(directory);
        write(
                directory,
                0,
                batch(0, COMMITTING, 0, "a", "b", "c"),
                marker(3, COMMITTING, ControlRecordType.COMMIT),
                batch(4, ABORTING, 0, "a", "e"),
                marker(6, ABORTING, ControlRecordType.ABORT));
        write(
                directory,
                7,
                MemoryRecords.withRecords(7, PLAIN, 0, records(7, "a", "b", "c")),
                batch(10, ABORTING, 2, "d"),
                marker(11, ABORTING, ControlRecordType.COMMIT));
        write(directory, 12, MemoryRecords.withRecords(12, PLAIN, 0, records(12, "f")));
    }

    /** The broker itself takes more of the transaction that is open, as it does without asking a coordinator. */
    static void goOn(BrokerProcess broker) throws IOException {
        ProduceRequestData request = new ProduceRequestData()
                .setTransactionalId("open")
                .setAcks((short) -1)
                .setTimeoutMs(10_000);
        request.topicData()
                .add(new ProduceRequestData.TopicProduceData()
                        .setName("paid")
                        .setPartitionData(List.of(new ProduceRequestData.PartitionProduceData()
                                .setIndex(0)
                                .setRecords(batch(0, OPEN, 2, "a", "b")))));
        try (RawConnection connection = new RawConnection(broker.port())) {
            long offset = Waiting.value(
                    "the broker leads",
                    () -> ((ProduceResponseData) connection.ask(ApiKeys.PRODUCE, 11, request))
                            .responses()
                            .iterator()
                            .next()
                            .partitionResponses()
                            .getFirst()
                            .baseOffset(),
                    found -> found >= 0);
            assertThat(offset).isEqualTo(15);
        }
    }

    private static void clear(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter(file -> !file.endsWith("partition.metadata")).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void write(Path directory, long baseOffset, MemoryRecords... batches) throws IOException {
        Path file = directory.resolve(String.format("%020d.log", baseOffset));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (MemoryRecords batch : batches) {
                batch.writeFullyTo(channel);
            }
        }
    }

    private static MemoryRecords batch(long offset, long producerId, int sequence, String... keys) {
        return MemoryRecords.withTransactionalRecords(
                offset, PLAIN, producerId, (short) 0, sequence, 0, records(offset, keys));
    }

    private static MemoryRecords marker(long offset, long producerId, ControlRecordType type) {
        return MemoryRecords.withEndTransactionMarker(
                offset, START_MS + offset, 0, producerId, (short) 0, new EndTransactionMarker(type, 0));
    }

    private static SimpleRecord[] records(long offset, String... keys) {
        return Stream.of(keys)
                .map(key -> new SimpleRecord(START_MS + offset, bytes(key), bytes("of " + key)))
                .toArray(SimpleRecord[]::new);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
