package ottla.log.retain;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import ottla.base.Check;

/**
 * The newest offset of each key, in bounded memory: keys are known by a hash of 128 bits, as Kafka knows them. What does not fit
 * is left for the next round.
 *
 * <pre>
 * 0             8            16                    24
 * +-------------+-------------+---------------------+
 * | high hash   | low hash    | offset + 1, 0: free |   a slot; the next free one is taken when two keys meet
 * +-------------+-------------+---------------------+
 * </pre>
 *
 * Owned by one cleaner thread, which keeps it from round to round; between rounds it holds no memory.
 */
public final class KeyOffsets {
    /** What an entry costs, which is how {@code log.cleaner.dedupe.buffer.size} counts. */
    public static final int ENTRY_BYTES = 3 * Long.BYTES;

    private static final int WORDS = ENTRY_BYTES / Long.BYTES;
    private static final int HASH_BYTES = 2 * Long.BYTES;

    /** A table that is fuller than this is slow to search; only the limit on memory makes it so. */
    private static final double COMFORTABLE_LOAD = 0.75;

    private static final int SLOTS_LEAST = 16;
    private static final long NONE = -1;

    private final MessageDigest digest = md5();
    private final byte[] hash = new byte[HASH_BYTES];
    private final ByteBuffer hashed = ByteBuffer.wrap(hash);
    private final int slotsMax;
    private final int keysMax;
    private long[] table = new long[0];
    private int slots;
    private int count;
    private long latestOffset = NONE;

    /**
     * @param memoryBytes the most that the entries may take
     * @param loadFactor {@code log.cleaner.io.buffer.load.factor}: how much of that may be used
     */
    public KeyOffsets(long memoryBytes, double loadFactor) {
        slotsMax = (int) (Math.min(memoryBytes, Integer.MAX_VALUE) / ENTRY_BYTES);
        keysMax = (int) (slotsMax * loadFactor);
        Check.invariant(keysMax >= 1, "room for one key", keysMax, 1);
    }

    /** Kafka's own hash; not for secrecy, and nobody can make keys collide to any other effect than losing his own records. */
    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has MD5", missing);
        }
    }

    /** Begins a round for at most so many keys. */
    public void begin(long keysExpected) {
        double wanted = Math.max(SLOTS_LEAST, keysExpected / COMFORTABLE_LOAD + 1);
        slots = (int) Math.min(slotsMax, wanted);
        table = new long[WORDS * slots];
        count = 0;
        latestOffset = NONE;
    }

    /** Gives the memory back. */
    public void end() {
        table = new long[0];
        slots = 0;
    }

    /** Whether no key may be put any more. */
    public boolean full() {
        return count >= Math.min(keysMax, slots);
    }

    public int count() {
        return count;
    }

    /** How many keys there may be. */
    public int keysMax() {
        return keysMax;
    }

    public void put(ByteBuffer key, long offset) {
        Check.invariant(!full(), "there is room for a key", count, keysMax);
        int slot = slotOf(key);
        if (table[slot + 2] == 0) {
            table[slot] = hashed.getLong(0);
            table[slot + 1] = hashed.getLong(Long.BYTES);
            count++;
        }
        table[slot + 2] = offset + 1;
        latestOffset = offset;
    }

    /** The newest offset of a key that was put, -1 if none was. */
    public long offset(ByteBuffer key) {
        if (count == 0) {
            return NONE;
        }
        int slot = slotOf(key);
        return slot < 0 ? NONE : table[slot + 2] - 1;
    }

    /** Every record up to this offset is reflected here; -1 before the first. */
    public long latestOffset() {
        return latestOffset;
    }

    public void reached(long offset) {
        latestOffset = offset;
    }

    /** Where a key's entry is or would be; -1 if it is not there and every slot is taken. */
    private int slotOf(ByteBuffer key) {
        hash(key);
        long high = hashed.getLong(0);
        long low = hashed.getLong(Long.BYTES);
        int slot = (int) Long.remainderUnsigned(high, slots);
        for (int tried = 0; tried < slots; tried++) {
            int word = WORDS * slot;
            if (table[word + 2] == 0 || (table[word] == high && table[word + 1] == low)) {
                return word;
            }
            slot = slot + 1 == slots ? 0 : slot + 1;
        }
        return -1;
    }

    private void hash(ByteBuffer key) {
        digest.update(key.duplicate());
        try {
            digest.digest(hash, 0, HASH_BYTES);
        } catch (DigestException impossible) {
            throw new IllegalStateException("an MD5 hash has 16 bytes", impossible);
        }
    }
}
