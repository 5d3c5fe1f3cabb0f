package ottla.replication.io;

import ottla.base.ErrorCode;

/** The answer of OffsetForLeaderEpoch for one partition: -1 for both if nothing is known of such an epoch. */
public record EpochEndAnswer(ErrorCode error, int epoch, long endOffset) {
    static EpochEndAnswer failure(ErrorCode error) {
        return new EpochEndAnswer(error, -1, -1);
    }
}
