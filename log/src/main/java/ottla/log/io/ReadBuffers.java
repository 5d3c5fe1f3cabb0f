package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.primitive.Payload;

/**
 * Memory outside the heap for what is read from disk and sent. Buffers come in powers of two and are kept for the next reader, as
 * long as all of them together stay within the budget; beyond it a reader gets heap memory, which the collector takes back.
 *
 * <p>Safe for use by several threads.
 */
public final class ReadBuffers {
    private static final int SMALLEST_SHIFT = 14;

    /** The default of {@code fetch.max.bytes} needs the largest one, 64 MB; nobody asks for more in one read. */
    private static final int LARGEST_SHIFT = 26;

    private final List<ConcurrentLinkedDeque<ByteBuffer>> free;
    private final long budgetBytes;
    private final AtomicLong allocatedBytes = new AtomicLong();

    public ReadBuffers(long budgetBytes) {
        this.budgetBytes = budgetBytes;
        free = IntStream.rangeClosed(SMALLEST_SHIFT, LARGEST_SHIFT)
                .mapToObj(shift -> new ConcurrentLinkedDeque<ByteBuffer>())
                .toList();
    }

    /** What the buffers take at present, in use or not. */
    public long sizeBytes() {
        return allocatedBytes.get();
    }

    /** A buffer with room for at least so many bytes, its limit set to them. */
    Lent lend(int sizeBytes) {
        int shift = Math.max(SMALLEST_SHIFT, Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, sizeBytes) - 1));
        if (shift > LARGEST_SHIFT) {
            return new Lent(null, ByteBuffer.allocate(sizeBytes));
        }
        ConcurrentLinkedDeque<ByteBuffer> shelf = free.get(shift - SMALLEST_SHIFT);
        ByteBuffer buffer = shelf.pollFirst();
        if (buffer == null) {
            if (allocatedBytes.addAndGet(1L << shift) > budgetBytes) {
                allocatedBytes.addAndGet(-(1L << shift));
                return new Lent(null, ByteBuffer.allocate(sizeBytes));
            }
            buffer = ByteBuffer.allocateDirect(1 << shift);
        }
        return new Lent(shelf, buffer.clear().limit(sizeBytes));
    }

    /** A buffer in use by one reader. */
    static final class Lent {
        private final @Nullable ConcurrentLinkedDeque<ByteBuffer> shelf;
        private final ByteBuffer buffer;
        private final AtomicInteger returns = new AtomicInteger();

        Lent(@Nullable ConcurrentLinkedDeque<ByteBuffer> shelf, ByteBuffer buffer) {
            this.shelf = shelf;
            this.buffer = buffer;
        }

        ByteBuffer buffer() {
            return buffer;
        }

        void giveBack() {
            int before = returns.getAndIncrement();
            Check.invariant(before == 0, "a buffer is given back once", before, 0);
            if (shelf != null) {
                shelf.addFirst(buffer);
            }
        }

        /** A part of the buffer as record bytes, which give the buffer back when they are released. */
        Payload payload(int position, int sizeBytes) {
            return new Part(this, List.of(buffer.slice(position, sizeBytes)), sizeBytes);
        }
    }

    private record Part(Lent lent, List<ByteBuffer> pieces, int sizeBytes) implements Payload {
        @Override
        public void release() {
            lent.giveBack();
        }
    }
}
