package ottla.wire.record;

/**
 * The header of a record batch of format 2 ("magic 2", KIP-98), all big-endian, records following it:
 *
 * <pre>
 *    0 base offset        int64      23 last offset delta int32      57 record count int32
 *    8 length             int32      27 base timestamp    int64      61 records
 *   12 leader epoch       int32      35 max timestamp     int64
 *   16 magic              int8       43 producer id       int64
 *   17 crc                int32      51 producer epoch    int16
 *   21 attributes         int16      53 base sequence     int32
 * </pre>
 *
 * The length counts what follows it. The CRC covers everything from the attributes on, so base offset and leader epoch may be
 * stamped without touching it.
 */
public final class BatchLayout {
    public static final int BASE_OFFSET = 0;
    public static final int LENGTH = BASE_OFFSET + Long.BYTES;
    public static final int LEADER_EPOCH = LENGTH + Integer.BYTES;
    public static final int MAGIC = LEADER_EPOCH + Integer.BYTES;
    public static final int CRC = MAGIC + Byte.BYTES;
    public static final int ATTRIBUTES = CRC + Integer.BYTES;
    public static final int LAST_OFFSET_DELTA = ATTRIBUTES + Short.BYTES;
    public static final int BASE_TIMESTAMP = LAST_OFFSET_DELTA + Integer.BYTES;
    public static final int MAX_TIMESTAMP = BASE_TIMESTAMP + Long.BYTES;
    public static final int PRODUCER_ID = MAX_TIMESTAMP + Long.BYTES;
    public static final int PRODUCER_EPOCH = PRODUCER_ID + Long.BYTES;
    public static final int BASE_SEQUENCE = PRODUCER_EPOCH + Short.BYTES;
    public static final int RECORD_COUNT = BASE_SEQUENCE + Integer.BYTES;

    /** Where the records begin: 61. */
    public static final int HEADER_BYTES = RECORD_COUNT + Integer.BYTES;

    /** The length field counts the bytes from here on. */
    public static final int COUNTED_FROM = LEADER_EPOCH;

    /** With this many bytes the size of a batch of any format and its magic are known. */
    public static final int KNOWN_BY = MAGIC + Byte.BYTES;

    /** The only format that Kafka 4 takes from producers and that this broker reads. */
    public static final byte MAGIC_2 = 2;

    public static final int CODEC_MASK = 0x07;
    public static final int APPEND_TIME = 0x08;
    public static final int TRANSACTIONAL = 0x10;
    public static final int CONTROL = 0x20;

    /** The base timestamp is the time from which a compaction may drop the batch's tombstones or markers (KIP-534). */
    public static final int DELETE_HORIZON = 0x40;

    /** The rest is unused. Whoever stamps a batch clears it. */
    static final int KNOWN_ATTRIBUTES = CODEC_MASK | APPEND_TIME | TRANSACTIONAL | CONTROL | DELETE_HORIZON;

    public static final long NO_PRODUCER_ID = -1;
    public static final short NO_PRODUCER_EPOCH = -1;
    public static final int NO_SEQUENCE = -1;
    public static final long NO_TIMESTAMP = -1;
    public static final int NO_LEADER_EPOCH = -1;

    private BatchLayout() {}
}
