package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import ottla.wire.primitive.Payload;

/** The newest bytes in memory: who gets what, and that memory in use is never given to others. */
class TailTest {
    private static final int SLAB = TailCache.SLAB_BYTES;

    @Test
    void nothing_is_kept_until_somebody_wants_it() {
        TailCache cache = new TailCache(4 * SLAB);
        Tail tail = cache.tail();
        append(tail, 0, 100);
        assertThat(tail.read(0, 1, 1_000, ReadLeast.ONE_BATCH)).isEmpty();
        assertThat(cache.sizeBytes()).isZero();
        tail.want();
        append(tail, 1, 100);
        assertThat(tail.read(0, 2, 1_000, ReadLeast.ONE_BATCH)).isEmpty();
        assertThat(read(tail, 1, 2)).isEqualTo(bytes(1, 100));
        assertThat(cache.sizeBytes()).isEqualTo(SLAB);
    }

    @Test
    void a_tail_that_nobody_reads_rests() {
        TailCache cache = new TailCache(100 * SLAB);
        Tail tail = cache.tail();
        tail.want();
        for (int i = 0; i < 50; i++) {
            append(tail, i, SLAB / 2);
        }
        assertThat(cache.sizeBytes()).isEqualTo(4 * SLAB);
        assertThat(tail.read(49, 50, SLAB, ReadLeast.ONE_BATCH)).isEmpty();
        tail.want();
        append(tail, 50, 10);
        assertThat(read(tail, 50, 51)).isEqualTo(bytes(50, 10));
        assertThat(cache.sizeBytes()).isEqualTo(4 * SLAB);
    }

    @Test
    void what_is_being_read_stays_though_its_memory_is_wanted() {
        TailCache cache = new TailCache(2 * SLAB);
        Tail first = cache.tail();
        Tail second = cache.tail();
        first.want();
        append(first, 0, SLAB);
        Payload held = first.read(0, 1, SLAB, ReadLeast.ONE_BATCH).orElseThrow();
        second.want();
        for (int i = 0; i < 20; i++) {
            append(second, i, SLAB / 4);
            second.want();
        }
        assertThat(held.contiguous()).isEqualTo(bytes(0, SLAB));
        assertThat(first.read(0, 1, SLAB, ReadLeast.ONE_BATCH)).isEmpty();
        assertThat(cache.sizeBytes()).isEqualTo(2 * SLAB);
        held.release();
        append(second, 20, SLAB / 4);
        assertThat(read(second, 20, 21)).isEqualTo(bytes(20, SLAB / 4));
    }

    @Test
    void a_batch_larger_than_all_memory_is_not_kept() {
        TailCache cache = new TailCache(2 * SLAB);
        Tail tail = cache.tail();
        tail.want();
        append(tail, 0, 5 * SLAB);
        assertThat(tail.read(0, 1, SLAB, ReadLeast.ONE_BATCH)).isEmpty();
        tail.want();
        append(tail, 1, 10);
        assertThat(read(tail, 1, 2)).isEqualTo(bytes(1, 10));
    }

    @Test
    void no_budget_means_no_memory() {
        TailCache cache = new TailCache(0);
        Tail tail = cache.tail();
        tail.want();
        append(tail, 0, 10);
        assertThat(tail.read(0, 1, 10, ReadLeast.ONE_BATCH)).isEmpty();
        assertThat(cache.sizeBytes()).isZero();
    }

    @Test
    void many_tails_share_a_budget_and_never_show_each_others_bytes() {
        SplittableRandom random = new SplittableRandom(7);
        TailCache cache = new TailCache(6 * SLAB);
        List<Tail> tails = new ArrayList<>();
        int[] next = new int[10];
        List<Payload> held = new ArrayList<>();
        List<ByteBuffer> expected = new ArrayList<>();
        for (int i = 0; i < next.length; i++) {
            tails.add(cache.tail());
        }
        int hits = 0;
        for (int step = 0; step < 20_000; step++) {
            int log = random.nextInt(next.length);
            Tail tail = tails.get(log);
            if (random.nextInt(3) > 0) {
                int offset = next[log]++;
                append(tail, offset, size(offset));
            } else if (random.nextInt(200) == 0) {
                tail.clear();
            } else if (next[log] > 0) {
                tail.want();
                int offset = Math.max(0, next[log] - 1 - random.nextInt(5));
                Optional<Payload> found = tail.read(offset, offset + 1, 10, ReadLeast.ONE_BATCH);
                if (found.isPresent()) {
                    hits++;
                    assertThat(found.get().contiguous()).isEqualTo(bytes(offset, size(offset)));
                    held.add(found.get());
                    expected.add(bytes(offset, size(offset)));
                }
            }
            while (held.size() > random.nextInt(6)) {
                int index = random.nextInt(held.size());
                assertThat(held.get(index).contiguous()).isEqualTo(expected.remove(index));
                held.remove(index).release();
            }
            assertThat(cache.sizeBytes()).isLessThanOrEqualTo(6 * SLAB);
        }
        assertThat(hits).isGreaterThan(500);
    }

    private static int size(int offset) {
        return 1 + (offset * 7919) % (SLAB + 1_000);
    }

    private static void append(Tail tail, int offset, int sizeBytes) {
        tail.append(bytes(offset, sizeBytes), 0, sizeBytes, offset, offset);
    }

    private static ByteBuffer read(Tail tail, int offset, int endOffset) {
        Payload payload =
                tail.read(offset, endOffset, 1 << 20, ReadLeast.ONE_BATCH).orElseThrow();
        ByteBuffer copy = ByteBuffer.allocate(payload.sizeBytes())
                .put(payload.contiguous())
                .flip();
        payload.release();
        return copy;
    }

    private static ByteBuffer bytes(int offset, int sizeBytes) {
        byte[] bytes = new byte[sizeBytes];
        Arrays.fill(bytes, (byte) offset);
        return ByteBuffer.wrap(bytes);
    }
}
