package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import ottla.log.io.Disk;
import ottla.log.io.DiskFile;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.SnapshotId;

/** The snapshots beside the metadata log. Safe for use by several threads, as far as they write different snapshots. */
final class QuorumSnapshots {
    private final Disk disk;
    private final String directory;

    QuorumSnapshots(Disk disk, String directory) {
        this.disk = disk;
        this.directory = directory;
    }

    /** All that are whole, the oldest first. */
    NavigableSet<SnapshotId> list() {
        NavigableSet<SnapshotId> found = new TreeSet<>();
        for (String name : disk.list(directory)) {
            SnapshotId.ofFileName(name).ifPresent(found::add);
        }
        return found;
    }

    /** Removes what a crash has left unfinished, of this software and of Kafka. To be called at the start only. */
    void removeUnfinished() {
        for (String name : disk.list(directory)) {
            if (name.endsWith(".checkpoint.part") || name.endsWith(".checkpoint.deleted")) {
                disk.delete(directory + "/" + name);
            }
        }
    }

    SnapshotReader read(SnapshotId id) {
        return new SnapshotReader(disk, path(id));
    }

    /** Voters and version that a snapshot puts in force. */
    List<ControlRecord> voters(SnapshotId id) {
        return read(id).header().stream()
                .filter(control ->
                        control instanceof ControlRecord.KRaftVersion || control instanceof ControlRecord.Voters)
                .toList();
    }

    SnapshotWriter write(SnapshotId id, long timeMs) {
        return new SnapshotWriter(disk, path(id), id.epoch(), timeMs);
    }

    long sizeBytes(SnapshotId id) {
        try (DiskFile file = disk.openToRead(path(id))) {
            return file.sizeBytes();
        }
    }

    /** A part of a snapshot, as it is sent to a replica that fetches it. */
    ByteBuffer part(SnapshotId id, long position, int maxBytes) {
        try (DiskFile file = disk.openToRead(path(id))) {
            long left = Math.max(0, file.sizeBytes() - position);
            ByteBuffer part = ByteBuffer.allocate((int) Math.min(left, maxBytes));
            file.read(part, position);
            return part.flip();
        }
    }

    /** Writes a part of a snapshot that is being fetched; what was written from this position on before is dropped. */
    void fetched(SnapshotId id, long position, ByteBuffer part) {
        try (DiskFile file = disk.create(path(id) + ".part")) {
            file.truncate(position);
            file.write(part, position);
        }
    }

    /** A fetched snapshot is complete: syncs it and gives it its name. */
    void fetchedWhole(SnapshotId id) {
        try (DiskFile file = disk.open(path(id) + ".part")) {
            file.sync();
        }
        disk.makeReadOnly(path(id) + ".part");
        disk.rename(path(id) + ".part", path(id));
        disk.syncDirectory(directory);
    }

    void deleteBefore(SnapshotId oldestKept) {
        for (SnapshotId id : list().headSet(oldestKept, false)) {
            disk.delete(path(id));
        }
        disk.syncDirectory(directory);
    }

    Optional<SnapshotId> oldestKept(MetadataRetention retention, long logBytes, long nowMs) {
        List<MetadataRetention.Stored> stored = new ArrayList<>();
        for (SnapshotId id : list()) {
            stored.add(new MetadataRetention.Stored(id, sizeBytes(id), read(id).lastContainedTimeMs()));
        }
        stored.sort(Comparator.comparing(MetadataRetention.Stored::id));
        return retention.oldestKept(stored, logBytes, nowMs);
    }

    private String path(SnapshotId id) {
        return directory + "/" + id.fileName();
    }
}
