package ottla.wire.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import ottla.wire.primitive.MalformedMessage;

/** Bytes that someone made to hurt: a refusal each time, and never much memory. */
final class HostileCompressionTest {
    private static final int MAX_BYTES = 256 * 1024;

    /** What a call may allocate: the limit while it doubles (so twice it), and codecs' own buffers. */
    private static final long ALLOWED_BYTES = 3L * MAX_BYTES + 512 * 1024;

    @Test
    void mutatedBytesAreRefusedOrReadWithinTheLimit() throws IOException {
        Random random = new Random(1);
        int refused = 0;
        int read = 0;
        for (Codec codec : Codec.ALL) {
            ByteBuffer[] sound = {
                codec.compress(KafkaCodecTest.text(random, 3000), 0),
                KafkaCodecTest.kafkaCompressed(codec, KafkaCodecTest.text(random, 3000)),
                codec.compress(KafkaCodecTest.text(random, 20), 0),
            };
            for (int i = 0; i < 5000; i++) {
                byte[] bytes = mutated(random, sound[i % sound.length]);
                try {
                    assertThat(codec.decompress(ByteBuffer.wrap(bytes), MAX_BYTES)
                                    .remaining())
                            .isLessThanOrEqualTo(MAX_BYTES);
                    read++;
                } catch (MalformedMessage expected) {
                    refused++;
                } catch (RuntimeException other) {
                    fail(codec.name() + " on " + HexFormat.of().formatHex(bytes), other);
                }
            }
        }
        assertThat(refused).isGreaterThan(5000);
        assertThat(read).isGreaterThan(5000);
    }

    @Test
    void whatIsCutOffIsRefused() {
        Random random = new Random(2);
        for (Codec codec : Codec.ALL) {
            if (codec.equals(Codec.NONE)) {
                continue;
            }
            ByteBuffer sound = codec.compress(KafkaCodecTest.text(random, 500), 0);
            for (int size = 0; size < sound.remaining(); size++) {
                ByteBuffer cut = sound.slice(0, size);
                if (codec.equals(Codec.SNAPPY) && size == 16) {
                    // a framing without blocks is a whole stream of nothing
                    assertThat(codec.decompress(cut, MAX_BYTES).remaining()).isZero();
                } else {
                    assertThatThrownBy(() -> codec.decompress(cut, MAX_BYTES))
                            .as("%s cut to %d", codec.name(), cut.remaining())
                            .isInstanceOf(MalformedMessage.class);
                }
            }
        }
    }

    @Test
    void bombsAreRefusedWithoutMuchMemory() {
        byte[] zeros = new byte[64 << 20];
        for (Codec codec : Codec.ALL) {
            ByteBuffer bomb = codec.compress(ByteBuffer.wrap(zeros), 0);
            assertThat(allocatedBytes(() -> assertThatThrownBy(() -> codec.decompress(bomb, MAX_BYTES))
                            .isInstanceOf(MalformedMessage.class)))
                    .as(codec.name())
                    .isLessThan(ALLOWED_BYTES);
        }
    }

    @Test
    void claimsOfGigabytesCostNothing() {
        // raw snappy: a length of 2^31 - 1 and one literal
        ByteBuffer snappy = hex("ffffffff07 00 61");
        // zstd: single segment, content size of 2^40, one empty last block
        ByteBuffer zstd = hex("28b52ffd e0 0000000000010000 010000");
        // zstd: a window of 2 GB, unknown size, one empty last block: allowed, since no window is needed
        ByteBuffer window = hex("28b52ffd 00 a8 010000");
        // lz4: blocks of 4 MB announced, one of them with 5 bytes
        ByteBuffer lz4 = hex("04224d18 60 70 73 05000000 1f61010000 00000000");
        long allocated = allocatedBytes(() -> {
            assertThatThrownBy(() -> Codec.SNAPPY.decompress(snappy, Integer.MAX_VALUE))
                    .isInstanceOf(MalformedMessage.class);
            assertThatThrownBy(() -> Codec.ZSTD.decompress(zstd, Integer.MAX_VALUE))
                    .isInstanceOf(MalformedMessage.class);
            assertThatThrownBy(() -> Codec.LZ4.decompress(lz4, Integer.MAX_VALUE))
                    .isInstanceOf(MalformedMessage.class);
            assertThat(Codec.ZSTD.decompress(window, Integer.MAX_VALUE).remaining())
                    .isZero();
        });
        assertThat(allocated).isLessThan(4 << 20);
    }

    private static byte[] mutated(Random random, ByteBuffer sound) {
        byte[] bytes = new byte[sound.remaining()];
        sound.get(sound.position(), bytes);
        return switch (random.nextInt(4)) {
            case 0 -> {
                byte[] noise = new byte[random.nextInt(200)];
                random.nextBytes(noise);
                // past the magic, where there is more to go wrong
                System.arraycopy(bytes, 0, noise, 0, Math.min(noise.length, random.nextInt(20)));
                yield noise;
            }
            case 1 -> Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
            default -> {
                for (int i = random.nextInt(3); i >= 0; i--) {
                    bytes[random.nextInt(Math.min(bytes.length, random.nextBoolean() ? 30 : Integer.MAX_VALUE))] =
                            (byte) (random.nextBoolean() ? random.nextInt() : -1);
                }
                yield bytes;
            }
        };
    }

    private static long allocatedBytes(Runnable work) {
        work.run(); // loads the classes and libraries first
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    private static ByteBuffer hex(String text) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(text.replace(" ", "")));
    }
}
