package ottla.controller.image;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The partitions of one topic, from 0 without gaps, in chunks: a copy with changes shares every chunk that did not change. So
 * a new leader in a topic of 10,000 partitions costs two arrays of about a hundred references.
 */
public final class PartitionTable extends AbstractList<PartitionRegistration> {
    /** Near the square root of the largest topics, where copying the outer and an inner array cost the same. */
    private static final int CHUNK_SIZE = 128;

    static final PartitionTable EMPTY = new PartitionTable(new PartitionRegistration[0][], 0);

    private final PartitionRegistration[][] chunks;
    private final int size;

    private PartitionTable(PartitionRegistration[][] chunks, int size) {
        this.chunks = chunks;
        this.size = size;
    }

    @Override
    public PartitionRegistration get(int partition) {
        if (partition < 0 || partition >= size) {
            throw new IndexOutOfBoundsException(partition);
        }
        return chunks[partition / CHUNK_SIZE][partition % CHUNK_SIZE];
    }

    @Override
    public int size() {
        return size;
    }

    public Optional<PartitionRegistration> find(int partition) {
        return partition < 0 || partition >= size ? Optional.empty() : Optional.of(get(partition));
    }

    /**
     * This table with the changes, which come in the order of partitions. A partition beyond the end whose predecessors are
     * unknown cannot be placed and is left out: a log that has it lost a record before it.
     */
    PartitionTable with(Iterable<Map.Entry<Integer, PartitionRegistration>> changes) {
        PartitionRegistration[][] copied = Arrays.copyOf(chunks, chunks.length);
        int copiedChunk = -1;
        int newSize = size;
        for (Map.Entry<Integer, PartitionRegistration> change : changes) {
            int partition = change.getKey();
            if (partition > newSize) {
                break;
            }
            int chunk = partition / CHUNK_SIZE;
            if (chunk != copiedChunk) {
                if (chunk >= copied.length) {
                    copied = Arrays.copyOf(copied, chunk + 1);
                }
                copied[chunk] = copyOf(chunk < chunks.length ? chunks[chunk] : null);
                copiedChunk = chunk;
            }
            copied[chunk][partition % CHUNK_SIZE] = change.getValue();
            newSize = Math.max(newSize, partition + 1);
        }
        if (copiedChunk == copied.length - 1 && copiedChunk >= 0) {
            int lastSize = newSize - copiedChunk * CHUNK_SIZE;
            copied[copiedChunk] = Arrays.copyOf(copied[copiedChunk], lastSize);
        }
        return new PartitionTable(copied, newSize);
    }

    static PartitionTable of(List<PartitionRegistration> partitions) {
        int[] next = {0};
        return EMPTY.with(() -> partitions.stream()
                .map(partition -> Map.entry(next[0]++, partition))
                .iterator());
    }

    private static PartitionRegistration[] copyOf(PartitionRegistration @Nullable [] chunk) {
        return chunk == null ? new PartitionRegistration[CHUNK_SIZE] : Arrays.copyOf(chunk, CHUNK_SIZE);
    }
}
