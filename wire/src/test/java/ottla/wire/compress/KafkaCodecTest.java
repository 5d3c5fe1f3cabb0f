package ottla.wire.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.junit.jupiter.api.Test;
import ottla.wire.primitive.MalformedMessage;

/** Every codec against Kafka's own streams, both ways, and the framings that other clients send. */
final class KafkaCodecTest {
    private static final int MAX_BYTES = 4 << 20;
    private static final int[] SIZES = {0, 1, 13, 1000, 32 * 1024, 32 * 1024 + 1, 64 * 1024, 64 * 1024 + 1, 700_000};

    @Test
    void namesIdsAndLevelsAreKafkas() {
        for (CompressionType type : CompressionType.values()) {
            Codec codec = Codec.of(type.id).orElseThrow();
            assertThat(codec.id()).isEqualTo(type.id);
            assertThat(codec.name()).isEqualTo(type.name);
            assertThat(Codec.named(type.name)).contains(codec);
            codec.levels().ifPresent(levels -> {
                assertThat(levels.min()).isEqualTo(type.minLevel());
                assertThat(levels.max()).isEqualTo(type.maxLevel());
                assertThat(levels.standard()).isEqualTo(type.defaultLevel());
            });
        }
        assertThat(CompressionType.values()).hasSameSizeAs(Codec.ALL);
        assertThat(Codec.of(5)).isEmpty();
        assertThat(Codec.of(-1)).isEmpty();
        assertThat(Codec.named("brotli")).isEmpty();
    }

    @Test
    void kafkaDecompressesWhatIsCompressedHere() throws IOException {
        Random random = new Random(1);
        for (Codec codec : codecsAtManyLevels()) {
            for (ByteBuffer plain : contents(random)) {
                ByteBuffer compressed = codec.compress(plain, 61);

                assertThat(compressed.position()).isEqualTo(61);
                assertThat(kafkaDecompressed(codec, compressed)).isEqualTo(plain);
            }
        }
    }

    @Test
    void whatKafkaCompressesIsDecompressedHere() throws IOException {
        Random random = new Random(2);
        for (Codec codec : Codec.ALL) {
            for (ByteBuffer plain : contents(random)) {
                ByteBuffer compressed = kafkaCompressed(codec, plain);

                assertThat(codec.decompress(compressed, MAX_BYTES)).isEqualTo(plain);
                assertThat(codec.decompress(compressed.asReadOnlyBuffer(), MAX_BYTES))
                        .isEqualTo(plain);
                assertThat(codec.decompress(direct(compressed), MAX_BYTES)).isEqualTo(plain);
                assertThat(codec.decompress(compressed, plain.remaining())).isEqualTo(plain);
            }
        }
    }

    @Test
    void sourcesOfAnyKindAreReadAndLeftAsTheyWere() {
        Random random = new Random(3);
        for (Codec codec : Codec.ALL) {
            for (ByteBuffer plain : contents(random)) {
                ByteBuffer inside = direct(plain);
                int position = inside.position();

                ByteBuffer compressed = codec.compress(inside, 0);

                assertThat(inside.position()).isEqualTo(position);
                assertThat(inside).isEqualTo(plain);
                assertThat(codec.compress(plain.asReadOnlyBuffer(), 0)).isEqualTo(compressed);
                int start = compressed.position();
                assertThat(codec.decompress(compressed, MAX_BYTES)).isEqualTo(plain);
                assertThat(compressed.position()).isEqualTo(start);
            }
        }
    }

    @Test
    void anyLimitBelowTheSizeIsARefusal() {
        Random random = new Random(4);
        for (Codec codec : Codec.ALL) {
            for (ByteBuffer plain : contents(random)) {
                if (plain.hasRemaining()) {
                    ByteBuffer compressed = codec.compress(plain, 0);
                    assertThatThrownBy(() -> codec.decompress(compressed, plain.remaining() - 1))
                            .isInstanceOf(MalformedMessage.class);
                    assertThatThrownBy(() -> codec.decompress(compressed, 0)).isInstanceOf(MalformedMessage.class);
                }
            }
        }
    }

    @Test
    void lz4FramesOfOtherWritersAreRead() throws IOException {
        ByteBuffer plain = text(new Random(5), 700_000);
        for (BLOCKSIZE size : BLOCKSIZE.values()) {
            for (FLG.Bits[] bits : List.of(
                    new FLG.Bits[] {FLG.Bits.BLOCK_INDEPENDENCE},
                    new FLG.Bits[] {FLG.Bits.BLOCK_INDEPENDENCE, FLG.Bits.CONTENT_CHECKSUM},
                    new FLG.Bits[] {FLG.Bits.BLOCK_INDEPENDENCE, FLG.Bits.BLOCK_CHECKSUM},
                    new FLG.Bits[] {
                        FLG.Bits.BLOCK_INDEPENDENCE,
                        FLG.Bits.BLOCK_CHECKSUM,
                        FLG.Bits.CONTENT_SIZE,
                        FLG.Bits.CONTENT_CHECKSUM
                    })) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                try (OutputStream out = new LZ4FrameOutputStream(bytes, size, plain.remaining(), bits)) {
                    out.write(array(plain));
                }
                ByteBuffer frame = ByteBuffer.wrap(bytes.toByteArray());

                assertThat(Codec.LZ4.decompress(frame, MAX_BYTES)).isEqualTo(plain);
                assertThat(kafkaDecompressed(Codec.LZ4, frame)).isEqualTo(plain);
            }
        }
    }

    @Test
    void lz4BlocksThatDependOnEarlierOnesAreRefusedAsByKafka() {
        ByteBuffer frame = Codec.LZ4.compress(text(new Random(6), 1000), 0);
        byte flg = 0x40;
        frame.put(4, flg);
        frame.put(6, (byte)
                (net.jpountz.xxhash.XXHashFactory.safeInstance().hash32().hash(frame, 4, 2, 0) >> 8));

        assertThatThrownBy(() -> Codec.LZ4.decompress(frame, MAX_BYTES)).isInstanceOf(MalformedMessage.class);
        assertThatThrownBy(() -> kafkaDecompressed(Codec.LZ4, frame)).hasMessageContaining("Dependent block");
    }

    @Test
    void bareSnappyBlocksAreReadAsByKafka() throws IOException {
        for (int size : SIZES) {
            ByteBuffer plain = text(new Random(7), size);
            ByteBuffer block = ByteBuffer.wrap(org.xerial.snappy.Snappy.compress(array(plain)));

            assertThat(Codec.SNAPPY.decompress(block, MAX_BYTES)).isEqualTo(plain);
            assertThat(kafkaDecompressed(Codec.SNAPPY, block)).isEqualTo(plain);
        }
    }

    @Test
    void snappyStreamsOneAfterTheOtherAreReadAsByKafka() throws IOException {
        ByteBuffer plain = text(new Random(8), 40_000);
        ByteBuffer stream = Codec.SNAPPY.compress(plain, 0);
        ByteBuffer twice = ByteBuffer.allocate(2 * stream.remaining())
                .put(stream.duplicate())
                .put(stream.duplicate())
                .flip();
        ByteBuffer expected = ByteBuffer.allocate(80_000)
                .put(plain.duplicate())
                .put(plain.duplicate())
                .flip();

        assertThat(Codec.SNAPPY.decompress(twice, MAX_BYTES)).isEqualTo(expected);
        assertThat(kafkaDecompressed(Codec.SNAPPY, twice)).isEqualTo(expected);
    }

    @Test
    void zstdFramesOneAfterTheOtherAreReadAsByKafka() throws IOException {
        ByteBuffer plain = text(new Random(9), 40_000);
        ByteBuffer known = Codec.ZSTD.compress(plain, 0);
        ByteBuffer unknown = kafkaCompressed(Codec.ZSTD, plain);
        ByteBuffer both = ByteBuffer.allocate(known.remaining() + unknown.remaining())
                .put(known.duplicate())
                .put(unknown.duplicate())
                .flip();
        ByteBuffer expected = ByteBuffer.allocate(80_000)
                .put(plain.duplicate())
                .put(plain.duplicate())
                .flip();

        assertThat(Codec.ZSTD.decompress(both, MAX_BYTES)).isEqualTo(expected);
        assertThat(kafkaDecompressed(Codec.ZSTD, both)).isEqualTo(expected);
    }

    @Test
    void bytesAfterAnLz4OrGzipStreamAreIgnoredAsByKafka() throws IOException {
        ByteBuffer plain = text(new Random(10), 1000);
        for (Codec codec : List.of(Codec.LZ4, Codec.GZIP)) {
            ByteBuffer stream = codec.compress(plain, 0);
            ByteBuffer longer = ByteBuffer.allocate(stream.remaining() + 40)
                    .put(stream)
                    .put(text(new Random(11), 40))
                    .flip();

            assertThat(codec.decompress(longer, MAX_BYTES)).isEqualTo(plain);
            assertThat(kafkaDecompressed(codec, longer)).isEqualTo(plain);
        }
    }

    static ByteBuffer kafkaCompressed(Codec codec, ByteBuffer plain) throws IOException {
        ByteBufferOutputStream bytes = new ByteBufferOutputStream(512);
        try (OutputStream out = kafka(codec).wrapForOutput(bytes, RecordBatch.MAGIC_VALUE_V2)) {
            out.write(array(plain));
        }
        return bytes.buffer().flip();
    }

    static ByteBuffer kafkaDecompressed(Codec codec, ByteBuffer compressed) throws IOException {
        try (InputStream in = kafka(codec)
                .wrapForInput(compressed.duplicate(), RecordBatch.MAGIC_VALUE_V2, BufferSupplier.NO_CACHING)) {
            return ByteBuffer.wrap(in.readAllBytes());
        }
    }

    private static Compression kafka(Codec codec) {
        return Compression.of(CompressionType.forId(codec.id())).build();
    }

    private static List<Codec> codecsAtManyLevels() {
        List<Codec> codecs = new ArrayList<>(Codec.ALL);
        for (int level : new int[] {1, 9}) {
            codecs.add(Codec.GZIP.atLevel(level));
        }
        for (int level : new int[] {1, 17}) {
            codecs.add(Codec.LZ4.atLevel(level));
        }
        for (int level : new int[] {-131_072, -1, 1, 12}) {
            codecs.add(Codec.ZSTD.atLevel(level));
        }
        return codecs;
    }

    private static List<ByteBuffer> contents(Random random) {
        List<ByteBuffer> contents = new ArrayList<>();
        for (int size : SIZES) {
            byte[] noise = new byte[size];
            random.nextBytes(noise);
            contents.add(ByteBuffer.wrap(noise));
            contents.add(text(random, size));
        }
        contents.add(ByteBuffer.wrap(new byte[1 << 20]));
        return contents;
    }

    /** Words of a small vocabulary: shrinks as much as real text does. */
    static ByteBuffer text(Random random, int sizeBytes) {
        byte[] bytes = new byte[sizeBytes];
        for (int i = 0; i < sizeBytes; ) {
            int word = random.nextInt(500);
            for (int letter = 2 + word % 7; letter > 0 && i < sizeBytes; letter--) {
                bytes[i++] = (byte) ('a' + (word * letter) % 26);
            }
            if (i < sizeBytes) {
                bytes[i++] = ' ';
            }
        }
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] array(ByteBuffer bytes) {
        byte[] array = new byte[bytes.remaining()];
        bytes.get(bytes.position(), array);
        return array;
    }

    private static ByteBuffer direct(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining() + 9)
                .position(5)
                .put(bytes.duplicate())
                .flip()
                .position(5);
    }
}
