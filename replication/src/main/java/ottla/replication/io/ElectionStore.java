package ottla.replication.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import ottla.log.format.MalformedFile;
import ottla.log.io.Disk;
import ottla.log.io.DiskFailure;
import ottla.log.io.DiskFile;
import ottla.log.io.SmallFiles;
import ottla.replication.quorum.Election;
import ottla.replication.quorum.ElectionFile;
import ottla.replication.quorum.VoterSet;

/**
 * What was saved of the last election. A node whose disk is full has to vote all the same, and so the room for the next election
 * is kept: in {@code quorum-state.tmp}, the name that Kafka also writes before it renames.
 *
 * <p>Owned by the quorum's thread.
 */
final class ElectionStore {
    /** More than an election takes, and a block of the usual file systems, which give room by the block. */
    private static final int ROOM_BYTES = 4096;

    private final Disk disk;
    private final String directory;
    private final String path;
    private final String next;

    ElectionStore(Disk disk, String directory) {
        this.disk = disk;
        this.directory = directory;
        path = directory + "/" + ElectionFile.NAME;
        next = path + ".tmp";
    }

    Election read() {
        Optional<String> text = SmallFiles.text(disk, path);
        return text.map(known ->
                        ElectionFile.read(known).orElseThrow(() -> new MalformedFile(disk.root() + "/" + path, known)))
                .orElse(Election.NONE);
    }

    /** Returns when it is durable. A crash leaves the election before or this one. */
    void save(Election election, VoterSet voters, int kRaftVersion) {
        byte[] text = ElectionFile.text(election, voters, kRaftVersion).getBytes(StandardCharsets.UTF_8);
        try (DiskFile file = disk.create(next)) {
            // cut only afterwards, or the room could be gone to others
            file.write(ByteBuffer.wrap(text), 0);
            file.truncate(text.length);
            file.sync();
        }
        disk.rename(next, path);
        disk.syncDirectory(directory);
        keepRoom();
    }

    /** What the election before took is free now, and enough. */
    private void keepRoom() {
        try (DiskFile file = disk.create(next)) {
            file.write(ByteBuffer.allocate(ROOM_BYTES), 0);
        } catch (DiskFailure failure) {
            // the next election may find room by then, or says that it found none
            if (failure.kind() != DiskFailure.Kind.FULL) {
                throw failure;
            }
        }
    }
}
