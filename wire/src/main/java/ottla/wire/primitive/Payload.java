package ottla.wire.primitive;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Record bytes inside a message: one or more pieces that lie elsewhere (in the frame just read, in a log's tail cache, in a
 * buffer filled from disk) and are never copied into the message.
 *
 * <p>Whoever obtains a payload releases it exactly once, when the bytes are on the socket or no longer wanted. The pieces must
 * not be touched after that. A payload read from a request is a view that lives as long as the frame.
 */
public interface Payload {
    /** No bytes. */
    Payload EMPTY = of(ByteBuffer.allocate(0));

    /** A view over bytes that need no release. The buffer's position and limit are not changed. */
    static Payload of(ByteBuffer bytes) {
        return new View(bytes.slice());
    }

    int sizeBytes();

    /** The bytes in order. The buffers' positions must not be changed: use {@link ByteBuffer#duplicate}. */
    List<ByteBuffer> pieces();

    void release();

    /** All the bytes as one read-only buffer, copied only if there are several pieces. */
    default ByteBuffer contiguous() {
        List<ByteBuffer> pieces = pieces();
        if (pieces.size() == 1) {
            return pieces.get(0).asReadOnlyBuffer();
        }
        ByteBuffer whole = ByteBuffer.allocate(sizeBytes());
        for (ByteBuffer piece : pieces) {
            whole.put(piece.duplicate());
        }
        return whole.flip().asReadOnlyBuffer();
    }

    /** Bytes with no owner to tell. */
    record View(ByteBuffer bytes) implements Payload {
        @Override
        public int sizeBytes() {
            return bytes.remaining();
        }

        @Override
        public List<ByteBuffer> pieces() {
            return List.of(bytes);
        }

        @Override
        public void release() {}
    }
}
