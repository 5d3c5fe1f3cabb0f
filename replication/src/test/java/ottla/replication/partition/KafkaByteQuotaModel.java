package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.stats.SimpleRate;
import org.junit.jupiter.api.Test;

/** {@link ByteQuota} beside the rate that Kafka's replication quotas are measured by. */
class KafkaByteQuotaModel {
    private static final int RUNS = 300;
    private static final int STEPS = 300;
    private static final long SEED = Long.getLong("ottla.seed", 20_260_901);

    @Test
    void countsAsKafkaDoes() {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            run(seed);
        }
    }

    private static void run(long seed) {
        Random random = new Random(seed);
        int samples = 1 + random.nextInt(12);
        int sampleSeconds = 1 + random.nextInt(3);
        int limit = 1 + random.nextInt(5_000);
        MetricConfig config = new MetricConfig()
                .samples(samples)
                .timeWindow(sampleSeconds, TimeUnit.SECONDS)
                .quota(Quota.upperBound(limit));
        SimpleRate kafka = new SimpleRate();
        ByteQuota quota = new ByteQuota(new ByteQuota.Window(samples, sampleSeconds * 1_000L));
        quota.limit(limit);
        long nowMs = 1_700_000_000_000L;
        for (int step = 0; step < STEPS; step++) {
            nowMs += switch (random.nextInt(10)) {
                case 0 -> random.nextInt(40_000);
                case 1, 2, 3 -> random.nextInt(2_000);
                default -> random.nextInt(100);
            };
            if (random.nextBoolean()) {
                int sizeBytes = random.nextInt(10_000);
                kafka.record(config, sizeBytes, nowMs);
                quota.spend(sizeBytes, nowMs);
            }
            String where = "seed " + seed + ", step " + step;
            double expected = kafka.measure(config, nowMs);
            assertThat(quota.bytesPerSecond(nowMs)).as(where).isCloseTo(expected, within(1e-6 * (1 + expected)));
            long pauseMs = quota.pauseMs(nowMs);
            assertThat(pauseMs > 0).as(where).isEqualTo(!config.quota().acceptable(expected));
            if (pauseMs > 1 && random.nextInt(4) == 0) {
                nowMs += pauseMs - 1;
                assertThat(config.quota().acceptable(kafka.measure(config, nowMs)))
                        .as("%s: a millisecond before the end of the pause", where)
                        .isFalse();
                assertThat(quota.pauseMs(nowMs)).as(where).isPositive();
            }
        }
    }
}
