package ottla.replication.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import ottla.replication.quorum.MetadataRetention.Stored;

final class MetadataRetentionTest {
    private static final SnapshotId FIRST = new SnapshotId(10, 1);
    private static final SnapshotId SECOND = new SnapshotId(20, 1);
    private static final SnapshotId THIRD = new SnapshotId(30, 2);

    private static final List<Stored> STORED =
            List.of(new Stored(FIRST, 100, 1_000), new Stored(SECOND, 100, 2_000), new Stored(THIRD, 100, 3_000));

    @Test
    void whatFitsStays() {
        assertThat(new MetadataRetention(350, 5_000).oldestKept(STORED, 50, 4_000))
                .isEmpty();
    }

    @Test
    void theOldestGoUntilTheRestFits() {
        assertThat(new MetadataRetention(250, 5_000).oldestKept(STORED, 50, 4_000))
                .contains(SECOND);
    }

    @Test
    void theOldestGoWhenTheirTimeIsOver() {
        assertThat(new MetadataRetention(-1, 1_500).oldestKept(STORED, 50, 4_000))
                .contains(THIRD);
    }

    @Test
    void theNewestStaysWhateverItsSizeAndAge() {
        assertThat(new MetadataRetention(0, 0).oldestKept(STORED, 50, 90_000)).contains(THIRD);
        assertThat(new MetadataRetention(0, 0).oldestKept(List.of(STORED.getLast()), 50, 90_000))
                .isEmpty();
    }

    @Test
    void withoutLimitsEverythingStays() {
        assertThat(new MetadataRetention(-1, -1).oldestKept(STORED, 50, Long.MAX_VALUE))
                .isEmpty();
    }
}
