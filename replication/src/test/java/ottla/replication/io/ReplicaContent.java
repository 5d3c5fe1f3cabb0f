package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import ottla.log.io.ReadLeast;
import ottla.log.io.ReadResult;
import ottla.log.io.TestLogs;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordCursor;

/** What is in a replica's log, whoever may read it. */
public final class ReplicaContent {
    private static final int CHUNK_BYTES = 1 << 20;

    private ReplicaContent() {}

    /** One record: where it is, in whose term it was written, what it says. */
    public record Entry(long offset, int leaderEpoch, String value) {}

    /** All records from an offset up to another, which belong to the log. */
    public static List<Entry> between(Replica replica, long fromOffset, long toOffset) {
        List<Entry> entries = new ArrayList<>();
        long next = fromOffset;
        while (next < toOffset) {
            long from = next;
            Payload records = replica.withLog(
                            (log, state) -> switch (log.read(from, toOffset, CHUNK_BYTES, ReadLeast.ONE_BATCH)) {
                                case ReadResult.Batches(Payload found) -> found;
                                case ReadResult.Cold(var read) -> read.run();
                                case ReadResult.OutOfRange range ->
                                    throw new AssertionError(replica + " has no offset " + from + ": " + range);
                            })
                    .orElseThrow();
            next = read(records, from, toOffset, entries);
            records.release();
            if (next == from) {
                throw new AssertionError(replica + " has nothing at offset " + from + ", but ends at " + toOffset);
            }
        }
        return entries;
    }

    /** Adds the records from an offset up to another, and says where the next ones are. The payload stays the caller's. */
    public static long read(Payload records, long fromOffset, long toOffset, List<Entry> entries) {
        long next = fromOffset;
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            BatchView batch = batches.batch();
            RecordCursor record = batch.records(CHUNK_BYTES);
            while (record.advance()) {
                if (record.offset() >= fromOffset && record.offset() < toOffset) {
                    entries.add(
                            new Entry(record.offset(), batch.partitionLeaderEpoch(), TestLogs.text(record.value())));
                }
            }
            next = batch.lastOffset() + 1;
        }
        return next;
    }
}
