package ottla.log.format;

/**
 * An entry of an offset index: the last offset of a batch, and where in the segment the batch begins. Entries ascend in both.
 *
 * <pre>
 * 0        4          8
 * +--------+----------+
 * | offset | position |   offset is relative to the segment's base offset
 * +--------+----------+
 * </pre>
 */
public final class OffsetIndexLayout {
    public static final int OFFSET = 0;
    public static final int POSITION = OFFSET + Integer.BYTES;
    public static final int SIZE_BYTES = POSITION + Integer.BYTES;

    private OffsetIndexLayout() {}
}
