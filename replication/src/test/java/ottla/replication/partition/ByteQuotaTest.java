package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import ottla.replication.partition.ByteQuota.Window;

class ByteQuotaTest {
    private final ByteQuota quota = new ByteQuota(Window.DEFAULT);

    @Test
    void withoutALimitNothingWaits() {
        quota.spend(1L << 40, 0);

        assertThat(quota.isLimited()).isFalse();
        assertThat(quota.pauseMs(0)).isZero();
    }

    @Test
    void whatWasSentTooMuchIsWaitedFor() {
        quota.limit(1_000);
        quota.spend(1_000, 0);
        assertThat(quota.pauseMs(0)).as("a second's worth").isZero();

        quota.spend(4_000, 10);

        assertThat(quota.pauseMs(10)).isEqualTo(4_990);
        assertThat(quota.pauseMs(4_999)).isEqualTo(1);
        assertThat(quota.pauseMs(5_000)).isZero();
    }

    @Test
    void whatIsOlderThanTheWindowIsForgotten() {
        quota.limit(10);
        quota.spend(1_000, 0);
        assertThat(quota.pauseMs(0)).isEqualTo(11_000);
        assertThat(quota.pauseMs(10_999)).isEqualTo(1);

        assertThat(quota.pauseMs(11_000)).isZero();
        assertThat(quota.bytesPerSecond(11_000)).isZero();
    }

    @Test
    void idlenessSavesUpAWindowsWorthAtMost() {
        quota.limit(1_000);
        quota.spend(1, 0);
        quota.spend(3_000, 60_000);
        assertThat(quota.pauseMs(60_000)).isEqualTo(3_000);

        assertThat(quota.pauseMs(120_000)).isZero();
        quota.spend(12_000, 130_999);
        assertThat(quota.pauseMs(130_999)).isEqualTo(1_001);
    }

    @Test
    void aLimitOfNothingLetsTheNextThroughWhenTheLastIsForgotten() {
        quota.limit(0);
        assertThat(quota.pauseMs(0)).isZero();
        quota.spend(1, 0);

        assertThat(quota.pauseMs(5_000)).isEqualTo(6_000);
        assertThat(quota.pauseMs(11_000)).isZero();
    }

    @Test
    void aNewLimitHoldsForWhatWasSentBefore() {
        quota.spend(5_000, 0);
        quota.limit(1_000);
        assertThat(quota.pauseMs(0)).isEqualTo(5_000);

        quota.limit(5_000);
        assertThat(quota.pauseMs(0)).isZero();
        quota.limit(ByteQuota.UNLIMITED);
        quota.spend(1L << 40, 0);
        assertThat(quota.pauseMs(0)).isZero();
    }

    @Test
    void aClockThatIsSetBackEndsNothingForLong() {
        quota.limit(1_000);
        quota.spend(50_000, 1_000_000);
        assertThat(quota.pauseMs(0)).isZero();
    }
}
