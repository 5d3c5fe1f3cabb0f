package ottla.wire.primitive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;

/**
 * Reads the protocol's primitive types from a buffer that holds exactly one message or more. Every length is checked against
 * what is left before anything is allocated, and the number of array elements of one message is bounded, so that a hostile
 * message costs at most memory in proportion to its size. All refusals are {@link MalformedMessage}.
 *
 * <p>Owned by one thread. Strings and byte fields are copied out; {@link #payload} and {@link #compactPayload} are views.
 */
public final class Reader {
    /**
     * An element costs a sender one byte and a receiver an object of up to some hundred: two million of them are as many as
     * the largest honest request holds (a fetch of every partition of the largest clusters) and cost below half a gigabyte.
     */
    public static final int MAX_ELEMENTS = 2_000_000;

    private final ByteBuffer buffer;
    private final Function<ByteBuffer, Payload> payloads;
    private int elementsLeft = MAX_ELEMENTS;

    /** Reads from the buffer's position to its limit; the buffer itself is left unchanged. */
    public Reader(ByteBuffer source) {
        this(source, Payload.View::new);
    }

    /** Reads from memory whose owner has to know who holds a part of it: {@code payloads} makes a payload of a view. */
    public Reader(ByteBuffer source, Function<ByteBuffer, Payload> payloads) {
        buffer = source.slice().order(ByteOrder.BIG_ENDIAN);
        this.payloads = payloads;
    }

    /** Bytes consumed so far. */
    public int position() {
        return buffer.position();
    }

    public int remaining() {
        return buffer.remaining();
    }

    /** The bytes not yet read, as a view. */
    public ByteBuffer rest() {
        return buffer.slice();
    }

    /** Refuses a message that is followed by bytes that its schema does not know. */
    public void expectEnd() {
        if (buffer.hasRemaining()) {
            throw new MalformedMessage(buffer.remaining() + " bytes follow the end of the message");
        }
    }

    public boolean bool() {
        return int8() != 0;
    }

    public byte int8() {
        require(Byte.BYTES);
        return buffer.get();
    }

    public short int16() {
        require(Short.BYTES);
        return buffer.getShort();
    }

    public int uint16() {
        return Short.toUnsignedInt(int16());
    }

    public int int32() {
        require(Integer.BYTES);
        return buffer.getInt();
    }

    public long uint32() {
        return Integer.toUnsignedLong(int32());
    }

    public long int64() {
        require(Long.BYTES);
        return buffer.getLong();
    }

    public double float64() {
        return Double.longBitsToDouble(int64());
    }

    public Uuid uuid() {
        require(Uuid.SIZE_BYTES);
        return new Uuid(buffer.getLong(), buffer.getLong());
    }

    /** Seven bits a byte, least significant first, at most five bytes. */
    public int unsignedVarint() {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte next = int8();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                if (shift == 28 && (next & 0x70) != 0) {
                    break;
                }
                return value;
            }
        }
        throw new MalformedMessage("a varint does not end within 32 bits");
    }

    /** A zig-zag varint of 32 bits. */
    public int varint() {
        int raw = unsignedVarint();
        return (raw >>> 1) ^ -(raw & 1);
    }

    /** A zig-zag varint of 64 bits, at most ten bytes. */
    public long varlong() {
        long raw = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = int8();
            raw |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                if (shift == 63 && next > 1) {
                    break;
                }
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw new MalformedMessage("a varlong does not end within 64 bits");
    }

    public String string() {
        return require(nullableString());
    }

    public @Nullable String nullableString() {
        return text(int16());
    }

    public String compactString() {
        return require(nullableCompactString());
    }

    public @Nullable String nullableCompactString() {
        return text(compactLength());
    }

    public ByteBuffer bytes() {
        return require(nullableBytes());
    }

    public @Nullable ByteBuffer nullableBytes() {
        return copy(int32());
    }

    public ByteBuffer compactBytes() {
        return require(nullableCompactBytes());
    }

    public @Nullable ByteBuffer nullableCompactBytes() {
        return copy(compactLength());
    }

    public @Nullable Payload payload() {
        return view(int32());
    }

    public @Nullable Payload compactPayload() {
        return view(compactLength());
    }

    /** The length of an array whose elements take at least {@code elementBytes} bytes each, or -1 for a null array. */
    public int arrayLength(int elementBytes) {
        return bounded(int32(), elementBytes);
    }

    /** As {@link #arrayLength}, in the compact form. */
    public int compactArrayLength(int elementBytes) {
        return bounded(compactLength(), elementBytes);
    }

    /** Turns the null that {@link #arrayLength} reports into a refusal. */
    public int notNull(int length) {
        if (length < 0) {
            throw new MalformedMessage("null where the schema wants an array");
        }
        return length;
    }

    /** Reads whether a nullable struct is there: one byte, negative for null. */
    public boolean present() {
        return int8() >= 0;
    }

    /** As {@link #present} for a tagged struct, where Kafka writes 0 for null and 1 for a value. */
    public boolean presentTag() {
        return unsignedVarint() != 0;
    }

    /** Starts a tagged field of {@code sizeBytes} bytes and returns the position that {@link #endTag} wants to be at. */
    public int beginTag(int sizeBytes) {
        require(sizeBytes);
        return buffer.position() + sizeBytes;
    }

    /** Ends a tagged field: what was read must be exactly what was announced. */
    public void endTag(int expectedPosition) {
        if (buffer.position() != expectedPosition) {
            throw new MalformedMessage(
                    "a tagged field ends at " + buffer.position() + ", but its size says " + expectedPosition);
        }
    }

    public void skip(int sizeBytes) {
        require(sizeBytes);
        buffer.position(buffer.position() + sizeBytes);
    }

    /** Skips a whole section of tagged fields of which none is known (KIP-482). */
    public void skipTags() {
        int count = unsignedVarint();
        for (int i = 0; i < count; i++) {
            unsignedVarint();
            skip(unsignedVarint());
        }
    }

    private int compactLength() {
        int raw = unsignedVarint();
        if (raw < 0) {
            throw new MalformedMessage("a length of more than 31 bits");
        }
        return raw - 1;
    }

    private int bounded(int length, int elementBytes) {
        if (length < -1) {
            throw new MalformedMessage("an array of negative length " + length);
        }
        if ((long) length * elementBytes > buffer.remaining()) {
            throw new MalformedMessage("an array of " + length + " elements in " + buffer.remaining() + " bytes");
        }
        if (length > elementsLeft) {
            throw new MalformedMessage("more than " + MAX_ELEMENTS + " array elements in one message");
        }
        elementsLeft -= Math.max(0, length);
        return length;
    }

    private @Nullable String text(int length) {
        if (length < 0) {
            expectNull(length);
            return null;
        }
        require(length);
        String text;
        if (buffer.hasArray()) {
            text = new String(buffer.array(), buffer.arrayOffset() + buffer.position(), length, StandardCharsets.UTF_8);
            buffer.position(buffer.position() + length);
        } else {
            byte[] bytes = new byte[length];
            buffer.get(bytes);
            text = new String(bytes, StandardCharsets.UTF_8);
        }
        return text;
    }

    private @Nullable ByteBuffer copy(int length) {
        if (length < 0) {
            expectNull(length);
            return null;
        }
        require(length);
        byte[] bytes = new byte[length];
        buffer.get(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private @Nullable Payload view(int length) {
        if (length < 0) {
            expectNull(length);
            return null;
        }
        require(length);
        ByteBuffer bytes = buffer.slice(buffer.position(), length);
        buffer.position(buffer.position() + length);
        return payloads.apply(bytes);
    }

    private static void expectNull(int length) {
        if (length != -1) {
            throw new MalformedMessage("a negative length " + length);
        }
    }

    private static <T> T require(@Nullable T value) {
        if (value == null) {
            throw new MalformedMessage("null where the schema wants a value");
        }
        return value;
    }

    private void require(int sizeBytes) {
        if (sizeBytes < 0 || sizeBytes > buffer.remaining()) {
            throw new MalformedMessage(sizeBytes + " bytes wanted, " + buffer.remaining() + " left");
        }
    }
}
