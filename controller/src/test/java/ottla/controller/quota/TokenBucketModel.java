package ottla.controller.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.stats.TokenBucket;
import org.junit.jupiter.api.Test;

/** Random withdrawals, pauses and changes of the rate, in this bucket and in Kafka's: what is left is the same to the last bit. */
class TokenBucketModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261121);
    private static final int SCENES = 200;
    private static final int STEPS = 200;

    @Test
    void agreesWithKafka() {
        Random random = new Random(SEED);
        int overdrawn = 0;
        for (int scene = 0; scene < SCENES; scene++) {
            QuotaWindow window = new QuotaWindow(1 + random.nextInt(20), 1 + random.nextInt(5));
            double rate = rate(random);
            long nowMs = 1_700_000_000_000L;
            ottla.controller.quota.TokenBucket ours = new ottla.controller.quota.TokenBucket(window.burst(rate), nowMs);
            TokenBucket kafkas = new TokenBucket();
            // Kafka's fills itself when it is first looked at
            assertThat(kafkas.measure(config(window, rate), nowMs)).isEqualTo(window.burst(rate));
            for (int step = 0; step < STEPS; step++) {
                String where = "seed " + SEED + ", scene " + scene + ", step " + step + ", rate " + rate;
                switch (random.nextInt(8)) {
                    case 0 -> rate = rate(random);
                    case 1, 2, 3 -> nowMs += random.nextInt(20_000);
                    case 4, 5 -> {
                        int count = 1 + random.nextInt(200);
                        ours.take(count, rate, window.burst(rate), nowMs);
                        kafkas.record(config(window, rate), count, nowMs);
                    }
                    default -> {
                        double left = ours.tokens(rate, window.burst(rate), nowMs);
                        assertThat(left).as(where).isEqualTo(kafkas.measure(config(window, rate), nowMs));
                        overdrawn += left < 0 ? 1 : 0;
                    }
                }
            }
        }
        assertThat(overdrawn).isBetween(SCENES, SCENES * STEPS / 5);
    }

    private static double rate(Random random) {
        return random.nextInt(1, 10_000) / 100.0;
    }

    private static MetricConfig config(QuotaWindow window, double rate) {
        return new MetricConfig()
                .timeWindow(window.sampleSeconds(), TimeUnit.SECONDS)
                .samples(window.samples())
                .quota(Quota.upperBound(rate));
    }
}
