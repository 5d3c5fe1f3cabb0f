package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory in which logs keep their newest bytes for those who read at the tail: slabs of one size outside the heap, taken from
 * the system as they are needed and never more than the budget. When none is left, the slab that was handed out longest ago is
 * taken from whoever has it, and becomes free when the last reader of its bytes is done.
 *
 * <p>Safe for use by several threads; each {@link Tail} is its log's own.
 */
public final class TailCache {
    /**
     * Four of a producer's usual batches. Larger ones waste more on quiet partitions, smaller ones make more pieces for a
     * gathering write: a megabyte is 16.
     */
    static final int SLAB_BYTES = 64 << 10;

    private final long countMax;
    private final AtomicLong count = new AtomicLong();
    private final AtomicLong queued = new AtomicLong();
    private final ConcurrentLinkedQueue<Slab> inUse = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedDeque<ByteBuffer> free = new ConcurrentLinkedDeque<>();

    /** @param budgetBytes the most that all slabs together take; none at all if it is less than one slab */
    public TailCache(long budgetBytes) {
        countMax = budgetBytes / SLAB_BYTES;
    }

    /** The tail of one log. */
    Tail tail() {
        return new Tail(this);
    }

    /** What the slabs take at present, in use or not. */
    public long sizeBytes() {
        return count.get() * SLAB_BYTES;
    }

    /** A slab that its caller holds; nothing if all are being read. */
    @Nullable
    Slab take(long startPosition) {
        ByteBuffer memory = free.pollFirst();
        if (memory == null) {
            memory = allocate();
        }
        while (memory == null) {
            Slab oldest = inUse.poll();
            if (oldest == null) {
                return null;
            }
            queued.decrementAndGet();
            oldest.disown();
            memory = free.pollFirst();
        }
        Slab slab = new Slab(this, memory, startPosition);
        inUse.add(slab);
        if (queued.incrementAndGet() > 2 * countMax) {
            sweep();
        }
        return slab;
    }

    /** Takes out the slabs that their logs gave back themselves: rarely enough that a walk over all costs nothing per slab. */
    private synchronized void sweep() {
        inUse.removeIf(slab -> {
            boolean gone = !slab.owned();
            if (gone) {
                queued.decrementAndGet();
            }
            return gone;
        });
    }

    private @Nullable ByteBuffer allocate() {
        if (count.incrementAndGet() > countMax) {
            count.decrementAndGet();
            return null;
        }
        return ByteBuffer.allocateDirect(SLAB_BYTES);
    }

    private void giveBack(ByteBuffer memory) {
        free.addFirst(memory);
    }

    /**
     * A piece of a tail. The log that fills it holds it, and so does every reader; the cache may end the log's hold at any time,
     * so the log, too, retains it while it writes.
     */
    static final class Slab {
        private static final int OWNED = 1 << 30;

        private final TailCache cache;
        private final ByteBuffer memory;

        /** The owner's hold is one bit, so that it ends once however often it is ended. */
        private final AtomicInteger holds = new AtomicInteger(OWNED);

        /** Where in the tail this slab begins. */
        final long startPosition;

        int usedBytes;

        Slab(TailCache cache, ByteBuffer memory, long startPosition) {
            this.cache = cache;
            this.memory = memory;
            this.startPosition = startPosition;
        }

        ByteBuffer memory() {
            return memory;
        }

        int freeBytes() {
            return SLAB_BYTES - usedBytes;
        }

        boolean retain() {
            int now = holds.get();
            while (now != 0) {
                if (holds.compareAndSet(now, now + 1)) {
                    return true;
                }
                now = holds.get();
            }
            return false;
        }

        void release() {
            if (holds.decrementAndGet() == 0) {
                cache.giveBack(memory);
            }
        }

        /** Ends the log's hold, if that has not been done. */
        void disown() {
            int now = holds.get();
            while ((now & OWNED) != 0) {
                if (holds.compareAndSet(now, now & ~OWNED)) {
                    if (now == OWNED) {
                        cache.giveBack(memory);
                    }
                    return;
                }
                now = holds.get();
            }
        }

        boolean owned() {
            return (holds.get() & OWNED) != 0;
        }
    }
}
