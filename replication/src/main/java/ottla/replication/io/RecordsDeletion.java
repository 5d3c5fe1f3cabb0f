package ottla.replication.io;

import ottla.base.ErrorCode;

/**
 * What DeleteRecords achieved on the leader. Done when the low watermark has reached {@code offset}, which waits for followers.
 *
 * @param offset up to where was deleted here; -1 with an error
 * @param lowWatermark the smallest start of all replicas at this moment
 */
public record RecordsDeletion(ErrorCode error, long offset, long lowWatermark) {
    static RecordsDeletion failure(ErrorCode error) {
        return new RecordsDeletion(error, -1, -1);
    }

    public boolean isDone() {
        return error != ErrorCode.NONE || lowWatermark >= offset;
    }
}
