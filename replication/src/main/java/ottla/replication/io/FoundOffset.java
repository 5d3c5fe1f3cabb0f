package ottla.replication.io;

import ottla.base.ErrorCode;

/** The answer of ListOffsets for one partition: -1 in all three if there is no such record. */
public record FoundOffset(ErrorCode error, long timestampMs, long offset, int leaderEpoch) {
    public static final FoundOffset NONE = new FoundOffset(ErrorCode.NONE, -1, -1, -1);

    static FoundOffset failure(ErrorCode error) {
        return new FoundOffset(error, -1, -1, -1);
    }
}
