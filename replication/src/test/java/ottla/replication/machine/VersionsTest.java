package ottla.replication.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import ottla.base.BrokenInvariant;

class VersionsTest {
    private final Versions versions = new Versions();
    private final VersionedMap<String, Integer> map = new VersionedMap<>(versions);

    @Test
    void changesOnlyWhileARecordIsApplied() {
        assertThatThrownBy(() -> map.put("a", 1)).isInstanceOf(BrokenInvariant.class);

        versions.writeAt(0);
        map.put("a", 1);
        versions.close();

        assertThatThrownBy(() -> map.remove("a")).isInstanceOf(BrokenInvariant.class);
    }

    @Test
    void neitherReadsNorRollsBackBelowWhatIsForgotten() {
        versions.writeAt(0);
        map.put("a", 1);
        versions.writeAt(1);
        map.put("a", 2);
        versions.forgetBefore(1);

        assertThat(map.findAt("a", 1)).contains(1);
        assertThatThrownBy(() -> map.findAt("a", 0)).isInstanceOf(BrokenInvariant.class);
        assertThatThrownBy(() -> versions.rollBackTo(0)).isInstanceOf(BrokenInvariant.class);
    }

    @Test
    void keepsNoHistoryOfWhatIsCommittedAlready() {
        versions.forgetBefore(100);
        for (int offset = 0; offset < 100; offset++) {
            versions.writeAt(offset);
            map.put("a", offset);
            map.remove("b");
            map.put("b", offset);
        }

        assertThat(versions.changeCount()).isZero();
        assertThat(map.findAt("a", 100)).contains(99);
    }

    @Test
    void offsetsOnlyGrow() {
        versions.writeAt(5);
        map.put("a", 1);

        assertThatThrownBy(() -> versions.writeAt(4)).isInstanceOf(BrokenInvariant.class);
    }
}
