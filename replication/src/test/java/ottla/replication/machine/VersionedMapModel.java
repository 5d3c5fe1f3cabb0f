package ottla.replication.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The versioned collections against whole copies of the state, one per offset. */
class VersionedMapModel {
    private static final int STEPS = 20_000;
    private static final int KEYS = 12;

    private final Versions versions = new Versions();
    private final VersionedMap<Integer, String> map = new VersionedMap<>(versions);
    private final VersionedLong number = new VersionedLong(versions, 7);
    private final VersionedValue<String> value = new VersionedValue<>(versions, "first");

    /** The state made by the records below the key; the last entry is the latest state. */
    private final TreeMap<Long, State> copies = new TreeMap<>(Map.of(0L, new State(Map.of(), 7, "first")));

    private record State(Map<Integer, String> map, long number, String value) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20_261_120})
    void agreesWithCopies(long seed) {
        Random random = new Random(seed);
        for (int step = 0; step < STEPS; step++) {
            int kind = random.nextInt(20);
            if (kind < 14) {
                write(random);
            } else if (kind < 16) {
                rollBack(random);
            } else if (kind < 18) {
                forget(random);
            } else {
                readAt(pick(random));
            }
            assertThat(state(copies.lastKey())).isEqualTo(copies.lastEntry().getValue());
            assertThat(latest()).isEqualTo(copies.lastEntry().getValue());
        }
        versions.forgetBefore(copies.lastKey());
        assertThat(versions.changeCount()).isZero();
    }

    private void write(Random random) {
        long offset = copies.lastKey() + random.nextInt(3) / 2;
        versions.writeAt(offset);
        for (int change = random.nextInt(4); change >= 0; change--) {
            int key = random.nextInt(KEYS);
            switch (random.nextInt(8)) {
                case 0, 1, 2, 3 -> map.put(key, "v" + random.nextInt());
                case 4, 5 -> map.remove(key);
                case 6 -> number.add(random.nextInt(9));
                default -> value.set("w" + random.nextInt());
            }
        }
        if (random.nextInt(50) == 0) {
            map.clear();
        }
        versions.close();
        copies.put(offset + 1, latest());
        for (long skipped = copies.lowerKey(offset + 1) + 1; skipped <= offset; skipped++) {
            copies.put(skipped, copies.lowerEntry(skipped).getValue());
        }
    }

    private void rollBack(Random random) {
        long endOffset = pick(random);
        versions.rollBackTo(endOffset);
        copies.tailMap(endOffset, false).clear();
    }

    private void forget(Random random) {
        long endOffset = pick(random);
        versions.forgetBefore(endOffset);
        copies.headMap(endOffset).clear();
    }

    private void readAt(long endOffset) {
        assertThat(state(endOffset)).isEqualTo(copies.get(endOffset));
    }

    private long pick(Random random) {
        long first = copies.firstKey();
        return first + random.nextLong(copies.lastKey() - first + 1);
    }

    private State latest() {
        Map<Integer, String> found = new HashMap<>();
        for (int key = 0; key < KEYS; key++) {
            int current = key;
            map.find(key).ifPresent(text -> found.put(current, text));
            assertThat(map.contains(key)).isEqualTo(found.containsKey(key));
        }
        assertThat(map.size()).isEqualTo(found.size());
        assertThat(map.copy()).isEqualTo(found);
        return new State(found, number.get(), value.get());
    }

    private State state(long endOffset) {
        Map<Integer, String> found = new HashMap<>();
        for (int key = 0; key < KEYS; key++) {
            int current = key;
            map.findAt(key, endOffset).ifPresent(text -> found.put(current, text));
        }
        assertThat(map.copyAt(endOffset)).isEqualTo(found);
        return new State(found, number.getAt(endOffset), value.getAt(endOffset));
    }
}
