package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into frames: a length of four bytes, then so many bytes.
 *
 * <pre>
 *   LENGTH --4 bytes--> ADMISSION --receiver admits it--> BODY --all bytes--> frame handed over, LENGTH
 * </pre>
 *
 * A frame that lies whole in what was read is copied out of it, which for small frames is the cheapest way to give each its own
 * life. Of a frame that does not, only the first part is copied: the rest is read from the socket into its buffer directly
 * ({@link #readTarget}). While the receiver admits nothing, the bytes already read are put aside; nothing more should be read
 * then.
 *
 * <p>Owned by the connection's loop.
 */
final class FrameAssembly {
    /** Who takes the frames. */
    interface Receiver {
        /** Whether a frame of this size may come now. If not, {@link FrameAssembly#resume} is to be called later. */
        boolean admits(int sizeBytes);

        /** A complete frame without its length, released by the receiver. */
        void frame(ByteBuf frame);

        /** The stream announces a frame that is impossible or too large. Nothing more comes after this. */
        void refused(int sizeBytes);
    }

    /**
     * Memory for a frame is taken at once up to this size, which the largest request of the default configuration fits into.
     * A larger frame gets more as its bytes come in, so that a length alone buys no more than this.
     */
    static final int FIRST_BYTES = 2 * 1024 * 1024;

    /** In large steps, since each means copying; how much all frames hold together is bounded elsewhere. */
    private static final int GROWTH = 8;

    private static final int NO_LENGTH = -1;

    private final Receiver receiver;
    private final ByteBufAllocator memory;
    private final int maxFrameBytes;
    private int lengthBytesSeen;
    private int lengthSoFar;
    private int announcedBytes = NO_LENGTH;
    private boolean blocked;
    private boolean ended;
    private @Nullable ByteBuf partial;
    private @Nullable ByteBuf aside;

    FrameAssembly(Receiver receiver, ByteBufAllocator memory, int maxFrameBytes) {
        this.receiver = receiver;
        this.memory = memory;
        this.maxFrameBytes = maxFrameBytes;
    }

    /** The buffer that the next bytes of the stream belong into, if it is known; written up to its capacity at most. */
    @Nullable
    ByteBuf readTarget() {
        return partial;
    }

    /** Whether the receiver has not admitted the next frame. */
    boolean isBlocked() {
        return blocked;
    }

    /** Takes the next bytes of the stream. Releases the buffer. */
    void feed(ByteBuf in) {
        try {
            if (ended) {
                return;
            }
            if (partial != null && isSame(in, partial)) {
                completeIfFull(partial);
            } else if (blocked) {
                putAside(in);
            } else {
                cut(in);
            }
        } finally {
            in.release();
        }
    }

    /** Goes on with the bytes put aside, as far as the receiver admits. */
    void resume() {
        if (!blocked) {
            return;
        }
        blocked = false;
        ByteBuf rest = aside == null ? Unpooled.EMPTY_BUFFER : aside;
        aside = null;
        try {
            cut(rest);
        } finally {
            rest.release();
        }
    }

    /** Drops what has not become a frame, and everything that still comes. */
    void end() {
        ended = true;
        if (partial != null) {
            partial.release();
            partial = null;
        }
        if (aside != null) {
            aside.release();
            aside = null;
        }
    }

    private void cut(ByteBuf in) {
        while (!ended) {
            if (partial != null) {
                fill(in);
                if (partial != null) {
                    return;
                }
            } else if (announcedBytes == NO_LENGTH) {
                if (!readLength(in)) {
                    return;
                }
            } else if (receiver.admits(announcedBytes)) {
                begin(in);
            } else {
                blocked = true;
                putAside(in);
                return;
            }
        }
    }

    private boolean readLength(ByteBuf in) {
        if (lengthBytesSeen == 0 && in.readableBytes() >= Integer.BYTES) {
            announcedBytes = in.readInt();
        } else {
            while (lengthBytesSeen < Integer.BYTES) {
                if (!in.isReadable()) {
                    return false;
                }
                lengthSoFar = lengthSoFar << Byte.SIZE | in.readUnsignedByte();
                lengthBytesSeen++;
            }
            announcedBytes = lengthSoFar;
            lengthBytesSeen = 0;
            lengthSoFar = 0;
        }
        if (announcedBytes < 0 || announcedBytes > maxFrameBytes) {
            ended = true;
            receiver.refused(announcedBytes);
            return false;
        }
        return true;
    }

    private void begin(ByteBuf in) {
        int frameBytes = announcedBytes;
        announcedBytes = NO_LENGTH;
        if (in.readableBytes() >= frameBytes) {
            receiver.frame(memory.buffer(frameBytes, frameBytes).writeBytes(in, frameBytes));
        } else {
            partial = memory.buffer(Math.min(frameBytes, FIRST_BYTES), frameBytes);
        }
    }

    private void fill(ByteBuf in) {
        while (partial != null && in.isReadable()) {
            partial.writeBytes(in, Math.min(in.readableBytes(), partial.writableBytes()));
            completeIfFull(partial);
        }
    }

    private void completeIfFull(ByteBuf frame) {
        if (frame.isWritable()) {
            return;
        }
        int capacityBytes = frame.capacity();
        if (capacityBytes < frame.maxCapacity()) {
            frame.capacity((int) Math.min((long) GROWTH * capacityBytes, frame.maxCapacity()));
        } else {
            partial = null;
            receiver.frame(frame);
        }
    }

    private void putAside(ByteBuf in) {
        if (!in.isReadable()) {
            return;
        }
        if (aside == null) {
            aside = memory.buffer(in.readableBytes());
        }
        aside.writeBytes(in);
    }

    @SuppressWarnings("ReferenceEquality") // buffers are equal if their bytes are; here the very same one is meant
    private static boolean isSame(ByteBuf one, ByteBuf other) {
        return one == other;
    }
}
