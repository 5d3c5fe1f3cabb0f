package ottla.replication.io;

import java.util.List;
import java.util.Optional;
import ottla.base.ErrorCode;
import ottla.log.io.AbortedSearch;
import ottla.log.io.ColdRead;
import ottla.log.io.Log;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/** What a replica has for one partition of a Fetch. */
sealed interface ReplicaRead {
    /**
     * An answer, with its records, which the receiver releases.
     *
     * @param boundOffset up to where could be read: what a waiting fetch compares with
     */
    record Ready(PartitionData data, long boundOffset, int leaderEpoch, Pace pace) implements ReplicaRead {
        Ready heldBack() {
            return new Ready(data, boundOffset, leaderEpoch, Pace.HELD_BACK);
        }
    }

    /** Whether all that there was to read could be read. */
    enum Pace {
        FREE,
        /** There are no records for this follower until the leader has caught up with its limit. */
        HELD_BACK
    }

    /**
     * An answer that is complete but for what is on disk, in the files of this log: the records, unless they came from memory, and
     * the aborted transactions, unless they are known.
     */
    record OnDisk(
            PartitionData data,
            long boundOffset,
            int leaderEpoch,
            Optional<ColdRead> read,
            AbortedSearch aborted,
            Log log)
            implements ReplicaRead {}

    record Failed(ErrorCode error) implements ReplicaRead {}

    /** The answer to a partition that nobody looked for, which has an empty list of transactions whatever was asked. */
    static PartitionData refusal(int partition, ErrorCode error) {
        return failure(partition, error).withAbortedTransactions(List.of());
    }

    /** The answer to a partition that could not be read. */
    static PartitionData failure(int partition, ErrorCode error) {
        return PartitionData.DEFAULT
                .withPartitionIndex(partition)
                .withErrorCode(error.code())
                .withHighWatermark(-1)
                .withAbortedTransactions(null)
                .withRecords(Payload.EMPTY);
    }
}
