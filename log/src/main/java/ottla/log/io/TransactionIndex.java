package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import ottla.log.format.AbortedTransaction;

/**
 * The aborted transactions of a segment, in a file, in the order in which they ended. Those that ended last are in memory, too: who
 * reads at the end of a log with transactions must not wait for the disk.
 *
 * <p>Changed under the log's lock. Safe for use by several threads otherwise.
 */
final class TransactionIndex {
    /** Ten kilobytes at most, of a segment that is written to. Whoever reads behind so many aborted transactions waits for the disk. */
    private static final int RECENT_MAX = 256;

    private static final int UNMEASURED = -1;

    /** No offset is beyond it: nothing is known of what the file holds. */
    private static final long UNKNOWN = Long.MAX_VALUE;

    private static final Optional<List<AbortedTransaction>> NONE = Optional.of(List.of());

    private final LogFile file;
    private int count;
    private final Deque<AbortedTransaction> recent = new ArrayDeque<>(0);

    /** Counts the changes to the file; most segments have no such file, and nothing to sync. */
    private volatile int changes;

    private volatile int changesSynced;

    /** All transactions that end behind this offset are in memory. */
    private long olderLastOffset = -1;

    TransactionIndex(LogFile file) {
        this.file = file;
    }

    LogFile file() {
        return file;
    }

    /** Takes in what an earlier run left, when somebody asks for it. */
    synchronized void load() {
        count = UNMEASURED;
        recent.clear();
        olderLastOffset = UNKNOWN;
        changed();
    }

    /** How many there are. May wait for the disk, once. */
    synchronized int count() {
        if (count == UNMEASURED) {
            count = (int) (file.measure() / AbortedTransaction.SIZE_BYTES);
            olderLastOffset = count == 0 ? -1 : UNKNOWN;
        }
        return count;
    }

    void add(AbortedTransaction aborted) {
        ByteBuffer entry = ByteBuffer.allocate(AbortedTransaction.SIZE_BYTES);
        aborted.write(entry);
        file.write(entry.flip(), (long) count() * AbortedTransaction.SIZE_BYTES);
        synchronized (this) {
            count++;
            recent.addLast(aborted);
            if (recent.size() > RECENT_MAX) {
                olderLastOffset = recent.removeFirst().lastOffset();
            }
        }
        changed();
    }

    /** Gives back the memory of a segment that is no longer written to. */
    synchronized void rest() {
        if (!recent.isEmpty()) {
            olderLastOffset = recent.getLast().lastOffset();
            recent.clear();
        }
    }

    /** Those that end at an offset or behind it; nothing if the disk must be asked. */
    synchronized Optional<List<AbortedTransaction>> endingFrom(long offset) {
        if (offset <= olderLastOffset) {
            return Optional.empty();
        }
        if (recent.isEmpty() || recent.getLast().lastOffset() < offset) {
            return NONE;
        }
        return Optional.of(recent.stream()
                .filter(aborted -> aborted.lastOffset() >= offset)
                .toList());
    }

    /** All of them, from the disk. */
    List<AbortedTransaction> read() {
        int wanted = count();
        List<AbortedTransaction> aborted = new ArrayList<>(wanted);
        if (wanted > 0) {
            ByteBuffer entries = ByteBuffer.allocate(wanted * AbortedTransaction.SIZE_BYTES);
            file.read(entries, 0);
            entries.flip();
            while (entries.remaining() >= AbortedTransaction.SIZE_BYTES) {
                aborted.add(AbortedTransaction.read(entries));
            }
            if (aborted.size() == wanted) {
                seen(wanted, aborted.getLast().lastOffset());
            }
        }
        return aborted;
    }

    /** Who reads behind all of them need not ask the disk again. */
    private synchronized void seen(int countSeen, long lastOffset) {
        if (olderLastOffset == UNKNOWN && count - recent.size() == countSeen) {
            olderLastOffset = lastOffset;
        }
    }

    void forget() {
        if (file.exists()) {
            file.startAnew();
            changed();
        }
        keep(List.of());
    }

    /** Removes those that end at an offset or behind it. */
    void truncate(long endOffset) {
        if (count() == 0) {
            return;
        }
        List<AbortedTransaction> kept = read().stream()
                .filter(aborted -> aborted.lastOffset() < endOffset)
                .toList();
        file.truncate((long) kept.size() * AbortedTransaction.SIZE_BYTES);
        keep(kept);
        changed();
    }

    private synchronized void keep(List<AbortedTransaction> kept) {
        count = kept.size();
        recent.clear();
        olderLastOffset = kept.isEmpty() ? -1 : kept.getLast().lastOffset();
    }

    /** Under the lock, after the change: whoever syncs does so without it. */
    private void changed() {
        int next = changes + 1;
        changes = next;
    }

    void sync() {
        int seen = changes;
        if (changesSynced < seen) {
            if (file.exists()) {
                file.sync();
            }
            // Only now: of two that sync at once, neither may believe that the other is done.
            changesSynced = seen;
        }
    }
}
