package ottla.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.generated.LegacyOffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.LegacyOffsetCommitValue;
import org.apache.kafka.coordinator.group.generated.OffsetCommitKey;
import org.apache.kafka.coordinator.group.generated.OffsetCommitValue;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.wire.primitive.MalformedMessage;

/** Keys and values as Kafka writes them, read and written again here. */
class GroupRecordFormatTest {
    private final GroupCoordinatorRecordSerde kafka = new GroupCoordinatorRecordSerde();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void groupsAreTheSameBytes(int version) {
        GroupMetadataValue.MemberMetadata member = new GroupMetadataValue.MemberMetadata()
                .setMemberId("m-1")
                .setClientId("c")
                .setClientHost("/127.0.0.1")
                .setSessionTimeout(10_000)
                .setRebalanceTimeout(version >= 1 ? 60_000 : -1)
                .setGroupInstanceId(version >= 3 ? "i" : null)
                .setSubscription(new byte[] {1, 2})
                .setAssignment(new byte[] {3});
        GroupMetadataValue value = new GroupMetadataValue()
                .setProtocolType("consumer")
                .setProtocol("range")
                .setGeneration(7)
                .setLeader("m-1")
                .setCurrentStateTimestamp(version >= 2 ? 99 : -1);
        value.members().add(member);
        assertSame(new GroupMetadataKey().setGroup("g"), value, version);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void offsetsAreTheSameBytes(int version) {
        assertSame(
                new OffsetCommitKey().setGroup("g").setTopic("t").setPartition(3),
                new OffsetCommitValue()
                        .setOffset(17)
                        .setMetadata("m")
                        .setCommitTimestamp(99)
                        .setLeaderEpoch(version >= 3 ? 5 : -1)
                        .setExpireTimestamp(version == 1 ? 100 : -1)
                        .setTopicId(version >= 4 ? new Uuid(1, 2) : Uuid.ZERO_UUID),
                version);
    }

    @Test
    void offsetsOfTheFirstKindAreTheSameBytes() {
        assertSame(
                new LegacyOffsetCommitKey().setGroup("g").setTopic("t").setPartition(3),
                new LegacyOffsetCommitValue().setOffset(17).setMetadata("m").setCommitTimestamp(99),
                0);
    }

    @Test
    void tombstonesHaveNoValue() {
        byte[] key = kafka.serializeKey(CoordinatorRecord.tombstone(new GroupMetadataKey().setGroup("g")));

        GroupRecord record = GroupRecordFormat.read(ByteBuffer.wrap(key), null).orElseThrow();

        assertThat(record.value()).isNull();
        assertThat(GroupRecordFormat.valueBytes(record)).isNull();
        assertThat(GroupRecordFormat.keyBytes(record)).isEqualTo(ByteBuffer.wrap(key));
    }

    @ParameterizedTest
    @ValueSource(shorts = {9, 18, 24, 99, -1})
    void recordsOfUnknownTypesAreSteppedOver(short type) {
        ByteBuffer key =
                ByteBuffer.allocate(4).putShort(type).putShort((short) 1).flip();

        assertThat(GroupRecordFormat.read(key, ByteBuffer.allocate(9))).isEmpty();
    }

    @Test
    void brokenBytesAreRefused() {
        byte[] key = kafka.serializeKey(CoordinatorRecord.tombstone(new GroupMetadataKey().setGroup("g")));
        ByteBuffer cut = ByteBuffer.wrap(key, 0, key.length - 1).slice();
        ByteBuffer noSuchVersion = ByteBuffer.allocate(2).putShort((short) 5).flip();

        assertThatThrownBy(() -> GroupRecordFormat.read(cut, null)).isInstanceOf(MalformedMessage.class);
        assertThatThrownBy(() -> GroupRecordFormat.read(ByteBuffer.wrap(key), noSuchVersion))
                .isInstanceOf(MalformedMessage.class);
    }

    private void assertSame(ApiMessage key, ApiMessage value, int version) {
        CoordinatorRecord theirs = CoordinatorRecord.record(key, new ApiMessageAndVersion(value, (short) version));
        ByteBuffer keyBytes = ByteBuffer.wrap(kafka.serializeKey(theirs));
        ByteBuffer valueBytes = ByteBuffer.wrap(kafka.serializeValue(theirs));

        GroupRecord ours = GroupRecordFormat.read(keyBytes, valueBytes).orElseThrow();

        assertThat(ours.valueVersion()).isEqualTo(version);
        assertThat(GroupRecordFormat.keyBytes(ours)).isEqualTo(keyBytes);
        assertThat(GroupRecordFormat.valueBytes(ours)).isEqualTo(valueBytes);
        assertThat(kafka.deserialize(GroupRecordFormat.keyBytes(ours), ByteBuffer.wrap(kafka.serializeValue(theirs))))
                .isEqualTo(theirs);
    }
}
