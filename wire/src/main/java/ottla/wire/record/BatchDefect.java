package ottla.wire.record;

import ottla.base.ErrorCode;

/** What is wrong with a batch, as far as its header tells, and what Kafka answers to a producer that sends it. */
public enum BatchDefect {
    NONE(ErrorCode.NONE, "nothing is wrong"),
    LENGTH_TOO_SMALL(ErrorCode.CORRUPT_MESSAGE, "the length is smaller than a batch's header"),
    LENGTH_TOO_LARGE(ErrorCode.CORRUPT_MESSAGE, "the length is larger than any batch may be"),
    MAGIC_UNKNOWN(ErrorCode.CORRUPT_MESSAGE, "the format is none that Kafka ever had"),
    /** Formats 0 and 1 ended with Kafka 4.0 (KIP-724). */
    MAGIC_OLD(ErrorCode.INVALID_RECORD, "only record batches of format 2 are taken"),
    CHECKSUM_MISMATCH(ErrorCode.CORRUPT_MESSAGE, "the bytes do not match their checksum"),
    CODEC_UNKNOWN(ErrorCode.UNKNOWN_SERVER_ERROR, "the codec is none that Kafka has"),
    COUNT_NEGATIVE(ErrorCode.INVALID_RECORD, "the number of records is negative"),
    LAST_OFFSET_DELTA_NEGATIVE(ErrorCode.INVALID_RECORD, "the last offset is before the first"),
    /** The remaining ones are sound on disk and between brokers, but not in what a producer sends. */
    COUNT_NOT_OFFSETS(ErrorCode.INVALID_RECORD, "the number of records is not that of the offsets"),
    EMPTY(ErrorCode.INVALID_RECORD, "there are no records"),
    CONTROL(ErrorCode.INVALID_RECORD, "a client may not write control records"),
    SEQUENCE_NEGATIVE(ErrorCode.INVALID_RECORD, "there is a producer, but no sequence"),
    BASE_OFFSET_NOT_ZERO(ErrorCode.INVALID_RECORD, "the base offset is not 0");

    private final ErrorCode error;
    private final String sentence;

    BatchDefect(ErrorCode error, String sentence) {
        this.error = error;
        this.sentence = sentence;
    }

    public ErrorCode error() {
        return error;
    }

    public String sentence() {
        return sentence;
    }
}
