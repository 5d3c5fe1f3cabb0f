package ottla.replication.machine;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A map that remembers what it was at every offset its {@link Versions} has not forgotten. Values are immutable, or versioned
 * themselves with the same {@code Versions}.
 *
 * <p>Per key a chain from the newest version to the oldest still wanted; in a quiet map each chain has one link. Reads of the
 * latest state cost one hash lookup. Iteration order is that of a hash map and means nothing.
 */
public final class VersionedMap<K, V> {
    private final Versions versions;
    private final Map<K, Version> newest = new HashMap<>();
    private int size;

    public VersionedMap(Versions versions) {
        this.versions = versions;
    }

    public Optional<V> find(K key) {
        Version version = newest.get(key);
        return version == null ? Optional.empty() : Optional.ofNullable(version.value);
    }

    /** The value as of {@code endOffset}. */
    public Optional<V> findAt(K key, long endOffset) {
        versions.checkRemembered(endOffset);
        return Optional.ofNullable(valueAt(newest.get(key), endOffset));
    }

    public V getOrDefault(K key, V otherwise) {
        Version version = newest.get(key);
        return version == null || version.value == null ? otherwise : version.value;
    }

    public boolean contains(K key) {
        Version version = newest.get(key);
        return version != null && version.value != null;
    }

    public int size() {
        return size;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    /** Visits the latest state. The map must not be changed meanwhile. */
    public void forEach(BiConsumer<? super K, ? super V> visitor) {
        newest.forEach((key, version) -> {
            if (version.value != null) {
                visitor.accept(key, version.value);
            }
        });
    }

    /** Visits the state as of {@code endOffset}. The map must not be changed meanwhile. */
    public void forEachAt(long endOffset, BiConsumer<? super K, ? super V> visitor) {
        versions.checkRemembered(endOffset);
        newest.forEach((key, version) -> {
            V value = valueAt(version, endOffset);
            if (value != null) {
                visitor.accept(key, value);
            }
        });
    }

    /** The latest state as a map of its own. */
    public Map<K, V> copy() {
        Map<K, V> copy = HashMap.newHashMap(size);
        forEach(copy::put);
        return copy;
    }

    /** The state as of {@code endOffset} as a map of its own. */
    public Map<K, V> copyAt(long endOffset) {
        Map<K, V> copy = new HashMap<>();
        forEachAt(endOffset, copy::put);
        return copy;
    }

    public void put(K key, V value) {
        change(key, value);
    }

    /** Removes the key if it is there. */
    public void remove(K key) {
        if (contains(key)) {
            change(key, null);
        }
    }

    /** Removes every key; each can come back by rolling back. */
    public void clear() {
        copy().keySet().forEach(this::remove);
    }

    private void change(K key, @Nullable V value) {
        Version older = newest.get(key);
        size += (value == null ? 0 : 1) - (older == null || older.value == null ? 0 : 1);
        Version version = new Version(versions.writing(), key, value, older);
        newest.put(key, version);
        versions.remember(version);
    }

    private @Nullable V valueAt(@Nullable Version version, long endOffset) {
        Version older = version;
        while (older != null && older.offset >= endOffset) {
            older = older.older;
        }
        return older == null ? null : older.value;
    }

    /** A value, or with {@code null} an absence, from an offset on. */
    private final class Version extends Versions.Change {
        final K key;
        final @Nullable V value;

        @Nullable
        Version older;

        Version(long offset, K key, @Nullable V value, @Nullable Version older) {
            super(offset);
            this.key = key;
            this.value = value;
            this.older = older;
        }

        @Override
        void undo() {
            size -= value == null ? 0 : 1;
            if (older == null) {
                newest.remove(key);
            } else {
                size += older.value == null ? 0 : 1;
                newest.put(key, older);
            }
        }

        @Override
        void settle() {
            older = null;
            if (value == null) {
                newest.remove(key, this);
            }
        }
    }
}
