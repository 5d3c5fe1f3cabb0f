package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.log.io.TailCache.Slab;
import ottla.wire.primitive.Payload;

/**
 * The newest bytes of one log, for readers who are at its end. Nobody pays for readers that do not exist: bytes are kept only
 * while somebody reads them here, or has asked for the end of the log and waits there.
 *
 * <p>Under the log's lock. What a reader was given stays valid, whatever happens to the tail, until the reader releases it.
 */
final class Tail {
    /** After so many slabs of which nobody read a byte, the tail rests until a reader comes to the end again. */
    private static final int UNREAD_SLABS_MAX = 4;

    private final TailCache cache;
    private final Deque<Slab> slabs = new ArrayDeque<>();
    private final BatchMarks batches = new BatchMarks();

    /** Positions count the bytes that ever went through this tail. */
    private long endPosition;

    /** The first offset that can be read here. */
    private long firstOffset;

    private int unreadSlabs;
    private Interest interest = Interest.NONE;

    private enum Interest {
        NONE,
        WANTED
    }

    Tail(TailCache cache) {
        this.cache = cache;
    }

    /** Somebody is at the end of the log and will want what comes next. */
    void want() {
        interest = Interest.WANTED;
        unreadSlabs = 0;
    }

    /** Forgets all bytes: the log was cut, or one batch could not be kept. */
    void clear() {
        slabs.forEach(Slab::disown);
        slabs.clear();
        batches.clear();
    }

    /** Forgets what a compaction has replaced: its aborted transactions are no longer told of, so their data must not be read. */
    void forgetBelow(long offset) {
        while (batches.count() > 0 && batches.lastOffset(0) < offset) {
            firstOffset = batches.lastOffset(0) + 1;
            batches.removeFirst();
        }
    }

    /** Copies a batch that was just written, unless nobody wants it. */
    void append(ByteBuffer records, int position, int sizeBytes, long baseOffset, long lastOffset) {
        if (interest == Interest.NONE) {
            return;
        }
        long start = endPosition;
        int done = 0;
        while (done < sizeBytes) {
            Slab slab = writable();
            if (slab == null) {
                clear();
                return;
            }
            int part = Math.min(slab.freeBytes(), sizeBytes - done);
            slab.memory().put(slab.usedBytes, records, position + done, part);
            slab.usedBytes += part;
            slab.release();
            done += part;
            endPosition += part;
        }
        if (slabs.isEmpty() || slabs.peekFirst().startPosition > start) {
            // Larger than all the memory there is: its own beginning was taken away for its end.
            clear();
            return;
        }
        if (batches.count() == 0) {
            firstOffset = baseOffset;
        }
        batches.add(lastOffset, start);
    }

    /** The newest slab if it has room and is still ours, or else a new one. It is retained. */
    private @Nullable Slab writable() {
        Slab newest = slabs.peekLast();
        if (newest != null && newest.freeBytes() > 0 && newest.retain()) {
            if (newest.owned()) {
                return newest;
            }
            newest.release();
        }
        if (newest != null && !newest.owned()) {
            // The newest is taken last: all the others are gone, too.
            clear();
        }
        unreadSlabs++;
        if (unreadSlabs > UNREAD_SLABS_MAX) {
            interest = Interest.NONE;
            return null;
        }
        Slab next = cache.take(endPosition);
        if (next == null || !next.retain()) {
            return null;
        }
        dropTaken();
        slabs.addLast(next);
        return next;
    }

    /** Forgets what the cache has given to others. It takes the oldest first. */
    private void dropTaken() {
        while (!slabs.isEmpty() && !slabs.peekFirst().owned()) {
            slabs.pollFirst();
        }
        long startPosition = slabs.isEmpty() ? endPosition : slabs.peekFirst().startPosition;
        while (batches.count() > 0 && batches.position(0) < startPosition) {
            firstOffset = batches.lastOffset(0) + 1;
            batches.removeFirst();
        }
    }

    /**
     * The batches from the one that holds {@code offset} on, as far as they are below {@code endOffset} and {@code maxBytes}, but
     * the first of them in any case if {@code least} says so. Empty if the tail does not reach back to the offset.
     */
    Optional<Payload> read(long offset, long endOffset, int maxBytes, ReadLeast least) {
        dropTaken();
        if (batches.count() == 0 || offset < firstOffset) {
            return Optional.empty();
        }
        want();
        int first = batches.reaching(offset);
        int bound = batches.reaching(endOffset);
        if (first >= bound) {
            return Optional.of(Payload.EMPTY);
        }
        long start = batches.position(first);
        int end = first;
        while (end < bound && position(end + 1) - start <= maxBytes) {
            end++;
        }
        if (end == first && least == ReadLeast.ONE_BATCH) {
            end++;
        }
        return end == first ? Optional.of(Payload.EMPTY) : slice(start, position(end));
    }

    /** How many bytes of batches there are from an offset to another, or -1 if the tail does not know. */
    long sizeBetween(long offset, long endOffset) {
        dropTaken();
        if (batches.count() == 0 || offset < firstOffset) {
            return -1;
        }
        return Math.max(0, position(batches.reaching(endOffset)) - position(batches.reaching(offset)));
    }

    private long position(int batch) {
        return batch == batches.count() ? endPosition : batches.position(batch);
    }

    private Optional<Payload> slice(long start, long end) {
        List<Slab> held = new ArrayList<>();
        List<ByteBuffer> pieces = new ArrayList<>();
        for (Slab slab : slabs) {
            long from = Math.max(start, slab.startPosition);
            long until = Math.min(end, slab.startPosition + slab.usedBytes);
            if (from >= until) {
                continue;
            }
            if (!slab.retain()) {
                held.forEach(Slab::release);
                return Optional.empty();
            }
            held.add(slab);
            pieces.add(slab.memory().slice((int) (from - slab.startPosition), (int) (until - from)));
        }
        return Optional.of(new Slices(held, pieces, (int) (end - start)));
    }

    private record Slices(List<Slab> slabs, List<ByteBuffer> pieces, int sizeBytes) implements Payload {
        @Override
        public void release() {
            slabs.forEach(Slab::release);
        }
    }
}
