package ottla.log.io;

import ottla.base.Check;

/** Where each batch of a tail begins: a growing ring of last offsets and positions, both ascending. Under the log's lock. */
final class BatchMarks {
    private static final int COUNT_FIRST = 16;

    private long[] lastOffsets = new long[COUNT_FIRST];
    private long[] positions = new long[COUNT_FIRST];
    private int head;
    private int count;

    int count() {
        return count;
    }

    void add(long lastOffset, long position) {
        if (count == lastOffsets.length) {
            grow();
        }
        int slot = slot(count);
        lastOffsets[slot] = lastOffset;
        positions[slot] = position;
        count++;
    }

    void removeFirst() {
        Check.invariant(count > 0, "there is a first batch");
        head = slot(1);
        count--;
    }

    /** Forgets all, and the memory of what was once needed. */
    void clear() {
        head = 0;
        count = 0;
        lastOffsets = new long[COUNT_FIRST];
        positions = new long[COUNT_FIRST];
    }

    long lastOffset(int index) {
        return lastOffsets[slot(index)];
    }

    long position(int index) {
        return positions[slot(index)];
    }

    /** The first batch that ends at or after an offset, {@link #count} if there is none. */
    int reaching(long offset) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (lastOffset(middle) >= offset) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private int slot(int index) {
        return (head + index) & (lastOffsets.length - 1);
    }

    private void grow() {
        long[] offsets = new long[2 * count];
        long[] places = new long[2 * count];
        for (int i = 0; i < count; i++) {
            offsets[i] = lastOffset(i);
            places[i] = position(i);
        }
        head = 0;
        lastOffsets = offsets;
        positions = places;
    }
}
