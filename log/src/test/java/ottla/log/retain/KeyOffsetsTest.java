package ottla.log.retain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeyOffsetsTest {
    private static ByteBuffer key(int number) {
        return ByteBuffer.allocate(4).putInt(0, number);
    }

    @Test
    void the_newest_offset_of_each_key_is_known() {
        KeyOffsets offsets = new KeyOffsets(1_000 * KeyOffsets.ENTRY_BYTES, 1.0);
        Map<Integer, Long> model = new HashMap<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 3; round++) {
            offsets.begin(random.nextInt(2) == 0 ? 5_000 : 1_000);
            model.clear();
            for (long offset = 0; !offsets.full(); offset += 1 + random.nextInt(3)) {
                int key = random.nextInt(1_200);
                offsets.put(key(key), offset);
                model.put(key, offset);
                assertThat(offsets.latestOffset()).isEqualTo(offset);
            }
            assertThat(offsets.count()).isEqualTo(model.size()).isEqualTo(1_000);
            for (int key = 0; key < 1_200; key++) {
                assertThat(offsets.offset(key(key))).isEqualTo(model.getOrDefault(key, -1L));
            }
            offsets.end();
        }
    }

    @Test
    void memory_is_taken_for_what_is_expected_and_no_more_than_allowed() {
        KeyOffsets offsets = new KeyOffsets(100 * KeyOffsets.ENTRY_BYTES, 0.9);

        offsets.begin(Long.MAX_VALUE);

        assertThat(offsets.keysMax()).isEqualTo(90);
        for (int i = 0; i < 90; i++) {
            assertThat(offsets.full()).isFalse();
            offsets.put(key(i), i);
        }
        assertThat(offsets.full()).isTrue();
    }
}
