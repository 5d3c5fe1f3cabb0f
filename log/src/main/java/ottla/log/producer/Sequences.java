package ottla.log.producer;

/** Arithmetic of a producer's sequence numbers, which count from 0 to the largest int and then from 0 again. */
public final class Sequences {
    public static final int NONE = -1;

    private Sequences() {}

    public static int plus(int sequence, int count) {
        return sequence > Integer.MAX_VALUE - count ? count - (Integer.MAX_VALUE - sequence) - 1 : sequence + count;
    }

    public static int minus(int sequence, int count) {
        return sequence < count ? Integer.MAX_VALUE - (count - sequence) + 1 : sequence - count;
    }

    /** Whether a batch that begins with {@code next} continues one that ended with {@code last}. */
    public static boolean follows(int next, int last) {
        return next == last + 1L || (next == 0 && last == Integer.MAX_VALUE);
    }
}
