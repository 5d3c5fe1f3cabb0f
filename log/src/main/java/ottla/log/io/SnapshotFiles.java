package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.format.MalformedFile;
import ottla.log.format.SegmentFiles;
import ottla.log.producer.ProducerSnapshots;
import ottla.log.producer.Producers;

/** The snapshots of a log's producers, one file each, by the offset they were taken at. Under the log's lock. */
final class SnapshotFiles {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFiles.class);

    private final LogShell shell;
    private final LogPath directory;
    private final NavigableSet<Long> offsets = new TreeSet<>();

    SnapshotFiles(LogShell shell, LogPath directory) {
        this.shell = shell;
        this.directory = directory;
    }

    /** Takes in the names that an earlier run left. */
    void load(Iterable<String> names) {
        for (String name : names) {
            SegmentFiles.baseOffset(name, SegmentFiles.PRODUCER_SNAPSHOT).ifPresent(offsets::add);
        }
    }

    NavigableSet<Long> offsets() {
        return offsets;
    }

    /** Writes what the producers know now, unless that is done already. Durable only after {@link #sync}. */
    void take(Producers producers) {
        long offset = producers.endOffset();
        if (offsets.contains(offset)) {
            return;
        }
        ByteBuffer bytes = ProducerSnapshots.write(producers.snapshot());
        SmallFiles.replace(shell.disk(), path(offset), bytes, SmallFiles.Durability.WRITTEN);
        offsets.add(offset);
    }

    /** Whether the newest snapshot was taken at an offset, which is where a log ends that was closed in order. */
    boolean endAt(long offset) {
        return !offsets.isEmpty() && offsets.last() == offset;
    }

    /** As {@link #restore}, from a snapshot whose size tells that it names nobody; false if there is none such. */
    boolean restoreNobody(Producers producers, long offset) {
        if (!offsets.contains(offset)
                || shell.disk().sizeBytes(path(offset)).orElse(-1) != ProducerSnapshots.EMPTY_SIZE_BYTES) {
            return false;
        }
        producers.clear(offset);
        return true;
    }

    /** Loads the newest snapshot at or below an offset that can be read; those that cannot are removed. */
    void restore(Producers producers, long logStartOffset, long maxOffset) {
        Long offset = offsets.floor(maxOffset);
        while (offset != null && offset >= logStartOffset) {
            try {
                Optional<ByteBuffer> bytes = SmallFiles.bytes(shell.disk(), path(offset));
                if (bytes.isPresent()) {
                    producers.load(
                            ProducerSnapshots.read(bytes.get()),
                            offset,
                            shell.clock().millis(),
                            shell.producerIdExpirationMs());
                    return;
                }
            } catch (MalformedFile malformed) {
                LOG.warn("Leaving out snapshot {}: {}", path(offset), malformed.getMessage());
            }
            remove(offset);
            offset = offsets.floor(maxOffset);
        }
        producers.clear(logStartOffset);
    }

    void sync(long offset) {
        if (shell.disk().exists(path(offset))) {
            try (DiskFile file = shell.disk().open(path(offset))) {
                file.sync();
            }
        }
    }

    void removeAbove(long offset) {
        for (Long above : new TreeSet<>(offsets.tailSet(offset, false))) {
            remove(above);
        }
    }

    void removeBelow(long offset) {
        for (Long below : new TreeSet<>(offsets.headSet(offset, false))) {
            remove(below);
        }
    }

    void remove(long offset) {
        offsets.remove(offset);
        shell.disk().delete(path(offset));
    }

    private String path(long offset) {
        return directory.resolve(SegmentFiles.name(offset, SegmentFiles.PRODUCER_SNAPSHOT));
    }
}
