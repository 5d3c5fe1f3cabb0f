package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.List;
import ottla.wire.primitive.Payload;

/** Record bytes in a frame of shared memory, which lives until all of its payloads are released. */
final class FramePayload implements Payload {
    private final ByteBuf frame;
    private final ByteBuffer bytes;

    /** The bytes are a view of the frame's. */
    FramePayload(ByteBuf frame, ByteBuffer bytes) {
        this.frame = frame.retain();
        this.bytes = bytes;
    }

    @Override
    public int sizeBytes() {
        return bytes.remaining();
    }

    @Override
    public List<ByteBuffer> pieces() {
        return List.of(bytes);
    }

    @Override
    public void release() {
        frame.release();
    }
}
