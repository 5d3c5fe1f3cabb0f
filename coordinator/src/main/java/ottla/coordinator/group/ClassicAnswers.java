package ottla.coordinator.group;

import ottla.base.ErrorCode;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.SyncGroupResponse;

/** Answers that carry no more than an error. */
final class ClassicAnswers {
    private ClassicAnswers() {}

    static JoinGroupResponse join(String memberId, ErrorCode error) {
        return JoinGroupResponse.DEFAULT
                .withMemberId(memberId)
                .withErrorCode(error.code())
                .withProtocolName(null)
                .withProtocolType(null);
    }

    static SyncGroupResponse sync(ErrorCode error) {
        return SyncGroupResponse.DEFAULT.withErrorCode(error.code());
    }

    static HeartbeatResponse heartbeat(ErrorCode error) {
        return HeartbeatResponse.DEFAULT.withErrorCode(error.code());
    }
}
