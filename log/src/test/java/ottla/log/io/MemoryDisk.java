package ottla.log.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * A disk in memory: the same contract as the real one, with a limit to its size. Open files stay usable after a rename or a
 * deletion, as they do on Unix. Safe for use by several threads.
 */
public class MemoryDisk implements Disk {
    private final TreeMap<String, Content> files = new TreeMap<>();
    private final TreeSet<String> directories = new TreeSet<>(Set.of(""));
    private final Set<String> locks = new HashSet<>();
    private final String root;
    private final LongSupplier clockMs;
    private long capacityBytes = Long.MAX_VALUE;

    public MemoryDisk() {
        this("memory");
    }

    public MemoryDisk(String root) {
        this(root, () -> 0);
    }

    public MemoryDisk(LongSupplier clockMs) {
        this("memory", clockMs);
    }

    private MemoryDisk(String root, LongSupplier clockMs) {
        this.root = root;
        this.clockMs = clockMs;
    }

    /** What a file holds, whatever it is called now. */
    static final class Content {
        private byte[] bytes = new byte[64];
        private int sizeBytes;
        private long modifiedMs;

        int sizeBytes() {
            return sizeBytes;
        }

        byte[] copy() {
            return Arrays.copyOf(bytes, sizeBytes);
        }

        void replace(byte[] next) {
            bytes = next.clone();
            sizeBytes = next.length;
        }
    }

    /** What the end of a process does. */
    public synchronized void releaseLocks() {
        locks.clear();
    }

    /** How much all files together may hold from now on. */
    public synchronized void limit(long bytes) {
        capacityBytes = bytes;
    }

    @Override
    public String root() {
        return root;
    }

    @Override
    public synchronized DiskFile open(String name) {
        Content content = files.get(name);
        if (content == null) {
            throw failure(DiskFailure.Kind.ABSENT, "open " + name, "no such file");
        }
        return new OpenFile(content);
    }

    @Override
    public synchronized DiskFile create(String name) {
        requireDirectory(name);
        if (!files.containsKey(name)) {
            Content content = new Content();
            files.put(name, content);
            onCreated(name, content);
        }
        return open(name);
    }

    @Override
    public DiskFile openToRead(String name) {
        return open(name);
    }

    /** Nobody here writes where he should not. */
    @Override
    public void makeReadOnly(String name) {
        open(name);
    }

    @Override
    public synchronized boolean exists(String name) {
        return files.containsKey(name) || directories.contains(name);
    }

    @Override
    public synchronized OptionalLong sizeBytes(String name) {
        Content content = files.get(name);
        return content == null ? OptionalLong.empty() : OptionalLong.of(content.sizeBytes);
    }

    @Override
    public synchronized long lastModifiedMs(String name) {
        Content content = files.get(name);
        if (content == null) {
            throw failure(DiskFailure.Kind.ABSENT, "measure " + name, "no such file");
        }
        return content.modifiedMs;
    }

    @Override
    public synchronized List<String> list(String directory) {
        if (!directories.contains(directory)) {
            throw failure(DiskFailure.Kind.ABSENT, "list " + directory, "no such directory");
        }
        String prefix = directory.isEmpty() ? "" : directory + "/";
        String end = directory.isEmpty() ? String.valueOf(Character.MAX_VALUE) : prefix + Character.MAX_VALUE;
        TreeSet<String> names = new TreeSet<>();
        for (Iterable<String> all : List.of(files.subMap(prefix, end).keySet(), directories.subSet(prefix, end))) {
            for (String name : all) {
                if (name.length() > prefix.length() && name.indexOf('/', prefix.length()) < 0) {
                    names.add(name.substring(prefix.length()));
                }
            }
        }
        return new ArrayList<>(names);
    }

    @Override
    public synchronized void createDirectory(String name) {
        for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
            directories.add(name.substring(0, slash));
        }
        directories.add(name);
    }

    @Override
    public synchronized void rename(String from, String to) {
        requireDirectory(to);
        Content content = files.remove(from);
        if (content != null) {
            files.put(to, content);
            onRenamed(from, to, content);
            return;
        }
        if (!directories.remove(from)) {
            throw failure(DiskFailure.Kind.ABSENT, "rename " + from, "no such file");
        }
        directories.add(to);
        for (String name : new ArrayList<>(files.keySet())) {
            if (name.startsWith(from + "/")) {
                files.put(to + name.substring(from.length()), files.remove(name));
            }
        }
        onDirectoryRenamed();
    }

    @Override
    public synchronized void delete(String name) {
        Content content = files.remove(name);
        if (content != null) {
            onDeleted(name, content);
        }
        if (directories.remove(name)) {
            String prefix = name + "/";
            var inside = files.subMap(prefix, prefix + Character.MAX_VALUE);
            Map.copyOf(inside).forEach(this::onDeleted);
            inside.clear();
            directories.removeIf(directory -> directory.startsWith(prefix));
        }
    }

    @Override
    public void syncDirectory(String name) {}

    @Override
    public synchronized DiskLock lock(String name) {
        if (!locks.add(name)) {
            throw failure(DiskFailure.Kind.LOCKED, "lock " + name, "another process has locked it");
        }
        files.putIfAbsent(name, new Content());
        return () -> {
            synchronized (this) {
                locks.remove(name);
            }
        };
    }

    @Override
    public synchronized long totalBytes() {
        return capacityBytes;
    }

    @Override
    public synchronized long usableBytes() {
        return capacityBytes - usedBytes();
    }

    /** The content of a file as it is now. */
    public synchronized byte[] bytes(String name) {
        Content content = files.get(name);
        if (content == null) {
            throw failure(DiskFailure.Kind.ABSENT, "read " + name, "no such file");
        }
        return content.copy();
    }

    synchronized Map<String, Content> files() {
        return files;
    }

    /** What happens before a file's bytes change; a subclass may refuse, or remember. */
    void beforeWrite(Content content, ByteBuffer bytes, long position) {}

    void beforeTruncate(Content content, long sizeBytes) {}

    void beforeRead(Content content) {}

    void onSync(Content content) {}

    /** After a file was created, renamed or deleted, or a directory renamed with all that is in it. */
    void onCreated(String name, Content content) {}

    void onRenamed(String from, String to, Content content) {}

    void onDeleted(String name, Content content) {}

    void onDirectoryRenamed() {}

    synchronized Set<String> directories() {
        return directories;
    }

    /** Puts other files and directories in the place of all there are. */
    synchronized void restore(Map<String, Content> nextFiles, Set<String> nextDirectories) {
        files.clear();
        files.putAll(nextFiles);
        directories.clear();
        directories.addAll(nextDirectories);
        locks.clear();
    }

    static DiskFailure failure(DiskFailure.Kind kind, String what, String why) {
        return new DiskFailure(kind, what, new IOException(why));
    }

    private void requireDirectory(String name) {
        int slash = name.lastIndexOf('/');
        if (slash >= 0 && !directories.contains(name.substring(0, slash))) {
            throw failure(DiskFailure.Kind.ABSENT, "create " + name, "no such directory");
        }
    }

    private long usedBytes() {
        return files.values().stream().mapToLong(Content::sizeBytes).sum();
    }

    private final class OpenFile implements DiskFile {
        private final Content content;
        private boolean closed;

        OpenFile(Content content) {
            this.content = content;
        }

        @Override
        public int read(ByteBuffer into, long position) {
            synchronized (MemoryDisk.this) {
                requireOpen();
                beforeRead(content);
                int count = (int) Math.max(0, Math.min(into.remaining(), content.sizeBytes - position));
                into.put(content.bytes, (int) Math.min(position, content.sizeBytes), count);
                return count;
            }
        }

        @Override
        public void write(ByteBuffer bytes, long position) {
            synchronized (MemoryDisk.this) {
                requireOpen();
                beforeWrite(content, bytes, position);
                int end = Math.toIntExact(position + bytes.remaining());
                long room = capacityBytes == Long.MAX_VALUE ? Long.MAX_VALUE / 2 : capacityBytes - usedBytes();
                if (end > content.sizeBytes && end - content.sizeBytes > room) {
                    // As a real disk does: what still fits is written.
                    int part = (int) Math.max(0, Math.min(bytes.remaining(), content.sizeBytes + room - position));
                    put(bytes.slice(bytes.position(), part), (int) position);
                    throw failure(DiskFailure.Kind.FULL, "write", "no space left");
                }
                put(bytes, (int) position);
            }
        }

        private void put(ByteBuffer bytes, int position) {
            int end = position + bytes.remaining();
            if (end > content.bytes.length) {
                content.bytes = Arrays.copyOf(content.bytes, Math.max(end, 2 * content.bytes.length));
            }
            bytes.get(content.bytes, position, bytes.remaining());
            content.sizeBytes = Math.max(content.sizeBytes, end);
            content.modifiedMs = clockMs.getAsLong();
        }

        @Override
        public long sizeBytes() {
            synchronized (MemoryDisk.this) {
                requireOpen();
                return content.sizeBytes;
            }
        }

        @Override
        public void truncate(long sizeBytes) {
            synchronized (MemoryDisk.this) {
                requireOpen();
                beforeTruncate(content, sizeBytes);
                if (sizeBytes < content.sizeBytes) {
                    Arrays.fill(content.bytes, (int) sizeBytes, content.sizeBytes, (byte) 0);
                    content.sizeBytes = (int) sizeBytes;
                }
            }
        }

        @Override
        public void sync() {
            synchronized (MemoryDisk.this) {
                requireOpen();
                onSync(content);
            }
        }

        @Override
        public void close() {
            closed = true;
        }

        private void requireOpen() {
            if (closed) {
                throw failure(DiskFailure.Kind.BROKEN, "use", "the file is closed");
            }
        }
    }
}
