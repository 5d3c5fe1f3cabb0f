package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.metadata.util.BatchFileReader;
import org.apache.kafka.metadata.util.BatchFileReader.BatchAndType;
import org.apache.kafka.raft.DynamicVoters;
import org.apache.kafka.server.common.MetadataVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.base.Uuid;
import ottla.log.io.FileDisk;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.ReplicaKey;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;
import ottla.replication.quorum.Voter;
import ottla.replication.quorum.VoterSet;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.TopicRecord;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/** Directories formatted by Kafka's own formatter and by ours, read by both. */
final class QuorumFormatTest {
    private static final List<VersionedRecord> FEATURES = List.of(
            QuorumFormat.feature("metadata.version", 30),
            QuorumFormat.feature("eligible.leader.replicas.version", 1),
            QuorumFormat.feature("group.version", 1),
            QuorumFormat.feature("share.version", 1),
            QuorumFormat.feature("streams.version", 1),
            QuorumFormat.feature("transaction.version", 2));
    private static final String FIRST_SNAPSHOT = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint";
    private static final String LOG = "__cluster_metadata-0/00000000000000000000.log";

    @TempDir
    Path directory;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private Formatter formatter(Path into) {
        return new Formatter()
                .setPrintStream(new PrintStream(said, true, StandardCharsets.UTF_8))
                .setNodeId(TestQuorum.NODE)
                .setClusterId(TestQuorum.CLUSTER)
                .addDirectory(into.toString())
                .setMetadataLogDirectory(into.toString())
                .setControllerListenerName("CONTROLLER")
                .setReleaseVersion(MetadataVersion.latestProduction());
    }

    private void format(Path into, Optional<VoterSet> voters) {
        QuorumFormat.format(
                new FileDisk(into),
                new QuorumFormat.Plan(TestQuorum.CLUSTER, TestQuorum.NODE, TestQuorum.DIRECTORY, FEATURES, voters),
                System.currentTimeMillis());
    }

    private static VoterSet voters(Uuid directoryId) {
        return VoterSet.of(List.of(new Voter(
                new ReplicaKey(TestQuorum.NODE, directoryId),
                Map.of("CONTROLLER", new Endpoint("127.0.0.1", 21211)),
                0,
                1)));
    }

    @Test
    void theBootstrapFileIsKafkasByteForByte() throws Exception {
        formatter(directory.resolve("kafka")).run();

        format(directory.resolve("ottla"), Optional.empty());

        assertThat(timeless(directory.resolve("ottla/bootstrap.checkpoint")))
                .isEqualTo(timeless(directory.resolve("kafka/bootstrap.checkpoint")));
        assertThat(names(directory.resolve("ottla"))).isEqualTo(names(directory.resolve("kafka")));
    }

    @Test
    void theFirstVotersAreKafkasByteForByte() throws Exception {
        Uuid directoryId = TestQuorum.DIRECTORY;
        formatter(directory.resolve("kafka"))
                .setHasDynamicQuorum(true)
                .setInitialControllers(DynamicVoters.parse("1@127.0.0.1:21211:" + directoryId))
                .run();

        format(directory.resolve("ottla"), Optional.of(voters(directoryId)));

        assertThat(timeless(directory.resolve("ottla").resolve(FIRST_SNAPSHOT)))
                .isEqualTo(timeless(directory.resolve("kafka").resolve(FIRST_SNAPSHOT)));
        assertThat(names(directory.resolve("ottla/__cluster_metadata-0")))
                .isEqualTo(names(directory.resolve("kafka/__cluster_metadata-0")));
        assertThat(Files.readAllLines(directory.resolve("ottla/meta.properties")))
                .containsAll(Files.readAllLines(directory.resolve("kafka/meta.properties")).stream()
                        .filter(line -> !line.startsWith("#"))
                        .toList());
    }

    @Test
    void aNodeStartsOnWhatKafkaFormattedForStaticVoters() throws Exception {
        formatter(directory).run();

        assertThat(QuorumFormat.bootstrapRecords(new FileDisk(directory)).orElseThrow())
                .isEqualTo(FEATURES.stream().map(VersionedRecord::record).toList());
        try (TestQuorum quorum = TestQuorum.on(new FileDisk(directory))) {
            assertThat(quorum.leads().append(FEATURES)).isEqualTo(new QuorumTerm.Append.Accepted(1, 6));
            quorum.committed(6);
        }

        assertThat(batches(directory.resolve(LOG)))
                .containsExactly("control LEADER_CHANGE", "records 6 from 1 in epoch 1");
    }

    @Test
    void aNodeStartsOnWhatKafkaFormattedForDynamicVoters() throws Exception {
        formatter(directory)
                .setHasDynamicQuorum(true)
                .setInitialControllers(DynamicVoters.parse("1@127.0.0.1:21211:" + TestQuorum.DIRECTORY))
                .run();
        QuorumSettings settings = TestQuorum.settings(VoterSet.EMPTY, MetadataRetention.DEFAULT);

        try (TestQuorum quorum = TestQuorum.on(new FileDisk(directory), settings)) {
            assertThat(quorum.leads().append(FEATURES)).isEqualTo(new QuorumTerm.Append.Accepted(3, 8));
            quorum.committed(8);
        }
        try (TestQuorum quorum = TestQuorum.on(new FileDisk(directory), settings)) {
            assertThat(quorum.leads().epoch()).isEqualTo(2);
        }

        List<ControlRecord> controls = new ArrayList<>();
        for (BatchView batch : Batches.each(ByteBuffer.wrap(Files.readAllBytes(directory.resolve(LOG))))) {
            controls.addAll(batch.isControl() ? new TreeMap<>(MetadataBatches.readControl(batch)).values() : List.of());
        }
        assertThat(controls)
                .containsExactly(
                        new ControlRecord.LeaderChange(1, List.of(1), List.of(1)),
                        new ControlRecord.KRaftVersion(1),
                        new ControlRecord.Voters(voters(TestQuorum.DIRECTORY)),
                        new ControlRecord.LeaderChange(1, List.of(1), List.of(1)));
        assertThat(Files.readString(directory.resolve("__cluster_metadata-0/quorum-state")))
                .isEqualTo("{\"leaderId\":1,\"leaderEpoch\":2,\"votedId\":-1,"
                        + "\"votedDirectoryId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"data_version\":1}");
    }

    @Test
    void aLogThatKafkaWroteIsReadBack() throws Exception {
        Path log = directory.resolve(LOG);
        Files.createDirectories(log.getParent());
        String hex;
        try (var resource = getClass().getResourceAsStream("/golden/quorum/kafka-4.3.1-metadata-log.hex")) {
            hex = new String(resource.readAllBytes(), StandardCharsets.US_ASCII).replace("\n", "");
        }
        Files.write(log, HexFormat.of().parseHex(hex));
        Files.writeString(
                log.resolveSibling("quorum-state"),
                "{\"clusterId\":\"\",\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"appliedOffset\":0,"
                        + "\"currentVoters\":[{\"voterId\":1}],\"data_version\":0}");

        try (TestQuorum quorum = TestQuorum.on(new FileDisk(directory))) {
            List<MetadataRecord> records = new ArrayList<>();
            for (TestQuorum.Event event : quorum.until(event -> event instanceof TestQuorum.Event.Leads)) {
                if (event instanceof TestQuorum.Event.Committed committed) {
                    records.addAll(committed.batch().records());
                }
            }

            assertThat(records).hasSize(23);
            assertThat(records.subList(1, 7))
                    .isEqualTo(FEATURES.stream().map(VersionedRecord::record).toList());
            assertThat(records.get(8).getClass().getSimpleName()).isEqualTo("EndTransactionRecord");
            assertThat(records.get(10).getClass().getSimpleName()).isEqualTo("RegisterBrokerRecord");
        }
    }

    @Test
    void kafkaReadsASnapshot() throws Exception {
        VersionedRecord topic = VersionedRecord.latest(new TopicRecord("orders", new Uuid(3, 4)));
        try (TestQuorum quorum = TestQuorum.on(new FileDisk(directory))) {
            quorum.leads().append(List.of(topic));
            quorum.committed(1);
            quorum.node()
                    .createSnapshot(new SnapshotId(2, 1), 77, List.of(List.of(topic)))
                    .toCompletableFuture()
                    .get();
        }

        assertThat(batches(directory.resolve("__cluster_metadata-0/00000000000000000002-0000000001.checkpoint")))
                .containsExactly("control SNAPSHOT_HEADER", "records 1 from 1 in epoch 1", "control SNAPSHOT_FOOTER");
    }

    /** What Kafka's own reader of such files sees in one. */
    private static List<String> batches(Path file) throws Exception {
        List<String> seen = new ArrayList<>();
        try (BatchFileReader reader =
                new BatchFileReader.Builder().setPath(file.toString()).build()) {
            while (reader.hasNext()) {
                BatchAndType next = reader.next();
                if (next.isControl()) {
                    StringBuilder types = new StringBuilder("control");
                    next.batch().records().forEach(record -> types.append(' ').append(type(record.message())));
                    seen.add(types.toString());
                } else {
                    seen.add("records %d from %d in epoch %d"
                            .formatted(
                                    next.batch().records().size(),
                                    next.batch().baseOffset(),
                                    next.batch().epoch()));
                }
            }
        }
        return seen;
    }

    private static String type(Object message) {
        return switch (message.getClass().getSimpleName()) {
            case "LeaderChangeMessage" -> "LEADER_CHANGE";
            case "SnapshotHeaderRecord" -> "SNAPSHOT_HEADER";
            case "SnapshotFooterRecord" -> "SNAPSHOT_FOOTER";
            default -> message.toString();
        };
    }

    /** A file's bytes, but for the times, the checksums that cover them, and the time in a snapshot's header. */
    private static String timeless(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        StringBuilder text = new StringBuilder();
        for (BatchView batch : Batches.each(bytes)) {
            assertThat(batch.isChecksumValid()).isTrue();
            ByteBuffer copy =
                    ByteBuffer.allocate(batch.sizeBytes()).put(batch.bytes()).flip();
            copy.putInt(BatchLayout.CRC, 0)
                    .putLong(BatchLayout.BASE_TIMESTAMP, 0)
                    .putLong(BatchLayout.MAX_TIMESTAMP, 0);
            byte[] plain = copy.array();
            if (batch.isControl() && batch.baseOffset() == 0 && batch.recordCount() > 1) {
                int timeAt = BatchLayout.HEADER_BYTES + 13;
                Arrays.fill(plain, timeAt, timeAt + Long.BYTES, (byte) 0);
            }
            text.append(HexFormat.of().formatHex(plain)).append('\n');
        }
        return text.toString();
    }

    private static List<String> names(Path of) throws IOException {
        try (var files = Files.list(of)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
