package ottla.log.io;

import java.nio.ByteBuffer;
import ottla.base.Check;

/**
 * A file of entries of one size that ascend by their key. The newest entries wait in memory until there are enough for one write,
 * or until somebody asks for them to be written: an index that a crash cut short is made anew from the segment, so nothing
 * depends on when they are.
 *
 * <p>Changed under the log's lock. {@link #floor} may be called without it on a count of entries that was taken under it, because
 * written entries do not change (truncation aside, which a reader notices by what it then reads in the segment).
 */
final class IndexFile {
    /** 512 entries of an offset index, that is two megabytes of log, for one write of a page. */
    private static final int PENDING_BYTES_MAX = 4_096;

    private static final int PENDING_BYTES_FIRST = 64;

    /** A search reads this much at once when it has come near: one page. */
    private static final int BLOCK_BYTES = 4_096;

    /** Shared: without room, nothing is ever put into it. */
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final LogFile file;
    private final int entryBytes;
    private final int keyBytes;
    /** Volatile for those who search without the lock. */
    private volatile int writtenCount;

    private ByteBuffer pending = NOTHING;

    /** Whether what an earlier run left ends with a whole entry. */
    private boolean whole = true;

    /** While the entries are made anew: how long the file was before. */
    private long formerBytes;

    /** @param keyBytes 4 or 8: how many bytes at the front of an entry are its key */
    IndexFile(LogFile file, int entryBytes, int keyBytes) {
        this.file = file;
        this.entryBytes = entryBytes;
        this.keyBytes = keyBytes;
    }

    LogFile file() {
        return file;
    }

    /** Takes in what an earlier run left. */
    void load() {
        long sizeBytes = file.measure();
        writtenCount = (int) (sizeBytes / entryBytes);
        whole = sizeBytes % entryBytes == 0;
        pending = NOTHING;
        formerBytes = 0;
    }

    /**
     * Forgets the entries, which are made anew up to the next {@link #write}. Only what differs is written then: most indexes survive a
     * crash, and to empty a file costs more than to read it.
     */
    void remake() {
        formerBytes = file.measure();
        writtenCount = 0;
        pending.clear();
    }

    boolean whole() {
        return whole;
    }

    int count() {
        return writtenCount + pending.position() / entryBytes;
    }

    /** How many entries are in the file: those that may be searched without the lock. */
    int writtenCount() {
        return writtenCount;
    }

    /** Room for one entry, to be filled by relative puts. */
    ByteBuffer append() {
        if (pending.remaining() < entryBytes) {
            if (pending.capacity() >= PENDING_BYTES_MAX) {
                writeOrWait();
            }
            if (pending.remaining() < entryBytes) {
                int capacity = Math.max(PENDING_BYTES_FIRST, 2 * pending.capacity());
                pending = ByteBuffer.allocate(capacity).put(pending.flip());
            }
        }
        return pending;
    }

    /** On a full disk the entries wait in memory: the batches that they belong to are written already. */
    private void writeOrWait() {
        try {
            writePending();
        } catch (DiskFailure failure) {
            if (failure.kind() != DiskFailure.Kind.FULL) {
                throw failure;
            }
        }
    }

    /** Writes what is waiting, and makes sure that the file is there. */
    void write() {
        writePending();
        if (formerBytes > (long) writtenCount * entryBytes) {
            file.truncate((long) writtenCount * entryBytes);
        }
        formerBytes = 0;
    }

    private void writePending() {
        int size = pending.position();
        ByteBuffer entries = pending.slice(0, size);
        long position = (long) writtenCount * entryBytes;
        if (!isThere(entries, position)) {
            file.write(entries, position);
        }
        pending.clear();
        int grown = writtenCount + size / entryBytes; // under the lock
        writtenCount = grown;
    }

    private boolean isThere(ByteBuffer entries, long position) {
        if (formerBytes == 0 || formerBytes < position + entries.remaining()) {
            return false;
        }
        ByteBuffer former = ByteBuffer.allocate(entries.remaining());
        file.read(former, position);
        return former.flip().equals(entries);
    }

    /** Gives back the memory of a segment that is no longer written to. */
    void rest() {
        write();
        pending = NOTHING;
    }

    void truncate(int count) {
        Check.invariant(count <= count(), "a truncation shortens", count, count());
        if (count <= writtenCount) {
            pending.clear();
            writtenCount = count;
            file.truncate((long) count * entryBytes);
            formerBytes = 0;
        } else {
            pending.position((count - writtenCount) * entryBytes);
        }
    }

    /** An entry as a buffer from position 0. */
    ByteBuffer entry(int index) {
        ByteBuffer entry = ByteBuffer.allocate(entryBytes);
        if (index >= writtenCount) {
            entry.put(0, pending, (index - writtenCount) * entryBytes, entryBytes);
        } else {
            int count = file.read(entry, (long) index * entryBytes);
            Check.invariant(count == entryBytes, "an index entry is whole", count, entryBytes);
            entry.clear();
        }
        return entry;
    }

    /** The index of the last entry whose key is not above the target, or -1. To be called under the lock. */
    int floor(long target) {
        int low = writtenCount;
        int high = count() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (key(pending, (middle - writtenCount) * entryBytes) <= target) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return low > writtenCount ? low - 1 : floorWritten(target, writtenCount);
    }

    /** As {@link #floor} among the entries in memory; -1 also if the file must be asked. Never waits for the disk. */
    int floorPending(long target) {
        if (count() == writtenCount || key(pending, 0) > target) {
            return -1;
        }
        return floor(target);
    }

    /** As {@link #floor}, among the first {@code count} entries of the file. */
    int floorWritten(long target, int count) {
        return floorWritten(0, target, count);
    }

    /** As {@link #floorWritten(long, int)}, by another ascending field of the entries than their first. */
    int floorWritten(int field, long target, int count) {
        int blockEntries = BLOCK_BYTES / entryBytes;
        int low = 0;
        int high = count - 1;
        ByteBuffer block = ByteBuffer.allocate(Math.min(BLOCK_BYTES, Math.max(1, count) * entryBytes));
        while (high - low >= blockEntries) {
            int middle = (low + high) >>> 1;
            read(block.clear().limit(entryBytes), middle);
            if (key(block, field) <= target) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if (high < low) {
            return -1;
        }
        int first = low;
        read(block.clear().limit((high - low + 1) * entryBytes), first);
        int found = first - 1;
        while (found < high && key(block, (found + 1 - first) * entryBytes + field) <= target) {
            found++;
        }
        // At the very front nothing is below; elsewhere the entry at `low` was seen to be.
        return found;
    }

    private void read(ByteBuffer block, int index) {
        int wanted = block.remaining();
        int count = file.read(block, (long) index * entryBytes);
        if (count < wanted) {
            // The file was cut while it was read without the lock: what is missing counts as beyond every target.
            while (block.hasRemaining()) {
                block.put((byte) 0x7f);
            }
        }
    }

    private long key(ByteBuffer from, int position) {
        return keyBytes == Long.BYTES ? from.getLong(position) : from.getInt(position);
    }
}
