package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ThrottledReplicasTest {
    @Test
    void aListNamesPartitionsAndBrokers() {
        String list = "0:101, 3:102,12:1";

        assertThat(ThrottledReplicas.contain(list, 0, 101)).isTrue();
        assertThat(ThrottledReplicas.contain(list, 3, 102)).isTrue();
        assertThat(ThrottledReplicas.contain(list, 12, 1)).isTrue();
        assertThat(ThrottledReplicas.contain(list, 0, 102)).isFalse();
        assertThat(ThrottledReplicas.contain(list, 2, 1)).isFalse();
        assertThat(ThrottledReplicas.contain(list, 1, 12)).isFalse();
    }

    @Test
    void aStarNamesAllAndNothingNone() {
        assertThat(ThrottledReplicas.contain("*", 7, 1)).isTrue();
        assertThat(ThrottledReplicas.contain("", 7, 1)).isFalse();
    }

    @Test
    void aNumberThatNoBrokerCanHaveNamesNobody() {
        assertThat(ThrottledReplicas.contain("99999999999:1,7:1", 7, 1)).isTrue();
        assertThat(ThrottledReplicas.contain("99999999999:1", 7, 1)).isFalse();
    }
}
