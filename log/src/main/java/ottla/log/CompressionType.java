package ottla.log;

/** What {@code compression.type} asks for: a codec, none, or whatever the producer chose. */
public enum CompressionType {
    UNCOMPRESSED("uncompressed"),
    GZIP("gzip"),
    SNAPPY("snappy"),
    LZ4("lz4"),
    ZSTD("zstd"),
    PRODUCER("producer");

    private final String text;

    CompressionType(String text) {
        this.text = text;
    }

    /** The word that configuration uses. */
    public String text() {
        return text;
    }
}
