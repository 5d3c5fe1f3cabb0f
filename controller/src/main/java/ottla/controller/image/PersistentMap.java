package ottla.controller.image;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An immutable hash map whose changed copies share all but one path with the original: {@link #with} and {@link #without} cost
 * a few small arrays, whatever the map's size. That is what lets every record of the metadata log give a new image, an image be
 * read on any thread for ever, and a roll-back be nothing but the older reference.
 *
 * <p>A tree of 32-way branches over the hash, five bits a level from the lowest; a branch keeps only the slots in use and a bit
 * for each. A slot holds a leaf or a deeper branch; keys with one and the same hash share a leaf as a chain. The order of
 * iteration depends on nothing but the content and, within such a chain, the order of arrival.
 *
 * <p>Keys and values are never null. The map is also a {@link Map}, unmodifiable, so that any code can read it.
 */
public final class PersistentMap<K, V> extends AbstractMap<K, V> {
    private static final int BITS_PER_LEVEL = 5;
    private static final int SLOT_MASK = (1 << BITS_PER_LEVEL) - 1;
    private static final PersistentMap<?, ?> EMPTY = new PersistentMap<>(new Branch(0, new Object[0]), 0);

    private final Branch root;
    private final int size;

    private PersistentMap(Branch root, int size) {
        this.root = root;
        this.size = size;
    }

    @SuppressWarnings("unchecked") // holds nothing, so it is a map of any types
    public static <K, V> PersistentMap<K, V> empty() {
        return (PersistentMap<K, V>) EMPTY;
    }

    public static <K, V> PersistentMap<K, V> copyOf(Map<? extends K, ? extends V> source) {
        PersistentMap<K, V> copy = empty();
        for (Map.Entry<? extends K, ? extends V> entry : source.entrySet()) {
            copy = copy.with(entry.getKey(), entry.getValue());
        }
        return copy;
    }

    public Optional<V> find(Object key) {
        return Optional.ofNullable(get(key));
    }

    /** This map with the key bound to the value. */
    public PersistentMap<K, V> with(K key, V value) {
        int hash = spread(key);
        Leaf<K, V> found = find(key, hash);
        return new PersistentMap<>(put(root, 0, hash, key, value), found == null ? size + 1 : size);
    }

    /** This map without the key. */
    public PersistentMap<K, V> without(Object key) {
        int hash = spread(key);
        if (find(key, hash) == null) {
            return this;
        }
        return size == 1 ? empty() : new PersistentMap<>(remove(root, 0, hash, key), size - 1);
    }

    @Override
    public @Nullable V get(@Nullable Object key) {
        if (key == null) {
            return null;
        }
        Leaf<K, V> leaf = find(key, spread(key));
        return leaf == null ? null : leaf.value;
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return key != null && find(key, spread(key)) != null;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Set<Entry<K, V>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<K, V>> iterator() {
                return new Leaves<>(root);
            }

            @Override
            public int size() {
                return size;
            }
        };
    }

    /** Ids that count up from zero, and texts, have poor low bits. */
    private static int spread(Object key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return hash ^ (hash >>> 16);
    }

    @SuppressWarnings("unchecked") // a slot of this map's tree holds a branch or a leaf of its types
    private @Nullable Leaf<K, V> find(Object key, int hash) {
        Branch branch = root;
        int shift = 0;
        while (true) {
            int bit = 1 << ((hash >>> shift) & SLOT_MASK);
            if ((branch.bitmap & bit) == 0) {
                return null;
            }
            Object slot = branch.slots[branch.index(bit)];
            if (slot instanceof Branch deeper) {
                branch = deeper;
                shift += BITS_PER_LEVEL;
            } else {
                Leaf<K, V> leaf = (Leaf<K, V>) slot;
                while (leaf != null && !(leaf.hash == hash && leaf.key.equals(key))) {
                    leaf = leaf.next;
                }
                return leaf;
            }
        }
    }

    @SuppressWarnings("unchecked") // as in find
    private static <K, V> Branch put(Branch branch, int shift, int hash, K key, V value) {
        int bit = 1 << ((hash >>> shift) & SLOT_MASK);
        int index = branch.index(bit);
        if ((branch.bitmap & bit) == 0) {
            return branch.inserted(bit, index, new Leaf<>(hash, key, value, null));
        }
        Object slot = branch.slots[index];
        if (slot instanceof Branch deeper) {
            return branch.replaced(index, put(deeper, shift + BITS_PER_LEVEL, hash, key, value));
        }
        Leaf<K, V> leaf = (Leaf<K, V>) slot;
        if (leaf.hash == hash) {
            return branch.replaced(index, new Leaf<>(hash, key, value, leaf.dropping(key)));
        }
        int deeperShift = shift + BITS_PER_LEVEL;
        Branch deeper = new Branch(1 << ((leaf.hash >>> deeperShift) & SLOT_MASK), new Object[] {leaf});
        return branch.replaced(index, put(deeper, deeperShift, hash, key, value));
    }

    @SuppressWarnings("unchecked") // as in find
    private static <K, V> Branch remove(Branch branch, int shift, int hash, Object key) {
        int bit = 1 << ((hash >>> shift) & SLOT_MASK);
        int index = branch.index(bit);
        Object slot = branch.slots[index];
        if (slot instanceof Branch deeper) {
            Branch rest = remove(deeper, shift + BITS_PER_LEVEL, hash, key);
            if (rest.slots.length == 0) {
                return branch.removed(bit, index);
            }
            // a lone leaf moves up, so that equal maps built along different ways do not differ in depth for ever
            boolean lone = rest.slots.length == 1 && rest.slots[0] instanceof Leaf<?, ?>;
            return branch.replaced(index, lone ? rest.slots[0] : rest);
        }
        Leaf<K, V> rest = ((Leaf<K, V>) slot).dropping(key);
        return rest == null ? branch.removed(bit, index) : branch.replaced(index, rest);
    }

    private static final class Branch {
        final int bitmap;
        final Object[] slots;

        Branch(int bitmap, Object[] slots) {
            this.bitmap = bitmap;
            this.slots = slots;
        }

        int index(int bit) {
            return Integer.bitCount(bitmap & (bit - 1));
        }

        Branch inserted(int bit, int index, Object slot) {
            Object[] copy = new Object[slots.length + 1];
            System.arraycopy(slots, 0, copy, 0, index);
            copy[index] = slot;
            System.arraycopy(slots, index, copy, index + 1, slots.length - index);
            return new Branch(bitmap | bit, copy);
        }

        Branch replaced(int index, Object slot) {
            Object[] copy = Arrays.copyOf(slots, slots.length);
            copy[index] = slot;
            return new Branch(bitmap, copy);
        }

        Branch removed(int bit, int index) {
            Object[] copy = new Object[slots.length - 1];
            System.arraycopy(slots, 0, copy, 0, index);
            System.arraycopy(slots, index + 1, copy, index, copy.length - index);
            return new Branch(bitmap & ~bit, copy);
        }
    }

    private static final class Leaf<K, V> implements Entry<K, V> {
        final int hash;
        final K key;
        final V value;
        final @Nullable Leaf<K, V> next;

        Leaf(int hash, K key, V value, @Nullable Leaf<K, V> next) {
            this.hash = hash;
            this.key = key;
            this.value = value;
            this.next = next;
        }

        /** This chain without the key. */
        @Nullable
        Leaf<K, V> dropping(Object dropped) {
            if (key.equals(dropped)) {
                return next;
            }
            return next == null ? this : new Leaf<>(hash, key, value, next.dropping(dropped));
        }

        @Override
        public K getKey() {
            return key;
        }

        @Override
        public V getValue() {
            return value;
        }

        @Override
        public V setValue(V ignored) {
            throw new UnsupportedOperationException("a persistent map is never changed");
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Entry<?, ?> entry
                    && key.equals(entry.getKey())
                    && Objects.equals(value, entry.getValue());
        }

        @Override
        public int hashCode() {
            return key.hashCode() ^ Objects.hashCode(value);
        }

        @Override
        public String toString() {
            return key + "=" + value;
        }
    }

    /** Walks the tree in depth, keeping the branches it is inside of and the place in each. */
    private static final class Leaves<K, V> implements Iterator<Entry<K, V>> {
        private final ArrayDeque<Iterator<Object>> path = new ArrayDeque<>();
        private @Nullable Leaf<K, V> upcoming;

        Leaves(Branch root) {
            path.push(Arrays.asList(root.slots).iterator());
            upcoming = descend();
        }

        @Override
        public boolean hasNext() {
            return upcoming != null;
        }

        @Override
        public Entry<K, V> next() {
            Leaf<K, V> leaf = upcoming;
            if (leaf == null) {
                throw new NoSuchElementException();
            }
            upcoming = leaf.next != null ? leaf.next : descend();
            return leaf;
        }

        @SuppressWarnings("unchecked") // as in find
        private @Nullable Leaf<K, V> descend() {
            while (!path.isEmpty()) {
                Iterator<Object> slots = path.getFirst();
                if (!slots.hasNext()) {
                    path.pop();
                    continue;
                }
                Object slot = slots.next();
                if (!(slot instanceof Branch branch)) {
                    return (Leaf<K, V>) slot;
                }
                path.push(Arrays.asList(branch.slots).iterator());
            }
            return null;
        }
    }
}
