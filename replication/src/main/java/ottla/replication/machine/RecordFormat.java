package ottla.replication.machine;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How a machine's records stand in a log of keys and values. Pure, and safe for use by several threads. */
public interface RecordFormat<R> {
    ByteBuffer key(R record);

    /** {@code null} is a tombstone. */
    @Nullable
    ByteBuffer value(R record);

    /**
     * The record that these bytes stand for; empty if it is of a kind that is not known here, which a newer node may have written
     * and which is passed over. The buffers are only valid during the call.
     *
     * @throws ottla.wire.primitive.MalformedMessage if the kind is known and the bytes are not of it
     */
    Optional<R> read(ByteBuffer key, @Nullable ByteBuffer value);
}
