package ottla.log.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The real disk: plain positional reads and writes, no mapped files. */
public final class FileDisk implements Disk {
    private final Path root;

    public FileDisk(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    @Override
    public String root() {
        return root.toString();
    }

    @Override
    public DiskFile open(String name) {
        Path path = path(name);
        return attempt(
                "open",
                path,
                () -> file(path, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)));
    }

    @Override
    public DiskFile openToRead(String name) {
        Path path = path(name);
        return attempt("open", path, () -> file(path, FileChannel.open(path, StandardOpenOption.READ)));
    }

    @Override
    public void makeReadOnly(String name) {
        Path path = path(name);
        attempt("make read-only", path, () -> {
            if (!path.toFile().setReadOnly()) {
                throw new IOException("the file system refuses it");
            }
            return path;
        });
    }

    @Override
    public DiskFile create(String name) {
        Path path = path(name);
        return attempt(
                "create",
                path,
                () -> file(
                        path,
                        FileChannel.open(
                                path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)));
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(path(name));
    }

    @Override
    public OptionalLong sizeBytes(String name) {
        Path path = path(name);
        return attempt("measure", path, () -> {
            try {
                return OptionalLong.of(Files.size(path));
            } catch (NoSuchFileException absent) {
                return OptionalLong.empty();
            }
        });
    }

    @Override
    public long lastModifiedMs(String name) {
        Path path = path(name);
        return attempt("measure", path, () -> Files.getLastModifiedTime(path).toMillis());
    }

    @Override
    public List<String> list(String directory) {
        Path path = path(directory);
        return attempt("list", path, () -> {
            List<String> names = new ArrayList<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                for (Path entry : entries) {
                    names.add(entry.getFileName().toString());
                }
            }
            Collections.sort(names);
            return names;
        });
    }

    @Override
    public void createDirectory(String name) {
        Path path = path(name);
        attempt("create directory", path, () -> Files.createDirectories(path));
    }

    @Override
    public void rename(String from, String to) {
        Path source = path(from);
        attempt("rename", source, () -> Files.move(source, path(to), StandardCopyOption.ATOMIC_MOVE));
    }

    @Override
    public void delete(String name) {
        Path path = path(name);
        attempt("delete", path, () -> {
            try {
                return Files.walkFileTree(path, new Deletion());
            } catch (NoSuchFileException gone) {
                return path;
            }
        });
    }

    @Override
    public void syncDirectory(String name) {
        Path path = path(name);
        attempt("sync", path, () -> {
            try (FileChannel directory = FileChannel.open(path, StandardOpenOption.READ)) {
                directory.force(true);
            }
            return path;
        });
    }

    @Override
    @SuppressWarnings("resource") // the channel lives as long as the lock
    public DiskLock lock(String name) {
        Path path = path(name);
        return attempt("lock", path, () -> {
            FileChannel channel = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = null;
            try {
                lock = channel.tryLock();
            } catch (OverlappingFileLockException heldByThisProcess) {
                // reported below like a lock that another process holds
            }
            if (lock == null) {
                channel.close();
                throw new DiskFailure(
                        DiskFailure.Kind.LOCKED, "lock " + path, new IOException("another process has locked it"));
            }
            return () -> attempt("unlock", path, () -> {
                channel.close();
                return path;
            });
        });
    }

    @Override
    public long totalBytes() {
        return attempt("measure", root, () -> Files.getFileStore(root).getTotalSpace());
    }

    @Override
    public long usableBytes() {
        return attempt("measure", root, () -> Files.getFileStore(root).getUsableSpace());
    }

    private Path path(String name) {
        return name.isEmpty() ? root : root.resolve(name);
    }

    private static DiskFile file(Path path, FileChannel channel) {
        return new ChannelFile(path, channel);
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    private static <T> T attempt(String deed, Path path, Attempt<T> attempt) {
        try {
            return attempt.run();
        } catch (IOException failure) {
            throw failure(deed, path, failure);
        }
    }

    /** The JDK tells a full disk only by the operating system's own words, which the C locale of a server leaves in English. */
    private static DiskFailure failure(String deed, Path path, IOException failure) {
        String words = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        DiskFailure.Kind kind = DiskFailure.Kind.BROKEN;
        if (failure instanceof NoSuchFileException) {
            kind = DiskFailure.Kind.ABSENT;
        } else if (words.contains("no space left") || words.contains("quota exceeded")) {
            kind = DiskFailure.Kind.FULL;
        }
        return new DiskFailure(kind, deed + " " + path, failure);
    }

    /** Shared by threads: every call names its position. */
    private record ChannelFile(Path path, FileChannel channel) implements DiskFile {
        @Override
        public int read(ByteBuffer into, long position) {
            try {
                int total = 0;
                while (into.hasRemaining()) {
                    int count = channel.read(into, position + total);
                    if (count < 0) {
                        break;
                    }
                    total += count;
                }
                return total;
            } catch (IOException failure) {
                throw failure("read", path, failure);
            }
        }

        @Override
        public Optional<FileChannel> warmed(long position, int sizeBytes) {
            Optional<FileChannel> nowhere = Nowhere.CHANNEL;
            if (nowhere.isEmpty()) {
                return Optional.empty();
            }
            try {
                // The system fetches the pages for the copy that nobody gets.
                boolean whole = channel.transferTo(position, sizeBytes, nowhere.get()) == sizeBytes;
                return whole ? Optional.of(channel) : Optional.empty();
            } catch (IOException failure) {
                throw failure("read", path, failure);
            }
        }

        @Override
        public void write(ByteBuffer bytes, long position) {
            try {
                long at = position;
                while (bytes.hasRemaining()) {
                    at += channel.write(bytes, at);
                }
            } catch (IOException failure) {
                throw failure("write", path, failure);
            }
        }

        @Override
        public long sizeBytes() {
            return attempt("measure", path, channel::size);
        }

        @Override
        public void truncate(long sizeBytes) {
            attempt("truncate", path, () -> channel.truncate(sizeBytes));
        }

        @Override
        public void sync() {
            try {
                channel.force(false); // which includes the size, and leaves out times
            } catch (IOException failure) {
                throw failure("sync", path, failure);
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException failure) {
                throw failure("close", path, failure);
            }
        }
    }

    /** Where a copy costs nothing; absent where the system has no such file. */
    private static final class Nowhere {
        static final Optional<FileChannel> CHANNEL = open();

        private Nowhere() {}

        private static Optional<FileChannel> open() {
            try {
                return Optional.of(FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE));
            } catch (IOException | SecurityException absent) {
                return Optional.empty();
            }
        }
    }

    private static final class Deletion extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
