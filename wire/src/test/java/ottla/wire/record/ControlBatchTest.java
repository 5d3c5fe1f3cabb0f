package ottla.wire.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.wire.message.control.KRaftVersionRecord;
import ottla.wire.message.control.LeaderChangeMessage;
import ottla.wire.message.control.SnapshotFooterRecord;
import ottla.wire.message.control.SnapshotHeaderRecord;
import ottla.wire.message.control.VotersRecord;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Message;
import ottla.wire.primitive.Reader;

/** Control batches are the same bytes as Kafka's, and say the same. */
final class ControlBatchTest {
    private static final long OFFSET = 42;
    private static final long TIME_MS = 1_700_000_000_000L;
    private static final int EPOCH = 7;

    @Test
    void typesAreKafkas() {
        for (ControlType type : ControlType.values()) {
            ControlRecordType kafkas = ControlRecordType.fromTypeId(type.id());
            assertThat(kafkas.name()).isEqualTo(type.name());
            assertThat(ControlRecordType.parse(type.key())).isEqualTo(kafkas);
            assertThat(ControlType.ofKey(type.key())).contains(type);
        }
        assertThat(ControlRecordType.values()).hasSize(ControlType.values().length + 1);
    }

    @Test
    void keysThatAreNoneAreRefusedAndNewTypesAreNot() {
        assertThat(ControlType.ofKey(ByteBuffer.allocate(4).putShort(2, (short) 7)))
                .isEmpty();
        assertThat(ControlType.ofKey(ByteBuffer.allocate(4).putShort(2, (short) -1)))
                .isEmpty();
        assertThatThrownBy(() -> ControlType.ofKey(null)).isInstanceOf(MalformedMessage.class);
        assertThatThrownBy(() -> ControlType.ofKey(ByteBuffer.allocate(3))).isInstanceOf(MalformedMessage.class);
        assertThatThrownBy(() -> ControlType.ofKey(ByteBuffer.allocate(4).putShort(0, (short) -1)))
                .isInstanceOf(MalformedMessage.class);
    }

    @Test
    void endsOfTransactions() {
        for (ControlType type : List.of(ControlType.ABORT, ControlType.COMMIT)) {
            EndTransactionMarker marker = new EndTransactionMarker(type, 11);

            ByteBuffer bytes = marker.batch(OFFSET, TIME_MS, EPOCH, 99, (short) 3);

            assertThat(bytes)
                    .isEqualTo(MemoryRecords.withEndTransactionMarker(
                                    OFFSET,
                                    TIME_MS,
                                    EPOCH,
                                    99,
                                    (short) 3,
                                    new org.apache.kafka.common.record.internal.EndTransactionMarker(
                                            ControlRecordType.fromTypeId(type.id()), 11))
                            .buffer());
            BatchView batch = new BatchView(bytes, 0);
            assertThat(batch.isControl()).isTrue();
            assertThat(batch.isTransactional()).isTrue();
            assertThat(batch.hasSequence()).isFalse();
            RecordCursor records = batch.records(0);
            assertThat(records.advance()).isTrue();
            assertThat(EndTransactionMarker.read(
                            ControlType.ofKey(records.key()).orElseThrow(), records.value()))
                    .isEqualTo(marker);
        }
        assertThatThrownBy(() -> EndTransactionMarker.read(ControlType.COMMIT, ByteBuffer.allocate(5)))
                .isInstanceOf(MalformedMessage.class);
        assertThatThrownBy(() -> EndTransactionMarker.read(ControlType.COMMIT, null))
                .isInstanceOf(MalformedMessage.class);
    }

    @Test
    void leaderChange() {
        LeaderChangeMessage message = LeaderChangeMessage.DEFAULT
                .withLeaderId(5)
                .withVoters(List.of(LeaderChangeMessage.Voter.DEFAULT.withVoterId(5)))
                .withGrantingVoters(List.of(LeaderChangeMessage.Voter.DEFAULT.withVoterId(5)));
        var kafkas = new org.apache.kafka.common.message.LeaderChangeMessage()
                .setLeaderId(5)
                .setVoters(List.of(new org.apache.kafka.common.message.LeaderChangeMessage.Voter().setVoterId(5)))
                .setGrantingVoters(
                        List.of(new org.apache.kafka.common.message.LeaderChangeMessage.Voter().setVoterId(5)));

        ByteBuffer bytes = written(ControlType.LEADER_CHANGE, message);

        assertThat(bytes)
                .isEqualTo(
                        MemoryRecords.withLeaderChangeMessage(OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(256), kafkas)
                                .buffer());
        assertThat(LeaderChangeMessage.read(new Reader(value(bytes)), 0)).isEqualTo(message);
    }

    @Test
    void snapshotHeaderAndFooter() {
        SnapshotHeaderRecord header = SnapshotHeaderRecord.DEFAULT.withLastContainedLogTimestamp(99);
        var kafkasHeader = new org.apache.kafka.common.message.SnapshotHeaderRecord().setLastContainedLogTimestamp(99);
        var kafkasFooter = new org.apache.kafka.common.message.SnapshotFooterRecord();

        assertThat(written(ControlType.SNAPSHOT_HEADER, header))
                .isEqualTo(MemoryRecords.withSnapshotHeaderRecord(
                                OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(256), kafkasHeader)
                        .buffer());
        assertThat(written(ControlType.SNAPSHOT_FOOTER, SnapshotFooterRecord.DEFAULT))
                .isEqualTo(MemoryRecords.withSnapshotFooterRecord(
                                OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(256), kafkasFooter)
                        .buffer());
    }

    @Test
    void versionAndVoters() {
        VotersRecord voters = VotersRecord.DEFAULT.withVoters(List.of(VotersRecord.Voter.DEFAULT
                .withVoterId(1)
                .withVoterDirectoryId(new Uuid(3, 4))
                .withEndpoints(List.of(VotersRecord.Endpoint.DEFAULT
                        .withName("CONTROLLER")
                        .withHost("localhost")
                        .withPort(9093)))));
        var kafkasVoters = new org.apache.kafka.common.message.VotersRecord()
                .setVoters(List.of(new org.apache.kafka.common.message.VotersRecord.Voter()
                        .setVoterId(1)
                        .setVoterDirectoryId(new org.apache.kafka.common.Uuid(3, 4))
                        .setEndpoints(new org.apache.kafka.common.message.VotersRecord.EndpointCollection(
                                List.of(new org.apache.kafka.common.message.VotersRecord.Endpoint()
                                                .setName("CONTROLLER")
                                                .setHost("localhost")
                                                .setPort(9093))
                                        .iterator()))));
        var kafkasVersion = new org.apache.kafka.common.message.KRaftVersionRecord().setKRaftVersion((short) 1);

        assertThat(written(ControlType.KRAFT_VERSION, KRaftVersionRecord.DEFAULT.withKRaftVersion((short) 1)))
                .isEqualTo(MemoryRecords.withKRaftVersionRecord(
                                OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(256), kafkasVersion)
                        .buffer());
        assertThat(written(ControlType.KRAFT_VOTERS, voters))
                .isEqualTo(
                        MemoryRecords.withVotersRecord(OFFSET, TIME_MS, EPOCH, ByteBuffer.allocate(256), kafkasVoters)
                                .buffer());
    }

    private static ByteBuffer written(ControlType type, Message message) {
        return BatchWriter.at(OFFSET)
                .leaderEpoch(EPOCH)
                .appendControl(TIME_MS, type, message, 0)
                .build();
    }

    private static ByteBuffer value(ByteBuffer batch) {
        ByteBuffer value =
                new BatchView(batch, 0).recordViews(0).iterator().next().value();
        assertThat(value).isNotNull();
        return value == null ? ByteBuffer.allocate(0) : value;
    }
}
