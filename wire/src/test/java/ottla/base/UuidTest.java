package ottla.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class UuidTest {
    @Test
    void idsAreOnesThatToolsCanTake() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 1000; i++) {
            Uuid id = Uuid.randomName(random);

            assertThat(id.toString()).hasSize(22).doesNotStartWith("-");
            assertThat(new UUID(id.mostSignificantBits(), id.leastSignificantBits()).version())
                    .isEqualTo(4);
        }
    }
}
