package ottla.replication.io;

import java.util.List;
import ottla.wire.message.metadata.MetadataRecord;

/** Records of one batch of the metadata log, committed together. The record at index {@code i} has the offset {@code baseOffset + i}. */
public record CommittedBatch(
        long baseOffset, long lastOffset, int epoch, long appendTimeMs, int sizeBytes, List<MetadataRecord> records) {
    /** The offset after the batch. */
    public long endOffset() {
        return lastOffset + 1;
    }
}
