package ottla.log.format;

/**
 * An entry of a time index: the largest timestamp so far, and the last offset of the batch that brought it. Timestamps ascend.
 *
 * <pre>
 * 0           8        12
 * +-----------+--------+
 * | timestamp | offset |   offset is relative to the segment's base offset
 * +-----------+--------+
 * </pre>
 */
public final class TimeIndexLayout {
    public static final int TIMESTAMP = 0;
    public static final int OFFSET = TIMESTAMP + Long.BYTES;
    public static final int SIZE_BYTES = OFFSET + Integer.BYTES;

    private TimeIndexLayout() {}
}
