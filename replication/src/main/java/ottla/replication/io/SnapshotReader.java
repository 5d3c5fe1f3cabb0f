package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import ottla.log.io.Disk;
import ottla.log.io.DiskFile;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.MetadataBatches;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/**
 * Reads a file that a {@link SnapshotWriter}, or Kafka, has written, one batch in memory at a time. Every batch's checksum is
 * checked, and so is that the first record is a header and the last one a footer. Used once, by one thread.
 */
final class SnapshotReader {
    private final Disk disk;
    private final String path;

    SnapshotReader(Disk disk, String path) {
        this.disk = disk;
        this.path = path;
    }

    /** What stands in the first batch: the header, and the voters if there are any. */
    List<ControlRecord> header() {
        try (DiskFile file = disk.openToRead(path)) {
            ByteBuffer batch = readBatch(file, 0, file.sizeBytes());
            List<ControlRecord> controls = controls(view(batch));
            if (controls.isEmpty() || !(controls.getFirst() instanceof ControlRecord.SnapshotHeader)) {
                throw malformed("it does not begin with a header");
            }
            return controls;
        }
    }

    long lastContainedTimeMs() {
        return header().getFirst() instanceof ControlRecord.SnapshotHeader header ? header.lastContainedTimeMs() : -1;
    }

    /** Hands over the metadata records, a batch at a time; throws {@link MalformedMessage} if the file is not whole. */
    void forEachBatch(Consumer<List<MetadataRecord>> receiver) {
        header();
        Optional<ControlRecord> last = Optional.empty();
        try (DiskFile file = disk.openToRead(path)) {
            long sizeBytes = file.sizeBytes();
            for (long position = 0; position < sizeBytes; ) {
                ByteBuffer batch = readBatch(file, position, sizeBytes);
                position += batch.remaining();
                BatchView view = view(batch);
                if (view.isControl()) {
                    List<ControlRecord> controls = controls(view);
                    last = controls.isEmpty() ? last : Optional.of(controls.getLast());
                } else {
                    receiver.accept(MetadataBatches.read(view));
                }
            }
        }
        if (!(last.orElse(null) instanceof ControlRecord.SnapshotFooter)) {
            throw malformed("it does not end with a footer");
        }
    }

    /** The whole batch that begins at a position. */
    private ByteBuffer readBatch(DiskFile file, long position, long fileBytes) {
        ByteBuffer start = ByteBuffer.allocate(BatchLayout.LENGTH + Integer.BYTES);
        if (file.read(start, position) < start.capacity()) {
            throw malformed("it ends within a batch");
        }
        long sizeBytes = (long) start.getInt(BatchLayout.LENGTH) + BatchLayout.LENGTH + Integer.BYTES;
        if (sizeBytes < BatchLayout.HEADER_BYTES
                || sizeBytes > 2L * MetadataBatches.MAX_BATCH_BYTES
                || sizeBytes > fileBytes - position) {
            throw malformed("at position " + position + " there is no batch that fits into it");
        }
        ByteBuffer batch = ByteBuffer.allocate((int) sizeBytes);
        if (file.read(batch, position) < sizeBytes) {
            throw malformed("it ends within a batch");
        }
        return batch.flip();
    }

    private BatchView view(ByteBuffer bytes) {
        Batches batches = Batches.in(bytes);
        if (!batches.advance()) {
            throw malformed(batches.defect().sentence());
        }
        BatchView batch = batches.batch();
        BatchDefect defect = batch.headerDefect();
        if (defect == BatchDefect.NONE && !batch.isChecksumValid()) {
            defect = BatchDefect.CHECKSUM_MISMATCH;
        }
        if (defect != BatchDefect.NONE) {
            throw malformed(defect.sentence());
        }
        return batch;
    }

    /** In the order of their offsets. */
    private static List<ControlRecord> controls(BatchView batch) {
        if (!batch.isControl()) {
            return List.of();
        }
        return new ArrayList<>(MetadataBatches.readControl(batch).entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue)
                .toList());
    }

    private MalformedMessage malformed(String reason) {
        return new MalformedMessage("the snapshot " + disk.root() + "/" + path + " is damaged: " + reason);
    }
}
