package ottla.log.retain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import ottla.log.LogConfig;

class CompactionPlanTest {
    private record Facts(
            long baseOffset,
            int sizeBytes,
            int offsetIndexBytes,
            int timeIndexBytes,
            long firstTimestampMs,
            long largestTimestampMs)
            implements CompactedSegment {}

    private static Facts segment(long baseOffset, int sizeBytes, long timestampMs) {
        return new Facts(baseOffset, sizeBytes, 8, 12, timestampMs, timestampMs);
    }

    private static final List<Facts> SEGMENTS =
            List.of(segment(0, 100, 1_000), segment(10, 200, 2_000), segment(20, 300, 3_000), segment(30, 50, 4_000));

    private static LogConfig config(Map<String, String> texts) {
        return ((LogConfig.Parsed.Accepted) LogConfig.of(texts)).config();
    }

    private static CompactionPlan plan(LogConfig config, long stableOffset, OptionalLong checkpoint) {
        return CompactionPlan.of(SEGMENTS, config, new CompactionPlan.Bounds(0, 40, stableOffset), checkpoint, 5_000);
    }

    @Test
    void everything_before_the_active_segment_is_cleaned() {
        CompactionPlan plan = plan(LogConfig.DEFAULT, 40, OptionalLong.of(10));

        assertThat(plan).isEqualTo(new CompactionPlan(10, 30, 100, 500, CompactionPlan.Urgency.BY_RATIO));
        assertThat(plan.due(LogConfig.DEFAULT)).isTrue();
    }

    @Test
    void what_is_undecided_or_too_young_is_not_cleaned() {
        assertThat(plan(LogConfig.DEFAULT, 25, OptionalLong.empty()).endOffset())
                .isEqualTo(20);
        assertThat(plan(config(Map.of("min.compaction.lag.ms", "3500")), 40, OptionalLong.empty())
                        .endOffset())
                .isEqualTo(10);
    }

    @Test
    void a_record_that_has_waited_too_long_makes_a_pass_due() {
        LogConfig config = config(Map.of("max.compaction.lag.ms", "1500", "min.cleanable.dirty.ratio", "1"));

        assertThat(plan(config, 40, OptionalLong.of(20)).due(config)).isTrue();
        assertThat(plan(config, 40, OptionalLong.of(30)).due(config)).isFalse();
    }

    @Test
    void a_checkpoint_that_cannot_be_is_as_none() {
        assertThat(plan(LogConfig.DEFAULT, 40, OptionalLong.of(41)).firstDirtyOffset())
                .isZero();
    }

    @Test
    void segments_are_joined_as_far_as_sizes_and_offsets_allow() {
        LogConfig config = config(Map.of("internal.segment.bytes", "300", "segment.index.bytes", "4096"));
        List<Facts> far = List.of(segment(0, 10, 0), segment(Integer.MAX_VALUE - 5L, 10, 0));

        assertThat(CompactionPlan.groups(SEGMENTS.subList(0, 3), config, 30))
                .isEqualTo(List.of(SEGMENTS.subList(0, 2), SEGMENTS.subList(2, 3)));
        assertThat(CompactionPlan.groups(far, config, Integer.MAX_VALUE + 1L)).hasSize(1);
        assertThat(CompactionPlan.groups(far, config, Integer.MAX_VALUE + 2L)).hasSize(2);
    }
}
