package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * A disk that nobody may touch on a network loop: not read, not write, not ask. A test says what runs on one with {@link #onLoop};
 * everything else is a thread that may wait. Owned by one thread.
 */
public final class LoopShyDisk extends MemoryDisk {
    private boolean onLoop;

    /** Runs what a network loop does. */
    public <T> T onLoop(Supplier<T> deed) {
        onLoop = true;
        try {
            return deed.get();
        } finally {
            onLoop = false;
        }
    }

    private void touched(String deed) {
        if (onLoop) {
            throw new AssertionError("a network loop waits for the disk: " + deed);
        }
    }

    @Override
    public synchronized DiskFile open(String name) {
        touched("open " + name);
        return super.open(name);
    }

    @Override
    public synchronized DiskFile create(String name) {
        touched("create " + name);
        return super.create(name);
    }

    @Override
    public synchronized boolean exists(String name) {
        touched("look for " + name);
        return super.exists(name);
    }

    @Override
    public synchronized OptionalLong sizeBytes(String name) {
        touched("measure " + name);
        return super.sizeBytes(name);
    }

    @Override
    public synchronized long lastModifiedMs(String name) {
        touched("measure " + name);
        return super.lastModifiedMs(name);
    }

    @Override
    public synchronized List<String> list(String directory) {
        touched("list " + directory);
        return super.list(directory);
    }

    @Override
    public void syncDirectory(String name) {
        touched("sync " + name);
        super.syncDirectory(name);
    }

    @Override
    void beforeRead(Content content) {
        touched("read");
    }

    @Override
    void beforeWrite(Content content, ByteBuffer bytes, long position) {
        touched("write");
    }

    @Override
    void beforeTruncate(Content content, long sizeBytes) {
        touched("truncate");
    }

    @Override
    void onSync(Content content) {
        touched("sync");
    }

    @Override
    void onCreated(String name, Content content) {
        touched("create " + name);
    }

    @Override
    void onRenamed(String from, String to, Content content) {
        touched("rename " + from);
    }

    @Override
    void onDeleted(String name, Content content) {
        touched("delete " + name);
    }

    @Override
    void onDirectoryRenamed() {
        touched("rename a directory");
    }
}
