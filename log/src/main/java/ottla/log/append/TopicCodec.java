package ottla.log.append;

import ottla.log.CompressionType;
import ottla.log.LogConfig;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchView;

/** What {@code compression.type} makes of a batch. */
final class TopicCodec {
    private TopicCodec() {}

    /** Whether a batch keeps its codec. Control records stay as they are: whoever reads them wants to do so without any codec. */
    static boolean isKept(LogConfig config, BatchView batch) {
        return config.compressionType() == CompressionType.PRODUCER
                || of(config).id() == batch.codecId()
                || (batch.isControl() && !batch.isCompressed());
    }

    /** The codec that the topic wants, which is not what the producer chose. */
    static Codec of(LogConfig config) {
        return switch (config.compressionType()) {
            case PRODUCER, UNCOMPRESSED -> Codec.NONE;
            case GZIP -> Codec.GZIP.atLevel(config.compressionGzipLevel());
            case SNAPPY -> Codec.SNAPPY;
            case LZ4 -> Codec.LZ4.atLevel(config.compressionLz4Level());
            case ZSTD -> Codec.ZSTD.atLevel(config.compressionZstdLevel());
        };
    }
}
