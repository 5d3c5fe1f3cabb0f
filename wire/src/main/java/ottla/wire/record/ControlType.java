package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.wire.primitive.MalformedMessage;

/** What a control record is about. Its key is {@code version int16 | type int16}; the value depends on the type. */
public enum ControlType {
    ABORT(0),
    COMMIT(1),
    LEADER_CHANGE(2),
    SNAPSHOT_HEADER(3),
    SNAPSHOT_FOOTER(4),
    KRAFT_VERSION(5),
    KRAFT_VOTERS(6);

    private static final short KEY_VERSION = 0;
    private static final int KEY_BYTES = 2 * Short.BYTES;

    private final short id;

    ControlType(int id) {
        this.id = (short) id;
    }

    public short id() {
        return id;
    }

    public boolean endsTransaction() {
        return this == ABORT || this == COMMIT;
    }

    /** The key of a control record of this type, as a buffer of its own. */
    public ByteBuffer key() {
        return ByteBuffer.allocate(KEY_BYTES).putShort(KEY_VERSION).putShort(id).flip();
    }

    /** The type that a control record's key names; empty for one that later versions of Kafka may bring. */
    public static Optional<ControlType> ofKey(@Nullable ByteBuffer key) {
        if (key == null || key.remaining() < KEY_BYTES) {
            throw new MalformedMessage("a control record's key has at least " + KEY_BYTES + " bytes");
        }
        short version = key.getShort(key.position());
        if (version < KEY_VERSION) {
            throw new MalformedMessage("a control record's key of version " + version);
        }
        short id = key.getShort(key.position() + Short.BYTES);
        ControlType[] all = values();
        return id >= 0 && id < all.length ? Optional.of(all[id]) : Optional.empty();
    }
}
