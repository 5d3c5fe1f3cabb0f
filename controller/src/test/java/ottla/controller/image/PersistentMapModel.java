package ottla.controller.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random changes against a hash map, with keys that collide, and older versions that must not change. */
class PersistentMapModel {
    private static final long SEED = Long.getLong("ottla.seed", 5);

    @Test
    void behavesAsAHashMapAndKeepsItsVersions() {
        Random random = new Random(SEED);
        for (int round = 0; round < 40; round++) {
            int keys = 1 + random.nextInt(round % 4 == 0 ? 2000 : 40);
            int hashes = round % 3 == 0 ? 1 + random.nextInt(5) : Integer.MAX_VALUE;
            PersistentMap<Key, Integer> map = PersistentMap.empty();
            Map<Key, Integer> model = new HashMap<>();
            List<PersistentMap<Key, Integer>> versions = new ArrayList<>();
            List<Map<Key, Integer>> models = new ArrayList<>();
            for (int step = 0; step < 1500; step++) {
                Key key = new Key(random.nextInt(keys), hashes);
                if (random.nextInt(5) < 3) {
                    map = map.with(key, step);
                    model.put(key, step);
                } else {
                    map = map.without(key);
                    model.remove(key);
                }
                assertThat(map.size()).isEqualTo(model.size());
                assertThat(map.get(key)).isEqualTo(model.get(key));
                if (step % 250 == 0) {
                    versions.add(map);
                    models.add(new HashMap<>(model));
                }
            }
            versions.add(map);
            models.add(model);
            for (int version = 0; version < versions.size(); version++) {
                assertThat(versions.get(version)).isEqualTo(models.get(version));
                assertThat(new HashMap<>(versions.get(version))).isEqualTo(models.get(version));
            }
        }
    }

    @Test
    void theOrderDependsOnTheContentOnly() {
        PersistentMap<Integer, String> upwards = PersistentMap.empty();
        PersistentMap<Integer, String> downwards = PersistentMap.empty();
        for (int key = 0; key < 500; key++) {
            upwards = upwards.with(key, "v" + key);
            downwards = downwards.with(499 - key, "v" + (499 - key));
        }
        downwards = downwards.with(1000, "gone").without(1000);
        assertThat(List.copyOf(upwards.keySet())).isEqualTo(List.copyOf(downwards.keySet()));
    }

    /** A key whose hash is one of a few. */
    private record Key(int id, int hashes) {
        @Override
        public int hashCode() {
            return id % hashes;
        }
    }
}
