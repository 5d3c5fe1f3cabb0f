package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import ottla.wire.message.group.GroupMetadataKey;
import ottla.wire.message.group.GroupMetadataValue;
import ottla.wire.message.group.GroupMetadataValue.MemberMetadata;

/** The records of classic groups, in the versions that Kafka writes. */
final class GroupRecords {
    /** Version 4 is only for reading: flexible, and unknown to brokers before 4.0. */
    private static final int METADATA_VERSION = 3;

    private GroupRecords() {}

    /** The group as it is, with these assignments instead of those its members have. */
    static GroupRecord metadata(ClassicGroup group, Map<String, ByteBuffer> assignments) {
        List<MemberMetadata> members = new ArrayList<>(group.memberCount());
        for (ClassicMember member : group.members()) {
            members.add(MemberMetadata.DEFAULT
                    .withMemberId(member.memberId)
                    .withGroupInstanceId(member.groupInstanceId.orElse(null))
                    .withClientId(member.clientId)
                    .withClientHost(member.clientHost)
                    .withRebalanceTimeout(member.rebalanceTimeoutMs())
                    .withSessionTimeout(member.sessionTimeoutMs())
                    .withSubscription(member.metadata(group.protocol().orElseThrow()))
                    .withAssignment(assignments.getOrDefault(member.memberId, ClassicMember.NO_BYTES)));
        }
        return new GroupRecord(
                key(group.groupId()),
                GroupMetadataValue.DEFAULT
                        .withProtocolType(group.protocolType().orElse(""))
                        .withGeneration(group.generation())
                        .withProtocol(group.protocol().orElse(null))
                        .withLeader(group.leaderId().orElse(null))
                        .withCurrentStateTimestamp(group.stateSinceMs())
                        .withMembers(members),
                METADATA_VERSION);
    }

    /** A group that has just come to be: known before its first generation, so that it can be found after a move. */
    static GroupRecord created(ClassicGroup group) {
        return new GroupRecord(
                key(group.groupId()),
                GroupMetadataValue.DEFAULT
                        .withProtocol(null)
                        .withLeader(null)
                        .withCurrentStateTimestamp(group.stateSinceMs()),
                METADATA_VERSION);
    }

    static GroupRecord deleted(String groupId) {
        return GroupRecord.tombstone(key(groupId));
    }

    private static GroupMetadataKey key(String groupId) {
        return GroupMetadataKey.DEFAULT.withGroup(groupId);
    }
}
