package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import ottla.base.Check;
import ottla.log.io.Disk;
import ottla.log.io.DiskFile;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.VersionedRecord;

/**
 * Writes a file of metadata records between a header and a footer (KIP-630): a snapshot of the metadata log, or the bootstrap
 * records of a new cluster. Offsets count from 0 within the file.
 *
 * <pre>
 *   control batch: SnapshotHeader [KRaftVersion Voters]
 *   batch of records ...
 *   control batch: SnapshotFooter
 * </pre>
 *
 * The file appears under its name only when it is whole and synced. Used once, by one thread.
 */
final class SnapshotWriter implements AutoCloseable {
    /** Enough that batches cost little, small enough that reading one back needs little memory. */
    private static final int BATCH_BYTES = 512 * 1024;

    /** More records than this do not go into one batch, as in Kafka, so that no reader meets a batch it cannot hold. */
    private static final int BATCH_RECORDS = 10_000;

    private final Disk disk;
    private final String path;
    private final String unfinished;
    private final int epoch;
    private final long timeMs;
    private final DiskFile file;
    private long position;
    private long nextOffset;

    SnapshotWriter(Disk disk, String path, int epoch, long timeMs) {
        this.disk = disk;
        this.path = path;
        this.unfinished = path + ".part";
        this.epoch = epoch;
        this.timeMs = timeMs;
        this.file = disk.create(unfinished);
        file.truncate(0);
    }

    /** The first batch. */
    void header(long lastContainedTimeMs, List<ControlRecord> voters) {
        List<ControlRecord> controls = new ArrayList<>();
        controls.add(new ControlRecord.SnapshotHeader(lastContainedTimeMs));
        controls.addAll(voters);
        control(controls);
    }

    void append(List<VersionedRecord> records) {
        for (int from = 0; from < records.size(); ) {
            int count = Math.min(BATCH_RECORDS, records.size() - from);
            ByteBuffer batch = batch(records.subList(from, from + count));
            while (batch.remaining() > BATCH_BYTES && count > 1) {
                count = Math.max(1, count / 2);
                batch = batch(records.subList(from, from + count));
            }
            write(batch, count);
            from += count;
        }
    }

    private ByteBuffer batch(List<VersionedRecord> records) {
        return MetadataBatches.write(nextOffset, epoch, timeMs, records)
                .orElseGet(() -> ByteBuffer.allocate(MetadataBatches.MAX_BATCH_BYTES + 1));
    }

    /** The footer, and the file gets its name. */
    void finish() {
        control(List.of(new ControlRecord.SnapshotFooter()));
        file.sync();
        file.close();
        disk.makeReadOnly(unfinished);
        disk.rename(unfinished, path);
        int slash = path.lastIndexOf('/');
        disk.syncDirectory(slash < 0 ? "" : path.substring(0, slash));
    }

    private void control(List<ControlRecord> controls) {
        write(MetadataBatches.writeControl(nextOffset, epoch, timeMs, controls), controls.size());
    }

    private void write(ByteBuffer batch, int recordCount) {
        int sizeBytes = batch.remaining();
        Check.invariant(
                sizeBytes <= MetadataBatches.MAX_BATCH_BYTES,
                "a metadata record fits into a batch",
                sizeBytes,
                MetadataBatches.MAX_BATCH_BYTES);
        file.write(batch, position);
        position += sizeBytes;
        nextOffset += recordCount;
    }

    /** Lets go of the file; one that was not finished is left to be removed at the next start. */
    @Override
    public void close() {
        file.close();
    }
}
