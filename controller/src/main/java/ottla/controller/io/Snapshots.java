package ottla.controller.io;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageRecords;
import ottla.controller.image.MetadataVersion;
import ottla.controller.image.Provenance;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * Decides when a snapshot is due and has it written. {@link #committed} and {@link #loaded} are called on the controller's
 * thread; writing, which may take long, is the quorum's and reads nothing but an immutable image.
 */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

    private final Policy policy;
    private final SnapshotSink sink;
    private final AtomicBoolean writing = new AtomicBoolean();
    private long bytesSince;
    private long lastMs = -1;

    Snapshots(Policy policy, SnapshotSink sink) {
        this.policy = policy;
        this.sink = sink;
    }

    /** {@code metadata.log.max.record.bytes.between.snapshots} and {@code metadata.log.max.snapshot.interval.ms}; 0 is never. */
    public record Policy(long recordBytesMax, long intervalMaxMs) {
        public static final Policy DEFAULT = new Policy(20 * 1024 * 1024, 3_600_000);
    }

    /** A snapshot was loaded: the log up to there is covered. */
    void loaded(Provenance at) {
        bytesSince = 0;
        lastMs = at.appendTimeMs();
    }

    /** So many more bytes of the log are in the image now. */
    void committed(int sizeBytes, ClusterImage image, Provenance at) {
        bytesSince += sizeBytes;
        if (lastMs < 0) {
            lastMs = at.appendTimeMs();
        }
        boolean due = bytesSince >= policy.recordBytesMax
                || (policy.intervalMaxMs > 0 && at.appendTimeMs() - lastMs >= policy.intervalMaxMs);
        if (due && image.isBootstrapped() && writing.compareAndSet(false, true)) {
            bytesSince = 0;
            lastMs = at.appendTimeMs();
            write(image, at);
        }
    }

    private void write(ClusterImage image, Provenance at) {
        long startNs = System.nanoTime();
        sink.write(
                        at,
                        () -> versioned(image.toRecords(), image.metadataVersion())
                                .iterator())
                .whenComplete((written, failure) -> {
                    writing.set(false);
                    if (failure == null) {
                        LOG.info(
                                "wrote a snapshot up to offset {} in {} ms",
                                at.lastOffset(),
                                (System.nanoTime() - startNs) / 1_000_000);
                    } else {
                        // the log is still whole; the next one is due after as many bytes again
                        LOG.error("the snapshot up to offset {} was not written", at.lastOffset(), failure);
                    }
                });
    }

    static Iterable<VersionedRecord> versioned(List<MetadataRecord> records, MetadataVersion version) {
        return () -> {
            Iterator<MetadataRecord> all = records.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return all.hasNext();
                }

                @Override
                public VersionedRecord next() {
                    MetadataRecord record = all.next();
                    return new VersionedRecord(record, ImageRecords.version(record, version));
                }
            };
        };
    }
}
