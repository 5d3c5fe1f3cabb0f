package ottla.wire.primitive;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.base.Uuid;

/**
 * Writes the protocol's primitive types into one growing buffer. Large payloads are not copied: the writer remembers where they
 * stand, and {@link #drain} hands out the message in pieces, in order. Writing a payload hands it over: the writer releases what
 * it copied, and whoever drains the writer releases what it receives.
 *
 * <p>Owned by one thread. {@link #clear} makes it ready for the next message and keeps the buffer.
 */
public final class Writer {
    /** Below this a copy is cheaper than one more piece in a gathering write. */
    private static final int COPIED_PAYLOAD_BYTES = 2048;

    private static final int MAX_VARINT_BYTES = 5;

    private final List<Insert> inserts = new ArrayList<>();
    private ByteBuffer buffer;
    private int insertedBytes;

    /** Writes into heap memory, beginning with room for {@code capacityBytes}. */
    public Writer(int capacityBytes) {
        this(ByteBuffer.allocate(capacityBytes));
    }

    /** Begins with the given buffer, from index 0 to its capacity; a larger one of the same kind replaces it when needed. */
    public Writer(ByteBuffer buffer) {
        this.buffer = buffer.clear();
    }

    /** The size of all that was written, payloads included. */
    public int sizeBytes() {
        return buffer.position() + insertedBytes;
    }

    /** Forgets what was written and releases the payloads that nobody drained. */
    public void clear() {
        buffer.clear();
        inserts.forEach(insert -> insert.payload.release());
        inserts.clear();
        insertedBytes = 0;
    }

    /** All that was written, valid until the next write. There must be no payloads that were not copied. */
    public ByteBuffer written() {
        Check.invariant(inserts.isEmpty(), "a message without payloads", inserts.size(), 0);
        return buffer.slice(0, buffer.position());
    }

    /** All that was written as one heap buffer of its own. */
    public ByteBuffer toBuffer() {
        ByteBuffer whole = ByteBuffer.allocate(sizeBytes());
        drain(whole::put, payload -> {
            payload.pieces().forEach(piece -> whole.put(piece.duplicate()));
            payload.release();
        });
        return whole.flip();
    }

    /**
     * Hands out the message in order and makes the writer ready for the next one: stretches of this writer's own buffer, valid until the next write, and
     * the payloads between them, which the receiver then owns.
     */
    public void drain(Consumer<ByteBuffer> own, Consumer<Payload> payloads) {
        int from = 0;
        for (Insert insert : inserts) {
            if (insert.position > from) {
                own.accept(buffer.slice(from, insert.position - from));
            }
            payloads.accept(insert.payload);
            from = insert.position;
        }
        if (buffer.position() > from) {
            own.accept(buffer.slice(from, buffer.position() - from));
        }
        inserts.clear();
        insertedBytes = 0;
        buffer.clear();
    }

    public void bool(boolean value) {
        int8((byte) (value ? 1 : 0));
    }

    public void int8(byte value) {
        reserve(Byte.BYTES).put(value);
    }

    public void int16(short value) {
        reserve(Short.BYTES).putShort(value);
    }

    public void uint16(int value) {
        Check.invariant(value >= 0 && value <= 0xffff, "an unsigned 16-bit value", value, 0xffff);
        int16((short) value);
    }

    public void int32(int value) {
        reserve(Integer.BYTES).putInt(value);
    }

    public void uint32(long value) {
        Check.invariant(value >= 0 && value <= 0xffff_ffffL, "an unsigned 32-bit value", value, 0xffff_ffffL);
        int32((int) value);
    }

    public void int64(long value) {
        reserve(Long.BYTES).putLong(value);
    }

    public void float64(double value) {
        int64(Double.doubleToRawLongBits(value));
    }

    public void uuid(Uuid value) {
        reserve(Uuid.SIZE_BYTES).putLong(value.mostSignificantBits()).putLong(value.leastSignificantBits());
    }

    public void unsignedVarint(int value) {
        ByteBuffer out = reserve(MAX_VARINT_BYTES);
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }

    /** A zig-zag varint of 32 bits. */
    public void varint(int value) {
        unsignedVarint((value << 1) ^ (value >> 31));
    }

    /** A zig-zag varint of 64 bits. */
    public void varlong(long value) {
        ByteBuffer out = reserve(10);
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }

    public void string(@Nullable String value) {
        if (value == null) {
            int16((short) -1);
        } else {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            Check.invariant(
                    bytes.length <= Short.MAX_VALUE, "a string's length in bytes", bytes.length, Short.MAX_VALUE);
            reserve(Short.BYTES + bytes.length).putShort((short) bytes.length).put(bytes);
        }
    }

    public void compactString(@Nullable String value) {
        if (value == null) {
            unsignedVarint(0);
        } else {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            Check.invariant(
                    bytes.length <= Short.MAX_VALUE, "a string's length in bytes", bytes.length, Short.MAX_VALUE);
            unsignedVarint(bytes.length + 1);
            reserve(bytes.length).put(bytes);
        }
    }

    public void bytes(@Nullable ByteBuffer value) {
        if (value == null) {
            int32(-1);
        } else {
            int32(value.remaining());
            raw(value);
        }
    }

    public void compactBytes(@Nullable ByteBuffer value) {
        if (value == null) {
            unsignedVarint(0);
        } else {
            unsignedVarint(value.remaining() + 1);
            raw(value);
        }
    }

    public void payload(@Nullable Payload value) {
        if (value == null) {
            int32(-1);
        } else {
            int32(value.sizeBytes());
            insert(value);
        }
    }

    public void compactPayload(@Nullable Payload value) {
        if (value == null) {
            unsignedVarint(0);
        } else {
            unsignedVarint(value.sizeBytes() + 1);
            insert(value);
        }
    }

    /** The length of an array, -1 for null. */
    public void arrayLength(int length) {
        int32(length);
    }

    /** The length of an array in the compact form, -1 for null. */
    public void compactArrayLength(int length) {
        unsignedVarint(length + 1);
    }

    /** Says whether a nullable struct follows. */
    public void present(boolean present) {
        int8((byte) (present ? 1 : -1));
    }

    /** Says whether a nullable tagged struct follows. */
    public void presentTag(boolean present) {
        unsignedVarint(present ? 1 : 0);
    }

    /** Appends the buffer's remaining bytes as they are; the buffer is left unchanged. */
    public void raw(ByteBuffer bytes) {
        reserve(bytes.remaining()).put(bytes.duplicate());
    }

    /** Begins a tagged field and returns the mark that {@link #endTag} wants back. */
    public int beginTag(int tag) {
        unsignedVarint(tag);
        return buffer.position();
    }

    /**
     * Ends a tagged field: puts its size before its content. The size is a varint, so its place is known only now, and the
     * content moves up by one to five bytes; tagged fields are rare and small.
     */
    public void endTag(int mark) {
        Check.invariant(inserts.isEmpty() || inserts.getLast().position <= mark, "no payload in a tagged field");
        int contentBytes = buffer.position() - mark;
        int prefixBytes = varintBytes(contentBytes);
        reserve(prefixBytes + MAX_VARINT_BYTES); // writing the size below must not move the buffer
        int end = buffer.position();
        buffer.put(mark + prefixBytes, buffer, mark, contentBytes);
        buffer.position(mark);
        unsignedVarint(contentBytes);
        buffer.position(end + prefixBytes);
    }

    /** How many bytes {@link #unsignedVarint} takes. */
    public static int varintBytes(int value) {
        return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
    }

    private void insert(Payload payload) {
        if (payload.sizeBytes() <= COPIED_PAYLOAD_BYTES) {
            payload.pieces().forEach(this::raw);
            payload.release();
        } else {
            inserts.add(new Insert(buffer.position(), payload));
            insertedBytes += payload.sizeBytes();
        }
    }

    private ByteBuffer reserve(int sizeBytes) {
        if (buffer.remaining() < sizeBytes) {
            int wanted = Math.max(buffer.capacity() * 2, Math.addExact(buffer.position(), sizeBytes));
            ByteBuffer larger = buffer.isDirect() ? ByteBuffer.allocateDirect(wanted) : ByteBuffer.allocate(wanted);
            buffer = larger.put(buffer.flip());
        }
        return buffer;
    }

    private record Insert(int position, Payload payload) {}
}
