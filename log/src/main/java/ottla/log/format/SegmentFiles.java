package ottla.log.format;

import java.util.OptionalLong;

/**
 * The names of the files in a partition's directory. A file that belongs to a segment is named by the segment's base offset in
 * 20 digits, so that names sort as offsets do.
 */
public final class SegmentFiles {
    public static final String LOG = ".log";
    public static final String OFFSET_INDEX = ".index";
    public static final String TIME_INDEX = ".timeindex";
    public static final String TRANSACTION_INDEX = ".txnindex";
    public static final String PRODUCER_SNAPSHOT = ".snapshot";

    /** Put after a whole name: the file is no longer part of the log and will be removed. */
    public static final String DELETED = ".deleted";

    /** Put after a whole name by the cleaner: not part of the log yet. */
    public static final String CLEANED = ".cleaned";

    /** Put after a whole name by the cleaner: complete, and about to take the place of what it was made from. */
    public static final String SWAP = ".swap";

    public static final String EPOCH_CHECKPOINT = "leader-epoch-checkpoint";
    public static final String PARTITION_METADATA = "partition.metadata";

    private static final int DIGITS = 20;

    private SegmentFiles() {}

    /** The name of a segment's file. */
    public static String name(long baseOffset, String suffix) {
        String digits = Long.toString(baseOffset);
        return "0".repeat(DIGITS - digits.length()) + digits + suffix;
    }

    /** The base offset in a name that is exactly 20 digits and the suffix. */
    public static OptionalLong baseOffset(String name, String suffix) {
        if (name.length() != DIGITS + suffix.length() || !name.endsWith(suffix)) {
            return OptionalLong.empty();
        }
        long offset = 0;
        for (int i = 0; i < DIGITS; i++) {
            int digit = name.charAt(i) - '0';
            if (digit < 0 || digit > 9 || offset > (Long.MAX_VALUE - digit) / 10) {
                return OptionalLong.empty();
            }
            offset = offset * 10 + digit;
        }
        return OptionalLong.of(offset);
    }
}
