package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.log.io.Disk;
import ottla.log.io.DiskFailure;
import ottla.log.io.DiskFile;
import ottla.log.io.FaultyDisk;
import ottla.log.io.MemoryDisk;
import ottla.replication.io.QuorumTerm.Append;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.TopicRecord;
import ottla.wire.primitive.Payload;
import ottla.wire.record.Batches;

final class QuorumNodeTest {
    private static final String DIRECTORY = "__cluster_metadata-0/";

    private final MemoryDisk disk = new MemoryDisk();

    private static List<VersionedRecord> topics(int... numbers) {
        return IntStream.of(numbers)
                .mapToObj(number -> VersionedRecord.latest(new TopicRecord("topic" + number, new Uuid(9, number))))
                .toList();
    }

    private static List<MetadataRecord> records(int... numbers) {
        return topics(numbers).stream().map(VersionedRecord::record).toList();
    }

    @Test
    void theOnlyVoterLeadsAtOnceAndCommits() {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            QuorumTerm term = quorum.leads();

            Append append = term.append(topics(1, 2));

            assertThat(term.epoch()).isEqualTo(1);
            assertThat(append).isEqualTo(new Append.Accepted(1, 2));
            assertThat(quorum.next()).isInstanceOfSatisfying(TestQuorum.Event.Committed.class, committed -> {
                assertThat(committed.batch().records()).isEqualTo(records(1, 2));
                assertThat(committed.batch().baseOffset()).isEqualTo(1);
                assertThat(committed.batch().epoch()).isEqualTo(1);
            });
            assertThat(term.committedEndOffset()).isEqualTo(3);
        }
    }

    @Test
    void aRestartReplaysEverythingInANewEpoch() {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            QuorumTerm term = quorum.leads();
            term.append(topics(1));
            term.append(topics(2, 3));
            quorum.committed(3);
        }

        try (TestQuorum quorum = TestQuorum.on(disk)) {
            List<TestQuorum.Event> seen = quorum.until(event -> event instanceof TestQuorum.Event.Leads);

            assertThat(committedRecords(seen)).isEqualTo(records(1, 2, 3));
            assertThat(seen.getLast()).isInstanceOfSatisfying(TestQuorum.Event.Leads.class, leads -> {
                assertThat(leads.term().epoch()).isEqualTo(2);
                assertThat(leads.term().endOffset()).isEqualTo(5);
            });
        }
    }

    @Test
    void onAFullDiskCommitsWaitForRoom() {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            QuorumTerm term = quorum.leads();
            term.append(topics(1));
            quorum.committed(1);
            disk.limit(0);
            assertThat(term.append(topics(2))).isEqualTo(new Append.Accepted(2, 2));
            assertThat(term.append(topics(3))).isEqualTo(new Append.Accepted(3, 3));
            // answered by the thread that would write: it is still there, and nothing was committed
            assertThat(quorum.node().createSnapshot(new SnapshotId(2, 1), 0, List.of()))
                    .failsWithin(10, TimeUnit.SECONDS);
            assertThat(term.committedEndOffset()).isEqualTo(2);
            disk.limit(Long.MAX_VALUE);

            List<TestQuorum.Event> seen = quorum.committed(3);
            assertThat(committedRecords(seen)).isEqualTo(records(2, 3));
            assertThat(term.append(topics(4))).isEqualTo(new Append.Accepted(4, 4));
            quorum.committed(4);
        }
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            List<TestQuorum.Event> seen = quorum.until(event -> event instanceof TestQuorum.Event.Leads);
            assertThat(committedRecords(seen)).isEqualTo(records(1, 2, 3, 4));
        }
    }

    @Test
    void anOldTermAcceptsNothing() {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            QuorumTerm first = quorum.leads();

            first.resign();

            assertThat(quorum.next()).isEqualTo(new TestQuorum.Event.Resigned(1));
            QuorumTerm second = quorum.leads();
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(first.append(topics(1))).isEqualTo(new Append.NotLeader());
            assertThat(second.append(topics(1))).isEqualTo(new Append.Accepted(2, 2));
        }
    }

    @Test
    void aSnapshotReplacesTheLogBeforeIt() throws Exception {
        MetadataRetention keepOne = new MetadataRetention(0, Long.MAX_VALUE / 2);
        QuorumSettings settings = TestQuorum.settings(TestQuorum.staticVoters(), keepOne);
        try (TestQuorum quorum = TestQuorum.on(disk, settings)) {
            QuorumTerm term = quorum.leads();
            term.append(topics(1));
            quorum.committed(1);
            create(quorum, new SnapshotId(2, 1), topics(1));
            term.append(topics(2));
            quorum.committed(2);
            create(quorum, new SnapshotId(3, 1), topics(1, 2));
            term.append(topics(3));
            quorum.committed(3);
        }

        assertThat(disk.list("__cluster_metadata-0"))
                .filteredOn(name -> name.endsWith(".checkpoint"))
                .containsExactly("00000000000000000003-0000000001.checkpoint");
        try (TestQuorum quorum = TestQuorum.on(disk, settings)) {
            List<TestQuorum.Event> seen = quorum.until(event -> event instanceof TestQuorum.Event.Leads);

            assertThat(seen.getFirst())
                    .isEqualTo(new TestQuorum.Event.Snapshot("00000000000000000003-0000000001", 77, records(1, 2)));
            assertThat(committedRecords(seen)).isEqualTo(records(3));
        }
    }

    private static void create(TestQuorum quorum, SnapshotId id, List<VersionedRecord> records) throws Exception {
        assertThat(quorum.node()
                        .createSnapshot(id, 77, List.of(records))
                        .toCompletableFuture()
                        .get())
                .isEqualTo(id);
    }

    @Test
    void theElectionIsSavedAsKafkaDoesForStaticVoters() {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            quorum.leads();
        }

        assertThat(text("quorum-state"))
                .isEqualTo("{\"clusterId\":\"\",\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"appliedOffset\":0,"
                        + "\"currentVoters\":[{\"voterId\":1}],\"data_version\":0}");
        assertThat(text("partition.metadata")).isEqualTo("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ");
        assertThat(text("leader-epoch-checkpoint")).isEqualTo("0\n1\n1 0\n");
    }

    @Test
    void describesItselfToItsClients() throws Exception {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            quorum.leads();
            DescribeQuorumRequest request = new DescribeQuorumRequest(List.of(new DescribeQuorumRequest.TopicData(
                    "__cluster_metadata", List.of(new DescribeQuorumRequest.PartitionData(0)))));

            DescribeQuorumResponse response = quorum.node()
                    .describeQuorum(2, request)
                    .toCompletableFuture()
                    .get();

            DescribeQuorumResponse.PartitionData partition =
                    response.topics().getFirst().partitions().getFirst();
            assertThat(partition.leaderId()).isEqualTo(1);
            assertThat(partition.leaderEpoch()).isEqualTo(1);
            assertThat(partition.highWatermark()).isEqualTo(1);
            assertThat(partition.currentVoters()).singleElement().satisfies(voter -> {
                // as in Kafka, voters that are configured are not known by their directories
                assertThat(voter.replicaDirectoryId()).isEqualTo(Uuid.ZERO);
                assertThat(voter.logEndOffset()).isEqualTo(1);
            });
            assertThat(response.nodes())
                    .singleElement()
                    .satisfies(node -> assertThat(node.listeners())
                            .containsExactly(new DescribeQuorumResponse.Listener("CONTROLLER", "127.0.0.1", 21211)));
        }
    }

    /** Replicas of Kafka's set no limit for the partition. */
    @Test
    void aFetchBringsAllThatTheRequestHasRoomFor() throws Exception {
        try (TestQuorum quorum = TestQuorum.on(disk)) {
            QuorumTerm term = quorum.leads();
            for (int number = 1; number <= 5; number++) {
                term.append(topics(number));
                quorum.committed(number);
            }

            assertThat(fetchedOffsets(quorum, 1 << 20)).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(fetchedOffsets(quorum, 0)).containsExactly(1L);
        }
    }

    private static List<Long> fetchedOffsets(TestQuorum quorum, int maxBytes) throws Exception {
        FetchRequest.FetchPartition partition = FetchRequest.FetchPartition.DEFAULT
                .withPartition(0)
                .withCurrentLeaderEpoch(1)
                .withLastFetchedEpoch(1)
                .withFetchOffset(1)
                .withPartitionMaxBytes(0)
                .withReplicaDirectoryId(new Uuid(3, 3));
        FetchRequest request = FetchRequest.DEFAULT
                .withReplicaState(FetchRequest.ReplicaState.DEFAULT.withReplicaId(3))
                .withMaxWaitMs(0)
                .withMaxBytes(maxBytes)
                .withTopics(List.of(
                        FetchRequest.FetchTopic.DEFAULT.withTopicId(Uuid.ONE).withPartitions(List.of(partition))));
        FetchResponse response = quorum.node()
                .fetch(FetchRequest.MAX_VERSION, request)
                .toCompletableFuture()
                .get();
        Payload records = Objects.requireNonNull(
                response.responses().getFirst().partitions().getFirst().records());
        List<Long> offsets = new ArrayList<>();
        Batches.each(records.contiguous()).forEach(batch -> offsets.add(batch.baseOffset()));
        records.release();
        return offsets;
    }

    @Test
    void aDiskThatBreaksEndsTheNode() {
        FaultyDisk broken = new FaultyDisk(1);
        TestQuorum quorum = TestQuorum.on(broken);
        QuorumTerm term = quorum.leads();

        broken.failAfter(0, DiskFailure.Kind.BROKEN);
        term.append(topics(1));

        assertThat(quorum.next()).isInstanceOf(TestQuorum.Event.Failed.class);
        assertThat(quorum.node()
                        .describeQuorum(2, DescribeQuorumRequest.DEFAULT)
                        .toCompletableFuture())
                .isCompletedExceptionally();
        quorum.close();
    }

    private String text(String file) {
        Disk files = disk;
        try (DiskFile open = files.open(DIRECTORY + file)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) open.sizeBytes());
            open.read(bytes, 0);
            return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
        }
    }

    private static List<MetadataRecord> committedRecords(List<TestQuorum.Event> events) {
        return events.stream()
                .filter(TestQuorum.Event.Committed.class::isInstance)
                .flatMap(event -> ((TestQuorum.Event.Committed) event).batch().records().stream())
                .toList();
    }
}
