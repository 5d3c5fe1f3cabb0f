package ottla.log.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import ottla.base.Check;

/** Reads and replaces the small files of a directory as wholes: a crash leaves the old content or the new, never a mixture. */
public final class SmallFiles {
    /** A checkpoint of a hundred thousand partitions takes a few megabytes. What is larger than this is no such file. */
    private static final int SIZE_BYTES_MAX = 256 << 20;

    private SmallFiles() {}

    /** What survives a crash of the whole machine, not only of this process. */
    public enum Durability {
        SYNCED,
        WRITTEN
    }

    public static void replace(Disk disk, String path, String text, Durability durability) {
        replace(disk, path, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), durability);
    }

    public static void replace(Disk disk, String path, ByteBuffer content, Durability durability) {
        String temporary = path + ".tmp";
        try (DiskFile file = disk.create(temporary)) {
            file.truncate(0);
            file.write(content, 0);
            if (durability == Durability.SYNCED) {
                file.sync();
            }
        }
        disk.rename(temporary, path);
        if (durability == Durability.SYNCED) {
            int slash = path.lastIndexOf('/');
            disk.syncDirectory(slash < 0 ? "" : path.substring(0, slash));
        }
    }

    public static Optional<String> text(Disk disk, String path) {
        return bytes(disk, path)
                .map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString());
    }

    public static Optional<ByteBuffer> bytes(Disk disk, String path) {
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        try (DiskFile file = disk.openToRead(path)) {
            long sizeBytes = file.sizeBytes();
            Check.invariant(sizeBytes <= SIZE_BYTES_MAX, "a small file is small", sizeBytes, SIZE_BYTES_MAX);
            ByteBuffer bytes = ByteBuffer.allocate((int) sizeBytes);
            file.read(bytes, 0);
            return Optional.of(bytes.flip());
        }
    }
}
