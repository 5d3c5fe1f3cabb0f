package ottla.log.io;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToIntFunction;
import ottla.wire.io.FilePayload;
import ottla.wire.primitive.Payload;

/**
 * A file of a segment, open or not: it is opened when it is used and closed when others are used more. Renaming it, or the
 * directory it is in, does not disturb its readers. Safe for use by several threads.
 */
final class LogFile {
    private final Disk disk;
    private final OpenFiles files;
    private final LogPath directory;
    private volatile String name;
    private volatile Presence presence = Presence.UNKNOWN;

    private enum Presence {
        UNKNOWN,
        SEEN
    }

    LogFile(Disk disk, OpenFiles files, LogPath directory, String name) {
        this.disk = disk;
        this.files = files;
        this.directory = directory;
        this.name = name;
    }

    String name() {
        return name;
    }

    /** Where the file is on its disk. */
    String path() {
        return directory.resolve(name);
    }

    /** Where the file is, for messages: a node may have several disks. */
    String place() {
        return disk.root() + "/" + path();
    }

    /**
     * Opens what is there. Only a file that was never seen is created: a late reader must not bring a deleted one back. Nor does it
     * look for a file while that is given another name.
     */
    synchronized DiskFile openNow() {
        if (presence == Presence.UNKNOWN) {
            DiskFile file = disk.create(path());
            presence = Presence.SEEN;
            return file;
        }
        String path = path();
        while (true) {
            try {
                return disk.open(path);
            } catch (DiskFailure failure) {
                if (failure.kind() != DiskFailure.Kind.ABSENT || path.equals(path())) {
                    throw failure;
                }
                path = path();
            }
        }
    }

    boolean exists() {
        boolean exists = disk.exists(path());
        if (exists) {
            presence = Presence.SEEN;
        }
        return exists;
    }

    /** How large the file is without opening it, 0 if there is none. A file that is given another name meanwhile is found. */
    synchronized long measure() {
        String path = path();
        while (true) {
            OptionalLong sizeBytes = disk.sizeBytes(path);
            if (sizeBytes.isPresent()) {
                presence = Presence.SEEN;
            }
            if (sizeBytes.isPresent() || path.equals(path())) {
                return sizeBytes.orElse(0);
            }
            path = path();
        }
    }

    int read(ByteBuffer into, long position) {
        return use(file -> file.read(into, position));
    }

    /** Bytes as a socket takes them from the file, which stays open until they are released. */
    Optional<Payload> send(long position, int sizeBytes) {
        OpenFiles.Handle handle = files.acquire(this);
        Optional<Payload> sent = Optional.empty();
        try {
            sent = handle.file()
                    .warmed(position, sizeBytes)
                    .map(channel -> new Sent(handle, channel, position, sizeBytes));
        } finally {
            if (sent.isEmpty()) {
                handle.release();
            }
        }
        return sent;
    }

    private record Sent(OpenFiles.Handle handle, FileChannel channel, long position, int sizeBytes)
            implements FilePayload {
        @Override
        public void release() {
            handle.release();
        }
    }

    void write(ByteBuffer bytes, long position) {
        OpenFiles.Handle handle = files.acquire(this);
        try {
            handle.file().write(bytes, position);
        } finally {
            handle.release();
        }
    }

    long sizeBytes() {
        OpenFiles.Handle handle = files.acquire(this);
        try {
            return handle.file().sizeBytes();
        } finally {
            handle.release();
        }
    }

    void truncate(long sizeBytes) {
        OpenFiles.Handle handle = files.acquire(this);
        try {
            handle.file().truncate(sizeBytes);
        } finally {
            handle.release();
        }
    }

    void sync() {
        OpenFiles.Handle handle = files.acquire(this);
        try {
            handle.file().sync();
        } finally {
            handle.release();
        }
    }

    /** As {@link #rename}, of a file that need not be there: it is then made under the new name, if ever. */
    synchronized void renameIfThere(String nextName) {
        if (exists()) {
            rename(nextName);
        }
        name = nextName;
    }

    /** Gives the file another name in the same directory. */
    synchronized void rename(String nextName) {
        disk.rename(path(), directory.resolve(nextName));
        name = nextName;
    }

    void close() {
        files.forget(this);
    }

    /** Deletes a file that may be written anew under the same name. Nobody may be reading it. */
    void startAnew() {
        delete();
        presence = Presence.UNKNOWN;
    }

    void delete() {
        files.forget(this);
        disk.delete(path());
    }

    private int use(ToIntFunction<DiskFile> deed) {
        OpenFiles.Handle handle = files.acquire(this);
        try {
            return deed.applyAsInt(handle.file());
        } finally {
            handle.release();
        }
    }
}
