package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** However a stream is cut into reads, and whenever the receiver admits nothing, the same frames come out. */
class FrameAssemblyModel {
    private static final int ROUNDS = 400;
    private static final int MAX_FRAME_BYTES = 3 * FrameAssembly.FIRST_BYTES;

    private final PooledByteBufAllocator memory = new PooledByteBufAllocator(true, 0, 1, 8192, 9, 0, 0, false);

    private static final class Taker implements FrameAssembly.Receiver {
        final List<byte[]> frames = new ArrayList<>();
        final Random random;
        int refusedBytes;
        int admittedBytes = -1;

        Taker(Random random) {
            this.random = random;
        }

        @Override
        public boolean admits(int sizeBytes) {
            boolean admitted = random.nextInt(3) > 0;
            if (admitted) {
                admittedBytes = sizeBytes;
            }
            return admitted;
        }

        @Override
        public void frame(ByteBuf frame) {
            assertThat(frame.readableBytes()).isEqualTo(admittedBytes);
            byte[] bytes = new byte[frame.readableBytes()];
            frame.readBytes(bytes);
            frame.release();
            frames.add(bytes);
        }

        @Override
        public void refused(int sizeBytes) {
            refusedBytes = sizeBytes;
        }
    }

    @Test
    void anyCutGivesTheSameFrames() {
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(round);
            List<byte[]> expected = randomFrames(random, round % 40 == 0 ? MAX_FRAME_BYTES : 40_000);
            ByteBuf stream = Unpooled.buffer();
            expected.forEach(frame -> stream.writeInt(frame.length).writeBytes(frame));
            Taker taker = new Taker(random);
            FrameAssembly assembly = new FrameAssembly(taker, memory, MAX_FRAME_BYTES);

            while (stream.isReadable()) {
                feedSome(assembly, stream, random);
            }
            while (assembly.isBlocked()) {
                assembly.resume();
            }

            assertThat(taker.frames).as("round %s", round).hasSameSizeAs(expected);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(Arrays.equals(taker.frames.get(i), expected.get(i))).isTrue();
            }
            assertThat(memory.pinnedDirectMemory()).isZero();
        }
    }

    /** Reads as the network would: into the frame's own memory when it is known, elsewhere otherwise. */
    private void feedSome(FrameAssembly assembly, ByteBuf stream, Random random) {
        ByteBuf target = assembly.readTarget();
        int bytes = 1 + random.nextInt(random.nextBoolean() ? 10 : 1_000_000);
        if (target != null && random.nextBoolean()) {
            target.retain();
            target.writeBytes(stream, Math.min(Math.min(bytes, target.writableBytes()), stream.readableBytes()));
            assembly.feed(target);
        } else {
            int size = Math.min(bytes, stream.readableBytes());
            assembly.feed(memory.buffer(size).writeBytes(stream, size));
        }
        if (random.nextInt(3) == 0) {
            assembly.resume();
        }
    }

    private static List<byte[]> randomFrames(Random random, int maxBytes) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 1 + random.nextInt(20); i > 0; i--) {
            byte[] frame = new byte[random.nextInt(4) == 0 ? random.nextInt(maxBytes + 1) : random.nextInt(20)];
            random.nextBytes(frame);
            frames.add(frame);
        }
        return frames;
    }

    @Test
    void nothingComesAfterAnImpossibleLength() {
        for (int length : new int[] {-1, Integer.MIN_VALUE, 1001, Integer.MAX_VALUE}) {
            Taker taker = new Taker(new Random(1));
            FrameAssembly assembly = new FrameAssembly(taker, memory, 1000);

            assembly.feed(memory.buffer().writeInt(length).writeInt(0).writeInt(0));
            assembly.feed(memory.buffer().writeInt(0));
            assembly.resume();

            assertThat(taker.refusedBytes).isEqualTo(length);
            assertThat(taker.frames).isEmpty();
            assertThat(memory.pinnedDirectMemory()).isZero();
        }
    }

    @Test
    void aLengthAloneBuysLittleMemory() {
        Taker taker = new Taker(new Random(1));
        FrameAssembly assembly = new FrameAssembly(taker, memory, 100 * 1024 * 1024);

        assembly.feed(memory.buffer().writeInt(100 * 1024 * 1024));
        while (assembly.isBlocked()) {
            assembly.resume();
        }

        assertThat(memory.pinnedDirectMemory()).isLessThanOrEqualTo(FrameAssembly.FIRST_BYTES);
        assembly.end();
        assertThat(memory.pinnedDirectMemory()).isZero();
    }
}
