package ottla.base;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.random.RandomGenerator;

/**
 * Kafka's 128-bit id of topics, directories, clusters and incarnations. Written as 22 characters of URL-safe base 64 without
 * padding, which is how every Kafka tool and file shows it.
 */
public record Uuid(long mostSignificantBits, long leastSignificantBits) implements Comparable<Uuid> {
    public static final int SIZE_BYTES = 16;

    /** No id. */
    public static final Uuid ZERO = new Uuid(0, 0);

    /** The topic id of {@code __cluster_metadata}, and the directory id of a replica that has none yet (KIP-858). */
    public static final Uuid ONE = new Uuid(0, 1);

    /** Reads the 22-character form; throws {@link IllegalArgumentException} on anything else. */
    public static Uuid parse(String text) {
        byte[] bytes = Base64.getUrlDecoder().decode(text);
        if (bytes.length != SIZE_BYTES) {
            throw new IllegalArgumentException("an id has 16 bytes in base 64, but '" + text + "' has " + bytes.length);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Uuid(buffer.getLong(), buffer.getLong());
    }

    /** The bits of a random UUID of version 4 (RFC 9562), which is what Kafka's ids are, too. */
    public static Uuid random(RandomGenerator random) {
        return new Uuid(
                (random.nextLong() & ~0xf000L) | 0x4000L,
                (random.nextLong() & ~0xc000_0000_0000_0000L) | 0x8000_0000_0000_0000L);
    }

    /** As {@link #random}, but none that begins with a dash, which tools would take for an option. */
    public static Uuid randomName(RandomGenerator random) {
        Uuid id = random(random);
        while (id.toString().startsWith("-")) {
            id = random(random);
        }
        return id;
    }

    public boolean isZero() {
        return mostSignificantBits == 0 && leastSignificantBits == 0;
    }

    @Override
    public int compareTo(Uuid other) {
        int high = Long.compare(mostSignificantBits, other.mostSignificantBits);
        return high != 0 ? high : Long.compare(leastSignificantBits, other.leastSignificantBits);
    }

    @Override
    public String toString() {
        byte[] bytes = ByteBuffer.allocate(SIZE_BYTES)
                .putLong(mostSignificantBits)
                .putLong(leastSignificantBits)
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
