package ottla.log.retain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.log.LogConfig;
import ottla.log.io.TestLogs;
import ottla.log.retain.Retention.Plan;
import ottla.log.retain.Retention.Reason;

class RetentionTest {
    /** Three full segments of 100 bytes and ten records each, and one with half of that. */
    private static final List<SegmentFacts> SEGMENTS = List.of(
            new SegmentFacts(0, 10, 100, 1_000),
            new SegmentFacts(10, 20, 100, 2_000),
            new SegmentFacts(20, 30, 100, 3_000),
            new SegmentFacts(30, 35, 50, 4_000));

    private static Plan plan(Map<String, String> texts, long logStartOffset, long highWatermark, long nowMs) {
        return Retention.plan(SEGMENTS, TestLogs.config(texts), logStartOffset, highWatermark, nowMs);
    }

    @Test
    void by_time() {
        Map<String, String> texts = Map.of("retention.ms", "1000");
        assertThat(plan(texts, 0, 35, 2_000)).isEqualTo(Plan.NOTHING);
        assertThat(plan(texts, 0, 35, 3_001)).isEqualTo(new Plan(2, Reason.TIME));
        assertThat(plan(texts, 0, 35, 9_000)).isEqualTo(new Plan(4, Reason.TIME));
        assertThat(plan(texts, 0, 19, 9_000)).isEqualTo(new Plan(1, Reason.TIME));
        assertThat(plan(Map.of("retention.ms", "-1"), 0, 35, 9_000)).isEqualTo(Plan.NOTHING);
        assertThat(plan(Map.of("retention.ms", "1000", "cleanup.policy", "compact"), 0, 35, 9_000))
                .isEqualTo(Plan.NOTHING);
    }

    @Test
    void by_size_no_more_than_is_too_much() {
        assertThat(plan(Map.of("retention.bytes", "250"), 0, 35, 0)).isEqualTo(new Plan(1, Reason.SIZE));
        assertThat(plan(Map.of("retention.bytes", "251"), 0, 35, 0)).isEqualTo(Plan.NOTHING);
        assertThat(plan(Map.of("retention.bytes", "0"), 0, 35, 0)).isEqualTo(new Plan(4, Reason.SIZE));
    }

    @Test
    void below_the_log_start_whatever_the_policy() {
        Map<String, String> compacted = Map.of("cleanup.policy", "compact");
        assertThat(plan(compacted, 19, 35, 0)).isEqualTo(new Plan(1, Reason.LOG_START));
        assertThat(plan(compacted, 20, 35, 0)).isEqualTo(new Plan(2, Reason.LOG_START));
        assertThat(plan(compacted, 35, 35, 0)).isEqualTo(new Plan(3, Reason.LOG_START));
    }

    @Test
    void an_empty_last_segment_stays() {
        List<SegmentFacts> segments = List.of(new SegmentFacts(0, 0, 0, 0));
        assertThat(Retention.plan(segments, LogConfig.DEFAULT, 0, 0, Long.MAX_VALUE))
                .isEqualTo(Plan.NOTHING);
    }
}
