package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/**
 * A node with thousands of partitions, under the limit of open files that most systems set: it works, is killed, says how its
 * recovery goes on, and rests with nothing open. Kafka cannot be compared: it keeps the log of every segment open and its indexes
 * mapped, and ends long before.
 */
class ManyPartitionsTest {
    private static final int LIMIT = 1_024;

    /** What the node may have open, JVM and sockets included: far from the limit. */
    private static final int OPEN_MAX = 800;

    private static final int PARTITIONS = 3_000;
    private static final int AT_ONCE = 500;
    /** Three batches are two segments. */
    private static final int ROUNDS = 3;

    private int openMost;

    @Test
    void aNodeHasMorePartitionsThanItMayOpenFiles() throws Exception {
        Map<String, String> settings = Map.of("num.recovery.threads.per.data.dir", "3");
        try (BrokerProcess broker =
                BrokerProcess.startAfter("ulimit -n " + LIMIT, BrokerKind.OTTLA, "ManyPartitions", settings)) {
            // An index with room for one entry is full after two batches.
            Clients clients = Clients.of(broker);
            clients.createTopic("many", PARTITIONS, "segment.index.bytes", "24", "index.interval.bytes", "0");
            clients.createTopic("torn", 1);
            awaitLeaders(clients);
            try (RawConnection connection = new RawConnection(broker.port())) {
                for (int round = 0; round < ROUNDS; round++) {
                    write(connection, "torn", 0, 1, "value " + round);
                    write(connection, "torn", 0, 1, "and again");
                    for (int from = 0; from < PARTITIONS; from += AT_ONCE) {
                        write(connection, "many", from, AT_ONCE, "value " + round);
                        count(broker);
                    }
                }
                assertThat(segments(broker, 0)).isGreaterThanOrEqualTo(2);
                assertThat(segments(broker, PARTITIONS - 1)).isGreaterThanOrEqualTo(2);
                assertAllRead(broker, connection);
            }
            assertNothingMapped(broker);

            broker.kill();
            String damage = damageTheThirdBatch(broker);
            Set<String> threads = restartWatchingThreads(broker);

            assertThat(threads).containsExactlyInAnyOrder("log-loading-0-", "log-loading-1-", "log-loading-2-");
            assertThat(Files.readAllLines(broker.log()))
                    .anyMatch(line -> line.matches(".*: opened \\d+ of \\d+ logs, \\d+ are left"))
                    .anyMatch(line -> line.matches(".*: opened 30\\d\\d logs in \\d+ ms"))
                    .anyMatch(line -> line.contains(damage));
            try (RawConnection connection = new RawConnection(broker.port())) {
                assertAllRead(broker, connection);
            }
            assertThat(clients.readAll(2, new TopicPartition("torn", 0))).hasSize(2);

            broker.terminate();
            broker.restart();

            Waiting.value("nothing is open while idle", () -> openPartitionFiles(broker), List::isEmpty);
            assertNothingMapped(broker);
            try (RawConnection connection = new RawConnection(broker.port())) {
                assertAllRead(broker, connection);
                write(connection, "many", 0, AT_ONCE, "after");
            }
            assertThat(openMost).as("open at most").isLessThan(OPEN_MAX);
            assertThat(Files.readString(broker.log())).doesNotContain("Too many open files", " ERROR ");
        }
    }

    private static void awaitLeaders(Clients clients) {
        List<TopicPartition> all = new ArrayList<>(List.of(new TopicPartition("torn", 0)));
        IntStream.range(0, PARTITIONS).forEach(partition -> all.add(new TopicPartition("many", partition)));
        try (KafkaConsumer<String, String> consumer = clients.consumer()) {
            assertThat(consumer.endOffsets(all)).hasSize(all.size());
        }
    }

    /** What a broken disk does. Returns what the node is to say of it. */
    private static String damageTheThirdBatch(BrokerProcess broker) throws IOException {
        Path log = broker.dataDirectory().resolve("torn-0").resolve("00000000000000000000.log");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(log));
        int position = 0;
        for (int batch = 0; batch < 2; batch++) {
            position += bytes.getInt(position + 8) + 12;
        }
        int end = position + bytes.getInt(position + 8) + 12;
        bytes.put(end - 2, (byte) ~bytes.get(end - 2));
        Files.write(log, bytes.array());
        return "torn-0/" + log.getFileName() + ": damaged in the middle, at position " + position + " (offset 2)";
    }

    /** The threads that opened logs meanwhile, by the part of their names that the system keeps. */
    private static Set<String> restartWatchingThreads(BrokerProcess broker) throws Exception {
        Set<String> names = new TreeSet<>();
        AtomicBoolean over = new AtomicBoolean();
        Thread watch = Thread.ofPlatform().daemon().start(() -> {
            while (!over.get()) {
                try (Stream<Path> threads = Files.list(proc(broker, "task"))) {
                    for (Path thread : threads.toList()) {
                        names.add(Files.readString(thread.resolve("comm")).strip());
                    }
                } catch (IOException | UncheckedIOException gone) {
                    // the process, or one of its threads, has ended
                }
                LockSupport.parkNanos(5_000_000);
            }
        });
        broker.restart();
        over.set(true);
        watch.join();
        return names.stream()
                .filter(name -> name.startsWith("log-loading-"))
                .map(name -> name.substring(0, "log-loading-0-".length()))
                .collect(Collectors.toSet());
    }

    private static void write(RawConnection connection, String topic, int from, int count, String value)
            throws IOException {
        List<ProduceRequestData.PartitionProduceData> partitions = IntStream.range(from, from + count)
                .mapToObj(partition -> new ProduceRequestData.PartitionProduceData()
                        .setIndex(partition)
                        .setRecords(MemoryRecords.withRecords(
                                Compression.NONE,
                                new SimpleRecord(System.currentTimeMillis(), null, bytes(value + " of " + partition)))))
                .toList();
        ProduceRequestData request =
                new ProduceRequestData().setAcks((short) -1).setTimeoutMs(10_000);
        request.topicData()
                .add(new ProduceRequestData.TopicProduceData().setName(topic).setPartitionData(partitions));
        ProduceResponseData answer = (ProduceResponseData) connection.ask(ApiKeys.PRODUCE, 9, request);
        assertThat(answer.responses().iterator().next().partitionResponses())
                .hasSize(count)
                .allSatisfy(partition -> assertThat(partition.errorCode()).isZero());
    }

    /** Reads each partition from its beginning, a segment of many partitions at a time. */
    private void assertAllRead(BrokerProcess broker, RawConnection connection) throws IOException {
        Map<Integer, List<String>> values = new HashMap<>();
        for (int from = 0; from < PARTITIONS; from += AT_ONCE) {
            for (int left = AT_ONCE; left > 0; count(broker)) {
                List<FetchRequestData.FetchPartition> wanted = IntStream.range(from, from + AT_ONCE)
                        .filter(partition -> read(values, partition).size() < ROUNDS)
                        .mapToObj(partition -> new FetchRequestData.FetchPartition()
                                .setPartition(partition)
                                .setFetchOffset(read(values, partition).size())
                                .setPartitionMaxBytes(1 << 20))
                        .toList();
                left = wanted.size();
                fetch(connection, wanted, values);
            }
        }
        assertThat(values).hasSize(PARTITIONS);
        values.forEach((partition, read) -> assertThat(read)
                .isEqualTo(IntStream.range(0, ROUNDS)
                        .mapToObj(round -> "value " + round + " of " + partition)
                        .toList()));
    }

    private static List<String> read(Map<Integer, List<String>> values, int partition) {
        return values.computeIfAbsent(partition, _ -> new ArrayList<>());
    }

    private static void fetch(
            RawConnection connection, List<FetchRequestData.FetchPartition> wanted, Map<Integer, List<String>> values)
            throws IOException {
        if (wanted.isEmpty()) {
            return;
        }
        FetchRequestData request = new FetchRequestData()
                .setReplicaId(-1)
                .setMaxWaitMs(0)
                .setMinBytes(1)
                .setMaxBytes(50 << 20)
                .setSessionEpoch(-1)
                .setTopics(List.of(new FetchRequestData.FetchTopic()
                        .setTopic("many")
                        .setTopicId(Uuid.ZERO_UUID)
                        .setPartitions(wanted)));
        FetchResponseData answer = (FetchResponseData) connection.ask(ApiKeys.FETCH, 12, request);
        for (FetchResponseData.PartitionData partition :
                answer.responses().getFirst().partitions()) {
            assertThat(partition.errorCode()).isZero();
            for (Record record : ((MemoryRecords) partition.records()).records()) {
                ByteBuffer value = record.value();
                read(values, partition.partitionIndex())
                        .add(StandardCharsets.UTF_8.decode(value).toString());
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- what the system says of the process

    private void count(BrokerProcess broker) throws IOException {
        try (Stream<Path> open = Files.list(proc(broker, "fd"))) {
            openMost = Math.max(openMost, (int) open.count());
        }
    }

    private static List<Path> openPartitionFiles(BrokerProcess broker) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> open = Files.list(proc(broker, "fd"))) {
            for (Path descriptor : open.toList()) {
                try {
                    Path file = Files.readSymbolicLink(descriptor);
                    if (file.startsWith(broker.dataDirectory()) && isOfPartition(file.getParent())) {
                        files.add(file);
                    }
                } catch (NoSuchFileException closed) {
                    // not open any more
                }
            }
        }
        return files;
    }

    private static boolean isOfPartition(Path directory) {
        String name = directory.getFileName().toString();
        return name.matches(".*-\\d+") && !name.startsWith("__cluster_metadata");
    }

    private static void assertNothingMapped(BrokerProcess broker) throws IOException {
        assertThat(Files.readAllLines(proc(broker, "maps")))
                .isNotEmpty()
                .noneMatch(line -> line.contains(broker.dataDirectory().toString()));
    }

    private static Path proc(BrokerProcess broker, String what) {
        return Path.of("/proc", String.valueOf(broker.pid()), what);
    }

    private static long segments(BrokerProcess broker, int partition) throws IOException {
        Path directory = broker.dataDirectory().resolve(new TopicPartition("many", partition).toString());
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".log")).count();
        }
    }
}
